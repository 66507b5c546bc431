import { setInterval as every } from "node:timers/promises";

const POLL_MS = 500;

/** npm sends a signal to the shell it runs scripts in. Some shells die of it alone: to lose them is to be told to stop. */
export async function stopWhenOrphaned(): Promise<void> {
  if (process.env.npm_lifecycle_event === undefined) return; // not run by npm
  const parent = process.ppid;
  for await (const _ of every(POLL_MS, undefined, { ref: false })) {
    if (process.ppid !== parent) return void process.kill(process.pid, "SIGTERM");
  }
}
