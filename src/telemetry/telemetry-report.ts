/** What became of a signal: "off" when it was never on. */
export type DeliveryStatus = "delivered" | "failed" | "timed out" | "off";

/** What was, and what was not, delivered. Nothing in it is an estimate. */
export interface TelemetryReport {
  /** All that was left to send when this was asked for has arrived. Earlier losses do not count here; see `spans`. */
  readonly ok: boolean;
  /** The deadline came before the end of the work. */
  readonly timedOut: boolean;
  /** How long it took, in milliseconds. */
  readonly durationMs: number;
  /** All sampled spans that ended since the start, each in exactly one of these counts. */
  readonly spans: {
    /** Confirmed by the collector. */
    readonly exported: number;
    /** Never sent: the queue was full, or the span ended after `shutdown` was called. */
    readonly dropped: number;
    /** Sent, but refused, rejected or unanswered. */
    readonly failed: number;
    /** Still waiting, or being sent, when this was written. */
    readonly notDelivered: number;
  };
  /** What became of the last metrics. */
  readonly metrics: DeliveryStatus;
  /** What became of the last log records. */
  readonly logs: DeliveryStatus;
  /** What went wrong meanwhile, each once. */
  readonly errors: readonly string[];
}
