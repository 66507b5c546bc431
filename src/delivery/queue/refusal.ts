import { BusError } from "../../errors.ts";
import type { EventRecord } from "../../event/event.ts";
import type { Leg } from "../leg.ts";
import { type AwaitedWork, type LaneHolder, wouldDeadlock } from "./deadlock.ts";
import { foreseenKey } from "./order-key.ts";

/** Deliveries that a handler is about to wait for. */
export interface WaitInside {
  readonly event: EventRecord;
  readonly legs: readonly Leg[];
  /** The delivery of that handler. */
  readonly holder: LaneHolder;
  /** Whether it waits until they have settled, and not only until they have a place in their queues. */
  readonly isAwaited: boolean;
}

/**
 * The subscription for which a handler would wait for ever: its delivery can only start when that handler, or one that
 * waits for it, has ended. Undefined where there is no such subscription.
 */
export function deadlockedName({ event, legs, holder, isAwaited }: WaitInside): string | undefined {
  return legs.find(({ subscription: { lane, settings } }) => {
    return lane !== undefined && wouldDeadlock({ lane, orderKey: foreseenKey(settings, event), isAwaited }, holder);
  })?.subscription.name;
}

/** Why a publish inside a handler would wait for ever. */
export function deadlockProblem(wait: WaitInside): BusError | undefined {
  const name = deadlockedName(wait);
  if (name === undefined) return undefined;
  const text = wait.isAwaited
    ? ` and wait for "${name}": it can only start when this handler has ended; publish with wait: "accepted", or raise its concurrency`
    : `: the queue of "${name}" is full, and has room only when this handler has ended; raise its queue.capacity or concurrency`;
  return new BusError("DEADLOCK", `cannot publish "${wait.event.name}"${text}`);
}

const NOTHING: ReadonlySet<AwaitedWork> = new Set();

/** Notes that a handler waits for deliveries that are scheduled; the result takes it back. */
export function awaitScheduled({ event, legs, holder }: WaitInside): () => void {
  const works = legs.flatMap(({ subscription: { lane, settings } }): AwaitedWork[] => {
    if (lane === undefined) return [];
    const orderKey = foreseenKey(settings, event);
    const fixed = { place: "scheduled", isSettled: false, holdsKey: false, isAwaited: true, awaited: NOTHING } as const;
    return [{ lane, orderKey, ...fixed }];
  });
  for (const work of works) holder.await(work);
  return () => {
    for (const work of works) holder.forget(work);
  };
}
