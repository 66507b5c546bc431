import type { BusError } from "../errors.ts";
import type { BusEvent, EventRecord } from "../event/event.ts";
import type { UntypedPublish } from "../handler.ts";
import type { Logger } from "../logger.ts";
import type { ErrorClass } from "../options.ts";
import type { DeliveryDisposition } from "../outcome.ts";
import type { Guard } from "../telemetry/guard.ts";
import type { Telemetry, TraceContext } from "../telemetry/telemetry.ts";
import type { DeadLetterInit, StoredNote } from "./dead-letter.ts";
import type { FailureReader } from "./failure.ts";
import type { OpenLedger } from "./ledger.ts";
import type { LaneHolder } from "./queue/deadlock.ts";

/** What deliveries need of their bus. */
export interface DeliveryHost {
  readonly bus: object;
  readonly ledger: OpenLedger;
  readonly telemetry: Telemetry;
  readonly guard: Guard;
  readonly failures: FailureReader;
  readonly logger: Logger;
  readonly random: () => number;
  /** Deliveries that outlive the turn they started in. */
  readonly inFlight: { add(delivery: object): void; delete(delivery: object): void };
  /** The time of day in milliseconds since the Unix epoch. */
  readonly clock: { now(): number };
  readonly deadLetters: { store(init: DeadLetterInit): StoredNote };
  readonly isAmbient: boolean;
  /** Why nothing may start any more; undefined while the bus is open. */
  readonly closeReason: BusError | undefined;
  /** While draining: the instant, on the monotonic clock, after which no retry may start. */
  readonly retriesEndAt: number | undefined;
  /** A drain has no time for the next attempt of a delivery. */
  noteGivenUp(event: EventRecord, subscription: string): void;
  reportFailure(failure: DeliveryFailure): void;
  reportAttemptFailure(failure: AttemptFailure): void;
  /** `ctx.publish` of a handler of `event`. */
  publisherFor(cause: Cause): UntypedPublish;
}

/** The handler that publishes, where it does so through its `ctx`. */
export interface Cause {
  readonly event: EventRecord;
  readonly context: TraceContext | undefined;
  readonly delivery: { readonly isSettled: boolean };
  readonly occupant: LaneHolder | undefined;
}

/** A failed attempt, as `bus.onAttemptError` hears of it. */
export interface AttemptFailure {
  readonly event: BusEvent;
  /** The name of the subscription. */
  readonly subscription: string;
  /** What the attempt threw; a `BusError` with the code `TIMEOUT` when it timed out. */
  readonly error: unknown;
  /** 1 for the first attempt. */
  readonly attempt: number;
  readonly errorClass: ErrorClass;
  /** How the attempt ended. */
  readonly outcome: "failed" | "timed_out";
  /** Milliseconds until the next attempt; undefined when there is none. */
  readonly retryInMs: number | undefined;
}

/** A delivery that failed for good, as `bus.onError` hears of it. */
export interface DeliveryFailure {
  readonly event: BusEvent;
  /** The name of the subscription. */
  readonly subscription: string;
  /** What the last attempt threw. */
  readonly error: unknown;
  /** How the delivery ended. */
  readonly outcome: "failed" | "timed_out";
  /** What became of the event: what is discarded is no failure, and not told. */
  readonly disposition: DeliveryDisposition;
  /** Why it was given up, as in a dead letter. */
  readonly reason: string;
  /** Attempts started. */
  readonly attempts: number;
  /** The entry in `bus.deadLetters`. */
  readonly deadLetterId: string | undefined;
}
