import { PerformanceObserver } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { getHeapStatistics } from "node:v8";
import type { Publish } from "../contestant.ts";
import type { Scenario } from "../scenario.ts";
import { publishMany } from "./loop.ts";

/**
 * What Node must be started with: a young generation that holds a whole sample, a way to empty it before, and an optimiser
 * that does not race with the code it optimises.
 */
export const BYTES_FLAGS: readonly string[] = [
  "--expose-gc",
  "--min-semi-space-size=256",
  "--max-semi-space-size=256",
  "--single-threaded",
];

const SAMPLES = 7;
/** Optimised code allocates less than what the interpreter runs: this many publishes come first. */
const WARM_UP = 20_000;

/** Bytes that one publish allocates on the heap, and how many publishes it took to say so. */
export interface BytesMeasured {
  readonly bytes: number;
  readonly publishes: number;
}

/**
 * The growth of the used heap over a fixed number of publishes that no garbage collection interrupts, the median of
 * seven samples: the same from run to run to a few tenths of a percent, whatever else the machine does. Where publishing
 * returns a promise, what the loop's own `await` allocates is taken off: that belongs to whoever awaits.
 */
export async function measureBytes(
  publish: Publish,
  scenario: Scenario,
  flush: () => Promise<void>,
): Promise<BytesMeasured> {
  const count = sampleSize(scenario);
  const first = publish();
  await first;
  const loop = first instanceof Promise ? await bytesPerCall(() => RESOLVED, { count, flush }) : NO_LOOP;
  const published = await bytesPerCall(publish, { count, flush });
  return { bytes: Math.round(published.bytes - loop.bytes), publishes: 1 + published.calls };
}

const RESOLVED = Promise.resolve();
const NO_LOOP = { bytes: 0 };

/** How many calls make a sample, and what is waited for between samples. */
interface Sampling {
  readonly count: number;
  readonly flush: () => Promise<void>;
}

/** The median growth of the heap for one call of a loop, and how often the loop called. */
async function bytesPerCall(call: Publish, { count, flush }: Sampling): Promise<{ bytes: number; calls: number }> {
  const collections = watchCollections();
  let calls = 0;
  for (; calls < WARM_UP; calls += count) {
    await publishMany(call, count);
    await flush();
  }
  const samples: number[] = [];
  for (let tries = 0; samples.length < SAMPLES; tries++) {
    if (tries > 3 * SAMPLES) throw new Error("garbage collections interrupted every sample of bytes");
    await flush();
    await sleep(2);
    collectGarbage();
    await sleep(2); // the observer hears of this collection before the sample begins
    const before = collections.count;
    const used = getHeapStatistics().used_heap_size;
    await publishMany(call, count);
    const grown = getHeapStatistics().used_heap_size - used;
    await sleep(2);
    calls += count;
    if (collections.count === before) samples.push(grown / count);
  }
  collections.stop();
  samples.sort((a, b) => a - b);
  return { bytes: samples[Math.floor(SAMPLES / 2)] ?? Number.NaN, calls };
}

/** Few enough that a span queue holds what a sample makes, many enough that a publish now and then does not show. */
function sampleSize({ handlers, mode }: Scenario): number {
  return mode === "silent" ? Math.floor(4000 / handlers) + 500 : Math.max(100, Math.floor(4000 / (handlers + 1)));
}

function collectGarbage(): void {
  if (globalThis.gc === undefined) throw new Error(`start Node with ${BYTES_FLAGS.join(" ")}`);
  globalThis.gc();
}

function watchCollections(): { readonly count: number; stop(): void } {
  let count = 0;
  const observer = new PerformanceObserver((list) => {
    count += list.getEntries().length;
  });
  observer.observe({ entryTypes: ["gc"] });
  return {
    get count() {
      return count;
    },
    stop: () => observer.disconnect(),
  };
}
