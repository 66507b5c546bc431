import { fork } from "node:child_process";
import { join } from "node:path";
import { BYTES_FLAGS } from "./bytes.ts";
import type { Answer, Job, Outcome } from "./run.ts";
import { forgetSpans } from "./sink-client.ts";

const TIMEOUT_MS = 60_000;

/** Runs one job in a process of its own. Rejects when the contestant did not do what it was asked. */
export async function runInChild(job: Job, builtPackage: string): Promise<Outcome> {
  if (job.endpoint !== "") await forgetSpans(job.endpoint);
  const child = fork(join(import.meta.dirname, "child.ts"), [JSON.stringify(job)], {
    execArgv: ["--no-warnings", ...(job.what === "bytes" ? BYTES_FLAGS : [])],
    env: { PATH: process.env.PATH, SPANBUS_BENCH_PACKAGE: builtPackage }, // nothing of OTEL_*, whatever is set here
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), TIMEOUT_MS);
  try {
    const answer = await new Promise<Answer>((resolve) => {
      child.once("message", (message) => resolve(message as Answer));
      child.once("exit", (code, signal) => resolve({ problem: `it ended early (${signal ?? code})` }));
    });
    if ("problem" in answer) throw new Error(answer.problem);
    return answer.outcome;
  } finally {
    clearTimeout(timer);
  }
}
