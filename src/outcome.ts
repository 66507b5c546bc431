/** How a delivery ended; exactly one for each. */
export type DeliveryOutcome = "handled" | "failed" | "timed_out" | "skipped" | "dropped" | "aborted" | "deduplicated";

/** What became of the event of a delivery that failed or timed out. */
export type DeliveryDisposition = "dead_lettered" | "discarded";

/** What one subscription did with one published event. */
export interface DeliveryReport {
  /** The name of the subscription. */
  readonly subscription: string;
  /** `in_flight` only where the result was read before the delivery settled (`wait: "accepted"`). */
  readonly outcome: DeliveryOutcome | "in_flight";
  readonly disposition?: DeliveryDisposition;
  /** Why it was dead-lettered, discarded, aborted or skipped, where there is more to say than the error. */
  readonly reason?: string;
  /** Attempts started. */
  readonly attempts: number;
  /** From hand-over to settling, retries included, in milliseconds; only where a clock was read anyway. */
  readonly durationMs?: number;
  /** What the last failed attempt threw. */
  readonly error?: unknown;
}

/** What `publish` resolves with. */
export interface PublishResult {
  /** The id of the event. */
  readonly id: string;
  /** The correlation id of the event: what to search for in the trace store. */
  readonly correlationId: string;
  /** The trace the publish span belongs to; undefined when nothing traces. */
  readonly traceId: string | undefined;
  /** One report for each matching subscription, in subscription order. */
  readonly deliveries: readonly DeliveryReport[];
  /** Whether it was to be delivered later, and the bus was drained or closed before. */
  readonly isCancelled: boolean;
}
