import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import type { Circumstances } from "./results.ts";

const ROOT = join(import.meta.dirname, "../..");

/** What the figures depend on. */
export function circumstances(command: string, seconds: number): Circumstances {
  const processors = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    command,
    node: process.versions.node,
    cpu: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
    commit: commitOf(),
    versions: versions(),
    seconds,
  };
}

function commitOf(): string {
  try {
    const options = { cwd: ROOT, encoding: "utf8" } as const;
    const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], options).trim();
    const changed = execFileSync("git", ["status", "--porcelain", "--", "src", "instrumentation"], options).trim();
    return changed === "" ? commit : `${commit} with changes`;
  } catch {
    return "unknown";
  }
}

function versions(): Record<string, string> {
  const own = dependenciesOf("package.json", "devDependencies");
  const names = ["@opentelemetry/api", "@opentelemetry/sdk-trace", "@opentelemetry/sdk-metrics"];
  const sdk = names.map((name) => [name, own[name] ?? "?"]);
  const peers = Object.entries(dependenciesOf("bench/peers/package.json", "dependencies"));
  return Object.fromEntries([...sdk, ...peers.filter(([name]) => !["rxjs", "reflect-metadata"].includes(name))]);
}

function dependenciesOf(file: string, kind: string): Record<string, string> {
  const manifest = JSON.parse(readFileSync(join(ROOT, file), "utf8")) as Record<string, Record<string, string>>;
  return manifest[kind] ?? {};
}
