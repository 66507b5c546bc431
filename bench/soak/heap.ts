import { setImmediate as nextTurn } from "node:timers/promises";
import { queryObjects } from "node:v8";
import type { Reading } from "./figure.ts";

/** For a million, and as much for each of fewer; noise is a tenth of a megabyte, with telemetry one. */
const MAX_GROWTH_MB = 5;
const LEAST_LIMIT_MB = 2;

/** Flags of the process that measures the heap: what V8 throws away of code that has not run lately would hide growth. */
export const HEAP_FLAGS: readonly string[] = ["--expose-gc", "--no-flush-bytecode"];

/**
 * What `work` leaves behind after a garbage collection: bytes, and timers that somebody still holds. It is done before in
 * a size, `filling`, that fills every cache and every buffer that is bounded.
 */
export async function leftBehind(
  work: (size: number) => Promise<void>,
  size: number,
  filling: number = FILLING,
): Promise<readonly Reading[]> {
  await work(filling);
  const before = await whatIsHeld();
  await work(size);
  const after = await whatIsHeld();
  const growth = after.bytes - before.bytes;
  const timersLeft = Math.max(0, after.timers - before.timers); // one of node's own may have gone meanwhile
  const atMost = Math.max(LEAST_LIMIT_MB, (MAX_GROWTH_MB * size) / 1_000_000);
  return [
    { what: "heap growth after GC", measured: growth / MB, unit: "MB", limit: { atMost } },
    { what: "timers left", measured: timersLeft, unit: "", limit: { exactly: 0 } },
  ];
}

const MB = 1024 * 1024;

/** More than anything in the bus keeps: 10,000 routes, ids, scheduled events. */
const FILLING = 25_000;

/** How many objects made by a constructor are alive. Counting collects all that can be, compiled code among it. */
export function liveObjects(type: unknown): number {
  // @types/node knows it as a method of objects only
  return queryObjects(type as never, { format: "count" }) as unknown as number;
}

/** Armed or not, with or without a claim to keep the process alive. */
function liveTimers(): number {
  const timer = setTimeout(() => undefined, 0);
  clearTimeout(timer);
  return liveObjects(timer.constructor);
}

async function whatIsHeld(): Promise<{ readonly timers: number; readonly bytes: number }> {
  await collect();
  const timers = liveTimers();
  await collect();
  return { timers, bytes: process.memoryUsage().heapUsed };
}

async function collect(): Promise<void> {
  for (let round = 0; round < 4; round++) {
    await nextTurn(); // what a turn holds, weak references among it, is let go after it
    globalThis.gc?.();
  }
}
