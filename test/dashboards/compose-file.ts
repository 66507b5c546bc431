import { readFileSync } from "node:fs";
import { parse } from "yaml";

/** A compose file, as far as the rules look at it: the same shape in the file and in what `docker compose config` prints. */
export interface ComposeFile {
  readonly services: Record<string, ComposeService>;
  readonly volumes?: Record<string, unknown>;
}

export interface ComposeService {
  image?: string;
  user?: string;
  restart?: string;
  read_only?: boolean;
  privileged?: boolean;
  network_mode?: string;
  pid?: string;
  ipc?: string;
  devices?: unknown;
  cap_drop?: string[];
  cap_add?: string[];
  security_opt?: string[];
  command?: string[] | null;
  environment?: Record<string, string>;
  ports?: { host_ip?: string; target?: number; published?: string | number }[];
  volumes?: { type: string; source?: string; target: string; read_only?: boolean; bind?: Record<string, unknown> }[];
  tmpfs?: string[];
  healthcheck?: { test?: string[]; timeout?: string; disable?: boolean };
  logging?: { options?: Record<string, string> };
  deploy?: { resources?: { limits?: { memory?: string; cpus?: string | number; pids?: number } } };
}

/** The text of the file, with its variables as they are. */
export function composeText(): string {
  return readFileSync("docker-compose.otel.yml", "utf8");
}

/** The file as compose reads it when no variable is set. */
export function readComposeFile(text: string = composeText()): ComposeFile {
  const withDefaults = text.replace(/\$\{[A-Z_]+:-([^}]*)\}/g, "$1");
  return parse(withDefaults, { merge: true }) as ComposeFile;
}

/** Whether it does its work once, before the others, and ends. */
export function isOneShot(service: ComposeService): boolean {
  return service.restart === "no";
}
