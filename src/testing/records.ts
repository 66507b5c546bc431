import type { BusErrorCode } from "../error-codes.ts";
import type { BusError } from "../errors.ts";
import type { BusEvent } from "../event/event.ts";
import type { DeliveryDisposition } from "../outcome.ts";

/** An event that was accepted. */
export interface PublishedRecord<Event = BusEvent> {
  readonly event: Event;
}

/** A delivery that was handled. */
export interface DeliveredRecord<Event = BusEvent> {
  readonly event: Event;
  /** The name of the subscription. */
  readonly subscription: string;
  /** How many attempts it took. */
  readonly attempts: number;
}

/** An attempt that failed and is to be repeated. */
export interface RetriedRecord<Event = BusEvent> {
  readonly event: Event;
  readonly subscription: string;
  /** The attempt that failed; 1 is the first. */
  readonly attempt: number;
  /** What it threw. */
  readonly error: unknown;
  readonly retryInMs: number;
}

/** A delivery that failed, or timed out, for good. */
export interface FailedRecord<Event = BusEvent> {
  readonly event: Event;
  readonly subscription: string;
  readonly attempts: number;
  /** What the last attempt threw. */
  readonly error: unknown;
  readonly outcome: "failed" | "timed_out";
  /** `discarded` where the handler or its classifier said that this is no failure. */
  readonly disposition: DeliveryDisposition;
  readonly reason: string;
}

/** A failed delivery whose event was set aside. */
export interface DeadLetteredRecord<Event = BusEvent> extends FailedRecord<Event> {
  /** The entry in `bus.deadLetters`. */
  readonly deadLetterId: string;
}

/** A publish call that was refused. */
export interface RefusedRecord {
  /** The name it was called with, whatever it is. */
  readonly name: unknown;
  readonly code: BusErrorCode;
  readonly error: BusError;
}

/**
 * A delivery that `close()` or a drain deadline cut short, or that never began: its subscription had gone, its queue had no
 * room, or it had taken the event before.
 */
export interface CutRecord<Event = BusEvent> {
  readonly event: Event;
  readonly subscription: string;
  readonly attempts: number;
  readonly outcome: "aborted" | "skipped" | "dropped" | "deduplicated";
  /** Why, where there is more to say than the outcome: `queue_full`, say. */
  readonly reason: string | undefined;
}

/** What happened on a bus, oldest first. Each read gives a copy. */
export interface BusRecords<Event = BusEvent> {
  /** Events that were accepted, nested ones too. */
  readonly published: readonly PublishedRecord<Event>[];
  /** Deliveries that were handled. */
  readonly delivered: readonly DeliveredRecord<Event>[];
  /** Attempts that failed and were to be repeated. */
  readonly retried: readonly RetriedRecord<Event>[];
  /** Deliveries that failed or timed out for good. */
  readonly failed: readonly FailedRecord<Event>[];
  /** Those of them whose event became a dead letter. */
  readonly deadLettered: readonly DeadLetteredRecord<Event>[];
  /** Events that no subscription matched. */
  readonly unrouted: readonly PublishedRecord<Event>[];
  /** Publish calls that were refused. */
  readonly refused: readonly RefusedRecord[];
  /** Deliveries that were aborted or skipped. */
  readonly cut: readonly CutRecord<Event>[];
}

/** The names of the lists. */
export type RecordKind = keyof BusRecords;

/** The lists while they are written. */
export type RecordLists = { readonly [Kind in RecordKind]: BusRecords[Kind][number][] };

/** Lists with nothing in them. */
export function emptyLists(): RecordLists {
  return {
    published: [],
    delivered: [],
    retried: [],
    failed: [],
    deadLettered: [],
    unrouted: [],
    refused: [],
    cut: [],
  };
}
