import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type { Publish } from "../contestant.ts";
import type { Mode, Scenario } from "../scenario.ts";

/** How a loop of publishes lets the rest of the process run. */
interface Pace {
  readonly chunk: number;
  readonly rest: () => Promise<unknown>;
}

/** Publishes `count` events, each when the one before is done. */
export async function publishMany(publish: Publish, count: number): Promise<void> {
  const first = publish();
  if (!(first instanceof Promise)) {
    for (let i = 1; i < count; i++) publish();
    return;
  }
  await first;
  for (let i = 1; i < count; i++) await publish();
}

/** Publishes for `windowMs`, with the rests the mode needs, and returns how many events. */
export async function publishFor(publish: Publish, scenario: Scenario, windowMs: number): Promise<number> {
  const { chunk, rest } = paceOf(scenario);
  const end = performance.now() + windowMs;
  let count = 0;
  while (performance.now() < end) {
    await publishMany(publish, chunk);
    await rest();
    count += chunk;
  }
  return count;
}

/**
 * A chunk makes less than half a batch of spans, which every processor exports in time: one that falls behind holds
 * thousands of spans that each garbage collection copies. Over HTTP, the rest is long enough for a batch to leave.
 */
function paceOf({ mode, handlers }: Scenario): Pace {
  const batch = Math.max(1, Math.floor(100 / (handlers + 1)));
  const paces: Record<Mode, Pace> = {
    silent: { chunk: Math.max(64, Math.floor(2048 / handlers)), rest: () => nextTurn() },
    unsampled: { chunk: Math.max(16, Math.floor(512 / handlers)), rest: () => nextTurn() },
    batch: { chunk: batch, rest: () => nextTurn() },
    otlp: { chunk: batch, rest: () => sleep(2) },
    paced: { chunk: 1, rest: () => nextTurn() },
  };
  return paces[mode];
}

/** Publishes at a steady rate, a few events in each turn of a 1 ms timer, and returns how many. */
export async function publishPaced(publish: Publish, ratePerMs: number, windowMs: number): Promise<number> {
  const start = performance.now();
  let count = 0;
  for (let elapsed = 0; elapsed < windowMs; elapsed = performance.now() - start) {
    const due = Math.floor(Math.min(elapsed, windowMs) * ratePerMs) - count;
    if (due > 0) await publishMany(publish, due);
    count += Math.max(due, 0);
    await sleep(1);
  }
  return count;
}
