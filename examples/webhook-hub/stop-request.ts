import { once } from "node:events";
import { setInterval as every } from "node:timers/promises";

/** Resolves when the process is asked to stop; asked a second time, it ends at once. */
export async function stopRequest(): Promise<void> {
  await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM"), orphaned()]);
}

const POLL_MS = 500;

/** npm sends a signal to the shell it runs scripts in. Some shells die of it alone: to lose them is to be told to stop. */
async function orphaned(): Promise<void> {
  const parent = process.ppid;
  const isRunByNpm = process.env.npm_lifecycle_event !== undefined;
  for await (const _ of every(POLL_MS, undefined, { ref: false })) {
    if (isRunByNpm && process.ppid !== parent) return;
  }
}
