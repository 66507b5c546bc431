import { cpSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const ROOT = join(import.meta.dirname, "../..");

/**
 * Copies the built package aside, so that what is measured stays the same although somebody builds meanwhile. It stays
 * below the repository's `node_modules`, whose OpenTelemetry packages it finds.
 */
export function keepBuiltPackage(): string {
  if (!existsSync(join(ROOT, "dist/instrumentation.js")))
    throw new Error("dist is incomplete: run npm run build first");
  const copy = join(ROOT, "node_modules/.cache/spanbus-bench", String(process.pid));
  mkdirSync(copy, { recursive: true });
  cpSync(join(ROOT, "dist"), join(copy, "dist"), { recursive: true });
  cpSync(join(ROOT, "package.json"), join(copy, "package.json"));
  process.on("exit", () => rmSync(copy, { recursive: true, force: true }));
  return copy;
}

/** The built bus: the copy the bench was started with, else `dist`. */
export async function loadSpanbus(): Promise<typeof import("spanbus")> {
  return import(built("index.js"));
}

/** The built SDK side. */
export async function loadInstrumentation(): Promise<typeof import("spanbus/instrumentation")> {
  return import(built("instrumentation.js"));
}

function built(file: string): string {
  return pathToFileURL(join(process.env.SPANBUS_BENCH_PACKAGE ?? ROOT, "dist", file)).href;
}
