import { BusError } from "../../errors.ts";
import type { EventRecord } from "../../event/event.ts";
import type { Leg } from "../leg.ts";
import { type LaneHolder, wouldDeadlock } from "./deadlock.ts";

/**
 * Why a publish inside a handler would wait for ever: a delivery that it waits for can only start when that handler, or
 * one that waits for it, has ended. Undefined where there is no such delivery.
 */
export function deadlockProblem(
  event: EventRecord,
  legs: readonly Leg[],
  { holder, isAwaited }: { readonly holder: LaneHolder; readonly isAwaited: boolean },
): BusError | undefined {
  for (const { subscription } of legs) {
    const { lane, settings } = subscription;
    if (lane === undefined || !(isAwaited || lane.isBlocking)) continue;
    let key: unknown;
    try {
      key = settings.orderBy?.(event);
    } catch {
      continue; // counted when the delivery is made
    }
    if (!wouldDeadlock(lane, key, holder)) continue;
    const text = `cannot publish "${event.name}" and wait for "${settings.name}": it can only start when this handler has ended; publish with wait: "accepted", or raise its concurrency`;
    return new BusError("DEADLOCK", text);
  }
  return undefined;
}
