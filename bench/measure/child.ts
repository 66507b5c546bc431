import { measure } from "./measure.ts";
import type { Answer, Job } from "./run.ts";

/** Does one job, told as the only argument, and answers its parent. */
async function main(): Promise<void> {
  const job = JSON.parse(process.argv[2] ?? "null") as Job;
  answer(await measure(job).then(asOutcome, asProblem));
}

function asOutcome(outcome: Awaited<ReturnType<typeof measure>>): Answer {
  return { outcome };
}

function asProblem(error: unknown): Answer {
  return { problem: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

function answer(result: Answer): void {
  process.send?.(result, () => process.exit()); // contestants keep the process alive in ways of their own
}

await main();
