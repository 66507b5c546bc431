import { currentScope } from "../context.ts";
import { DRAIN_REASON } from "../delivery/decision.ts";
import type { Delivery } from "../delivery/deliver.ts";
import { BusError } from "../errors.ts";
import type { BusEvent } from "../event/event.ts";
import type { BusCore } from "./bus-core.ts";
import type { CutDelivery } from "./cut-delivery.ts";

/** A schema that waits tells nobody when it is done, nor does a transport. */
const POLL_MS = 5;

/** A scheduled event that stopping cancelled. */
export type CancelledEvent = Omit<CutDelivery, "subscription">;

/** What `bus.close()` did. */
export interface CloseReport {
  /** The deliveries that were in flight: their signals are aborted, their outcome is `aborted`. */
  readonly aborted: readonly CutDelivery[];
  /** Events that were to be delivered later, and will not be. */
  readonly cancelled: readonly CancelledEvent[];
}

/** What `bus.drain()` did. */
export interface DrainReport extends CloseReport {
  /** Whether everything finished before the deadline. */
  readonly isComplete: boolean;
  /** Deliveries that had failed, and whose next attempt was due only after the deadline: dead letters now. */
  readonly givenUp: readonly CutDelivery[];
  /** From the call to the close, in milliseconds. */
  readonly durationMs: number;
  /** Dead letters held at the end. */
  readonly deadLetters: number;
}

/** Refuses everything from now on and aborts what is in flight. */
export function closeCore(core: BusCore, reason: "close" | "deadline"): CloseReport {
  const cause = new BusError("BUS_CLOSED", "the bus is closed: publish and subscribe before close() or drain()");
  core.closeReason ??= cause;
  const inFlight = core.inFlight.list();
  for (const delivery of inFlight) delivery.abort(reason);
  // an aborted signal runs user code, which may have skipped others: by unsubscribing, say
  const aborted = inFlight.filter(({ settlement }) => settlement?.outcome === "aborted").map(describeCut);
  const cancelled = core.schedule.cancelAll().map(describeEvent);
  for (const listener of [...core.closeListeners]) listener();
  return { aborted, cancelled };
}

/** Throws inside a handler of this bus that is still running. */
export function refuseDrainFromHandler(core: BusCore): void {
  const scope = currentScope();
  if (scope?.bus !== core.bus || !scope.isInFlight) return;
  const text = "cannot drain the bus inside one of its handlers: the drain would wait for that handler";
  throw new BusError("DRAIN_FROM_HANDLER", text);
}

/** Stops the intake, lets what is in flight finish within `deadlineMs`, then closes. */
export async function drainCore(core: BusCore, deadlineMs: number, openLanes: () => void): Promise<DrainReport> {
  const startedAt = performance.now();
  const retriesEndAt = startedAt + deadlineMs;
  core.drainReason = new BusError("BUS_DRAINING", "the bus is draining: only deliveries being drained may publish");
  core.retriesEndAt = retriesEndAt;
  await undefined; // what follows calls listeners, which may drain too: they are to find this drain
  const cancelled = core.schedule.cancelAll().map(describeEvent);
  for (const delivery of core.inFlight.list()) delivery.giveUpAfter(retriesEndAt, DRAIN_REASON);
  openLanes();
  const isIdle = await isIdleWithin(core, deadlineMs);
  const isComplete = isIdle && core.closeReason === undefined;
  core.partners.endLinks(); // before what they had handed over is cut: it goes back to where it came from
  const closed = closeCore(core, "deadline");
  const durationMs = performance.now() - startedAt;
  const { aborted } = closed;
  return {
    isComplete,
    aborted,
    givenUp: [...core.givenUp],
    cancelled: [...cancelled, ...closed.cancelled],
    durationMs,
    deadLetters: core.deadLetters.size,
  };
}

/** Whether everything settles within `deadlineMs`; what settles may have published anew, so idle is asked for again. */
function isIdleWithin(core: BusCore, deadlineMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    let poll: NodeJS.Timeout | undefined;
    const finish = (isIdle: boolean): void => {
      clearTimeout(poll);
      clearTimeout(deadline);
      resolve(isIdle);
    };
    const deadline = setTimeout(() => finish(false), deadlineMs);
    const check = (): void => {
      core.inFlight.whenIdle(() => {
        // handlers that were just awaited continue in microtasks, and may publish there
        setImmediate(() => {
          if (core.closeReason !== undefined) finish(true);
          else if (core.ledger.validating > 0) poll = setTimeout(check, POLL_MS);
          else if (core.inFlight.size > 0) check();
          else if (!core.partners.areFinished()) poll = setTimeout(check, POLL_MS);
          else finish(true);
        });
      });
    };
    check();
  });
}

function describeCut({ event, leg }: Delivery): CutDelivery {
  return { ...describeEvent(event), subscription: leg.subscription.name };
}

function describeEvent({ id, name, correlationId }: BusEvent): CancelledEvent {
  return { eventId: id, eventName: name, correlationId };
}
