import type { BusEvent } from "./event/event.ts";
import type { EventHeaders } from "./event/event-init.ts";
import type { Logger } from "./logger.ts";

/** Whether a delivery's span is a child of the publish span, or starts a trace of its own linked to it. */
export type TraceMode = "child" | "link" | "auto";

/** What a full queue does with an event: make its publisher wait, or drop one. */
export type QueuePolicy = "block" | "drop-oldest" | "drop-newest" | "reject";

/** How much of a delivery becomes spans: a span per handler attempt, an event on the publish span, or nothing. */
export type SpanLevel = "handlers" | "events" | "off";

/** What becomes of trace context that arrives in an event's headers. */
export type IncomingTrace = "trust" | "link" | "ignore";

/** How much of an error is written to spans, logs and dead-letter views: its type, also its message, also its stack. */
export type ErrorDetail = "type" | "message" | "full";

/** What a thrown error means for its delivery; `expected` is part of the business and no failure of the handler. */
export type ErrorClass = "retryable" | "fatal" | "expected";

/** Options of `new EventBus()`. */
export interface BusOptions<Events> {
  /** The publisher named in events that name none. @default none: every publish must name its source */
  readonly source?: string;
  /** The catalog made by `defineEvents`. @default none: any valid name and data */
  readonly events?: Events;
  /** What happens to names the catalog does not know. @default "refuse" */
  readonly unknownEvents?: "refuse" | "allow";
  /** A pino-shaped logger. @default warnings and errors become Node process warnings, the rest is dropped */
  readonly logger?: Logger;
  /** Makes event ids. @default UUID v4 */
  readonly generateId?: () => string;
  /**
   * The clock of event timestamps, in milliseconds since the Unix epoch.
   *
   * @default Date.now; in a burst, up to eight events of one turn of the event loop share a reading
   */
  readonly now?: () => number;
  /** A number from 0 (inclusive) to 1 (exclusive), for the jitter of retries. @default Math.random */
  readonly random?: () => number;
  /** The longest chain of causes that may still publish, 256 at most. @default 64 */
  readonly maxDepth?: number;
  /** Whether a plain `bus.publish` inside a handler inherits correlation; off saves the context switch. @default true */
  readonly ambient?: boolean;
  /** Freezes event data, and what it holds, before delivery. @default "shallow": only the record */
  readonly freeze?: "shallow" | "deep";
  /** @default "auto" */
  readonly trace?: TraceMode;
  /** @default "handlers" */
  readonly spans?: SpanLevel;
  /** @default "link" */
  readonly incoming?: IncomingTrace;
  /** Skip process spans under an unsampled publish span although the sampler is not known to be parent-based. @default false */
  readonly assumeParentBased?: boolean;
  /** @default "full" */
  readonly errors?: ErrorDetail;
  /** Runs once over each error message and stack before anything writes them. @default none */
  readonly redact?: (text: string) => string;
  /** Without a catalog, how many distinct event names become span names and metric labels; the rest is `_other`. @default 500 */
  readonly maxDestinations?: number;
  /** Events that may wait for their `delayMs` or `deliverAt`; more are refused with `SCHEDULE_FULL`. @default 10000 */
  readonly maxScheduled?: number;
  readonly deadLetters?: {
    /** Entries kept; beyond it the oldest is evicted. @default 1000 */ readonly capacity?: number;
  };
}

/** Options of `bus.publish()`. */
export interface PublishOptions {
  /** 1 to 128 characters of `[A-Za-z0-9._:-]`. @default that of the event being handled, else the trace id, else a UUID v4 */
  readonly correlationId?: string | undefined;
  /** Travel with the event; 8 KiB at most. A `traceparent` among them is treated as `incoming` says. */
  readonly headers?: EventHeaders | undefined;
  /** Who publishes. @default the bus's source */
  readonly source?: string | undefined;
  /** Reject with a `DeliveryError` when a delivery fails. @default false */
  readonly strict?: boolean | undefined;
  /** Resolve when every delivery has settled, or as soon as all are handed over. @default "settled" */
  readonly wait?: "settled" | "accepted" | undefined;
  /** @default the subscription's, the event's, then the bus's */
  readonly trace?: TraceMode | undefined;
  /** @default the bus's */
  readonly incoming?: IncomingTrace | undefined;
  /** Deliver it this much later, in milliseconds: a timer of this process, which ends with it. @default 0 */
  readonly delayMs?: number | undefined;
  /** Deliver it at this instant (Date, or milliseconds since the Unix epoch), at once if that is past. @default now */
  readonly deliverAt?: Date | number | undefined;
}

/** Options of `bus.subscribe()`; `Event` is what the handler beside them gets. */
export interface SubscribeOptions<Event extends BusEvent = BusEvent> {
  /** Labels spans, metrics and dead letters. @default the handler's name, else the pattern */
  readonly name?: string | undefined;
  /** Longest time one attempt may take, in milliseconds. @default none */
  readonly timeoutMs?: number | undefined;
  readonly retry?: RetryOptions | undefined;
  /** Decides what a thrown error means; a classifier that throws counts as "retryable". @default all are "retryable" */
  readonly classify?: ((error: unknown) => ErrorClass) | undefined;
  /** Attempts that may run at once; more wait in the queue. @default unlimited */
  readonly concurrency?: number | undefined;
  /**
   * Events of the same key are handled one after the other, in the order they were published, retries included; those of
   * other keys run on. Keys are compared as in a Map.
   *
   * @default no order
   */
  readonly orderBy?: OrderBy<Event> | undefined;
  /** Where deliveries wait for their turn. */
  readonly queue?: QueueOptions | undefined;
  /** Skip an event whose id this subscription took before, handled or being handled. @default false */
  readonly deduplicate?: boolean | DeduplicateOptions | undefined;
  /** Unsubscribe when the first delivery starts. @default false */
  readonly once?: boolean | undefined;
  /** Unsubscribes when aborted. */
  readonly signal?: AbortSignal | undefined;
  /** @default the event's, then the bus's */
  readonly trace?: TraceMode | undefined;
  /** @default the event's, then the bus's */
  readonly spans?: SpanLevel | undefined;
}

/** The key of an event; where no catalog says which, it may annotate its event with a type of its own. */
type OrderBy<Event extends BusEvent> = string extends Event["name"]
  ? { key(event: Event): unknown }["key"] // a method: its parameter may narrow
  : (event: Event) => unknown;

/** How many deliveries may wait for a subscription, and what happens to the rest. */
export interface QueueOptions {
  /** Deliveries that may wait. @default 1000 */
  readonly capacity?: number | undefined;
  /**
   * What happens when it is full. `block`: the publisher waits for room; when `capacity` publishes wait, the next delivery
   * is dropped. `drop-oldest`, `drop-newest`: one is dropped. `reject`: as `drop-newest`, with a `QUEUE_FULL` error in the
   * publish result. Each drop is counted, with its reason.
   *
   * @default "block"
   */
  readonly policy?: QueuePolicy | undefined;
}

/** What is remembered in order to take no event twice; in memory, so it ends with the process. */
export interface DeduplicateOptions {
  /** How long an id is remembered, in milliseconds. @default 600000 */
  readonly ttlMs?: number | undefined;
  /** Ids remembered; beyond it the oldest is forgotten. @default 10000 */
  readonly capacity?: number | undefined;
}

/** When and how often a failed attempt is repeated. */
export interface RetryOptions {
  /** Attempts in total, the first included. @default 1 */
  readonly maxAttempts?: number | undefined;
  readonly backoff?: BackoffOptions | undefined;
  /** No attempt starts later than this after the first, in milliseconds. @default none */
  readonly maxElapsedMs?: number | undefined;
}

/** The wait before attempt n + 1: `initialMs * factor ** (n - 1)`, at most `maxMs`, then jitter. */
export interface BackoffOptions {
  /** The wait before the second attempt, in milliseconds. @default 100 */
  readonly initialMs?: number | undefined;
  /** How many times longer each further wait is. @default 2 */
  readonly factor?: number | undefined;
  /** The longest wait, in milliseconds. @default 30000 */
  readonly maxMs?: number | undefined;
  /** "full" waits a random part of the time, "none" all of it. @default "full" */
  readonly jitter?: "full" | "none" | undefined;
}
