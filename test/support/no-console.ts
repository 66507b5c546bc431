import { afterAll, afterEach, beforeEach } from "vitest";

/**
 * House rule 35: a test that prints fails. Everything that reaches the console, stdout or stderr, and every process
 * warning, is swallowed and reported as the failure of the test it came from. A test about printing replaces the
 * method it expects to be called, with `vi.spyOn(console, "warn").mockImplementation(...)`.
 */
const METHODS = ["debug", "dir", "error", "info", "log", "table", "trace", "warn"] as const;

const printed: string[] = [];

function record(channel: string, first: unknown): void {
  const text = typeof first === "string" ? first : String(first);
  printed.push(`${channel}: ${text.trimEnd().slice(0, 500)}`);
}

function failIfPrinted(where: string): void {
  if (printed.length === 0) {
    return;
  }
  const lines = printed.splice(0).map((line) => `  ${line}`);
  throw new Error(`${where} printed to the console (house rule 35); print nothing, or spy on it:\n${lines.join("\n")}`);
}

for (const method of METHODS) {
  console[method] = (...values: unknown[]) => record(`console.${method}`, values[0]);
}
for (const channel of ["stdout", "stderr"] as const) {
  process[channel].write = ((chunk: string | Uint8Array, ...rest: unknown[]) => {
    record(`process.${channel}`, typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8"));
    const done = rest.find((value) => typeof value === "function");
    done?.();
    return true;
  }) as typeof process.stdout.write;
}

beforeEach(() => failIfPrinted("something before this test"));
afterEach(({ task }) => failIfPrinted(`the test "${task.name}"`));
afterAll(() => failIfPrinted("something outside the tests of this file"));
