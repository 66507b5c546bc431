import type { CutDelivery } from "../bus/cut-delivery.ts";
import type { CancelledEvent, DrainReport } from "../bus/lifecycle.ts";
import type { TelemetryReport } from "../telemetry/telemetry-report.ts";

/** A delivery that the stop kept from ending by itself. */
export interface CutWork extends CutDelivery {
  /**
   * `deadline`: it ran when the drain deadline passed; `close`: it ran when somebody closed the bus; `drain`: it had
   * failed, and its next attempt was due only after the deadline; `transport`: a transport that ends with this process
   * held it, for the group, or else the pattern, that `subscription` tells. After `deadline` and `drain` it is a dead letter.
   */
  readonly reason: "deadline" | "close" | "drain" | "transport";
}

/** What became of the telemetry: a `TelemetryReport`, without the counts where the telemetry told none. */
export type TelemetryStop = Omit<TelemetryReport, "spans" | "metrics" | "logs"> &
  Partial<Pick<TelemetryReport, "spans" | "metrics" | "logs">>;

/** How a stop went: what was cut, and what telemetry did not arrive. */
export interface StopReport {
  /**
   * Everything that was accepted ended by itself, in time: nothing was cut or cancelled. Telemetry that did not arrive
   * changes nothing about that.
   */
  readonly isComplete: boolean;
  /** What asked for the stop, where a signal did. */
  readonly signal: string | undefined;
  /** From the request to the end of the telemetry, in milliseconds. */
  readonly durationMs: number;
  /** Every delivery that was cut, of all buses. */
  readonly cut: readonly CutWork[];
  /** Every event that was to be delivered later, and will not be. */
  readonly cancelled: readonly CancelledEvent[];
  /** What each bus reported of its drain, in the order of `buses`. */
  readonly drains: readonly DrainReport[];
  /** Undefined when there was none to shut down. */
  readonly telemetry: TelemetryStop | undefined;
  /** What else went wrong, one sentence each: `beforeDrain` threw or was late, and the like. */
  readonly problems: readonly string[];
}

/** The spans that ended and are not known to have arrived. */
export function lostSpans(spans: TelemetryReport["spans"]): number {
  return spans.dropped + spans.failed + spans.notDelivered;
}
