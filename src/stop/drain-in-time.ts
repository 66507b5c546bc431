import { describeThrown } from "./describe-thrown.ts";
import { type BusStop, drainBus } from "./drain-bus.ts";
import type { StoppableBus } from "./stop-options.ts";
import { GRACE_MS, LATE, within } from "./within.ts";

/** What a bus takes to find that it is idle, on a busy machine; those whose turn comes too late get this much. */
export const LEAST_MS: number = GRACE_MS;

/** How one bus is drained. */
export interface DrainTime {
  readonly deadlineMs: number;
  /** Gets a sentence when the bus does not keep to its own contract. */
  readonly problems: string[];
}

/** Undefined, and a problem, for a bus that does not keep to its own contract. Never rejects. */
export async function drainInTime(
  bus: StoppableBus,
  { deadlineMs, problems }: DrainTime,
): Promise<BusStop | undefined> {
  try {
    const stop = await within(drainBus(bus, deadlineMs), deadlineMs + 2 * GRACE_MS);
    if (stop !== LATE) return stop;
    problems.push(`a bus was not drained within ${Math.round(deadlineMs)} ms`);
  } catch (error) {
    problems.push(`a bus could not be drained: ${describeThrown(error)}`);
  }
  return undefined;
}
