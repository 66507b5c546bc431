import { OptionCheck } from "../check.ts";
import { type Activity, letTurnsPass, realNow } from "./activity.ts";
import type { InFlightWork } from "./in-flight.ts";
import { NotSettledError } from "./test-failures.ts";

/** How long to wait for quiet, in real milliseconds, whatever a test did to the timers. */
export interface SettleOptions {
  /** Longest wait in all. @default 4000 */
  readonly totalMs?: number | undefined;
  /**
   * Longest time in which nothing happens while a handler runs: a shorter way to learn that one hangs. A delivery that
   * waits for its retry does not count as hanging. @default 2000
   */
  readonly idleMs?: number | undefined;
  /** How long it has to stay quiet, for code that publishes later without the bus knowing: from a timer, say. @default 0 */
  readonly quietMs?: number | undefined;
}

/** Settle options with every default filled in. */
export type SettleLimits = { readonly [Key in keyof SettleOptions]-?: number };

/** Checks settle options; what is left out comes from `defaults`. */
export function settleLimits(
  method: string,
  options: SettleOptions | undefined,
  defaults: SettleLimits = { totalMs: 4000, idleMs: 2000, quietMs: 0 },
): SettleLimits {
  const check = new OptionCheck(method, options, ["totalMs", "idleMs", "quietMs"]);
  for (const key of ["totalMs", "idleMs", "quietMs"]) check.timer(key);
  return {
    totalMs: options?.totalMs ?? defaults.totalMs,
    idleMs: options?.idleMs ?? defaults.idleMs,
    quietMs: options?.quietMs ?? defaults.quietMs,
  };
}

/** Nothing tells when a delivery of a publish that was not waited for is cut short; so look, every so often. */
const LOOK_EVERY_MS = 25;

/** Resolves when `pending` finds nothing, and nothing new came for a few turns of the event loop. */
export async function untilQuiet(
  pending: () => readonly InFlightWork[],
  activity: Activity,
  { totalMs, idleMs, quietMs }: SettleLimits,
): Promise<void> {
  const startedAt = realNow();
  for (;;) {
    const { count } = activity;
    const work = pending();
    const now = realNow();
    if (work.length > 0) {
      const items = work.map((each) => each.describe());
      if (now - startedAt >= totalMs) throw new NotSettledError(`${totalMs} ms are over (totalMs)`, items);
      const idleSince = Math.max(startedAt, activity.lastAt);
      const isDue = items.some((item) => item.state === "waiting_for_retry");
      if (!isDue && now - idleSince >= idleMs) {
        throw new NotSettledError(`nothing has happened for ${idleMs} ms (idleMs)`, items);
      }
      await activity.next(Math.min(LOOK_EVERY_MS, startedAt + totalMs - now));
      continue;
    }
    await letTurnsPass();
    if (activity.count !== count || pending().length > 0) continue;
    const quietFor = realNow() - Math.max(startedAt, activity.lastAt);
    if (quietFor >= quietMs) return;
    await activity.next(quietMs - quietFor);
  }
}
