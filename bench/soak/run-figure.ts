import { fork } from "node:child_process";
import { join } from "node:path";
import type { Answer } from "./child.ts";
import type { Reading } from "./figure.ts";
import type { FigureName } from "./figures.ts";
import { HEAP_FLAGS } from "./heap.ts";

const TIMEOUT_MS = 600_000;

/** Measures a figure in a process of its own, on a built package. Rejects when it could not be measured. */
export async function runFigure(name: FigureName, size: number, builtPackage: string): Promise<readonly Reading[]> {
  const child = fork(join(import.meta.dirname, "child.ts"), [name, String(size)], {
    execArgv: ["--no-warnings", ...HEAP_FLAGS],
    env: { PATH: process.env.PATH, SPANBUS_BENCH_PACKAGE: builtPackage }, // nothing of OTEL_*, whatever is set here
    serialization: "advanced", // a reading may be Infinity
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), TIMEOUT_MS);
  try {
    const answer = await new Promise<Answer>((resolve) => {
      child.once("message", (message) => resolve(message as Answer));
      child.once("exit", (code, signal) => resolve({ problem: `it ended early (${signal ?? code})` }));
    });
    if ("problem" in answer) throw new Error(`${name}: ${answer.problem}`);
    return answer.readings;
  } finally {
    clearTimeout(timer);
  }
}
