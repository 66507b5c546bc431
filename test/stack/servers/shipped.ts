import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { stackTool } from "../../../scripts/stack/tools.ts";
import { ROOT } from "../../support/root.ts";

/** What the compose file says about one service, its variables filled in with their defaults. */
export interface ShippedService {
  readonly image: string;
  readonly command: readonly string[] | null;
  readonly environment?: Readonly<Record<string, string>>;
  readonly healthcheck?: { readonly test: readonly string[] };
}

/** The services of docker-compose.otel.yml, as docker compose itself reads them. */
export async function shippedServices(): Promise<Readonly<Record<string, ShippedService>>> {
  const compose = requireTool("docker-compose");
  const args = ["-f", "docker-compose.otel.yml", "config", "--format", "json"];
  const { PATH = "", HOME = "" } = process.env;
  const { stdout } = await promisify(execFile)(compose, args, { cwd: ROOT, env: { PATH, HOME } });
  return (JSON.parse(stdout) as { services: Record<string, ShippedService> }).services;
}

/** The path of the URL that a service's health check asks for: `/-/ready`. */
export function healthPath({ healthcheck }: ShippedService): string {
  return new URL(healthcheck?.test.at(-1) ?? "").pathname;
}

/** An installed tool. @throws when it is not installed, saying how to */
export function requireTool(name: Parameters<typeof stackTool>[0]): string {
  const tool = stackTool(name);
  if (tool === undefined) throw new Error(`${name} is not installed: run \`npm run stack:install\``);
  return tool;
}
