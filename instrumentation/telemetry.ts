import type { SpanCounts } from "../src/telemetry/process.ts";
import type { TelemetryReport } from "../src/telemetry/telemetry-report.ts";
import type { MetricCounts } from "./export/metric-pipeline.ts";

/** How long a flush or shutdown may take. */
export interface DeadlineOptions {
  /** After this many milliseconds it resolves, whatever the collector does. @default 5000 */
  readonly deadlineMs?: number | undefined;
}

/** Where everything the telemetry took is at this moment. */
export interface TelemetryStats {
  /** Sampled spans that ended: each is in exactly one of the counts. */
  readonly spans: Readonly<SpanCounts>;
  /** Log records sent over OTLP, in the same way. */
  readonly logs: Readonly<SpanCounts>;
  /** Exports of all metrics. */
  readonly metrics: Readonly<MetricCounts>;
}

/** The running telemetry. Shut it down before the process ends, or declare it with `await using`. */
export interface Telemetry extends AsyncDisposable {
  /** False with OTEL_SDK_DISABLED=true: nothing was registered, nothing is sent. */
  readonly enabled: boolean;
  /** Where everything is now. */
  stats(): TelemetryStats;
  /** Sends what is waiting. Resolves with what arrived, within the deadline; never rejects. */
  flush(options?: DeadlineOptions): Promise<TelemetryReport>;
  /**
   * Takes nothing more, sends what is waiting, and unregisters the SDK. Resolves with what arrived, within the deadline;
   * never rejects, and leaves nothing that keeps the process alive. Calling it again returns the first call's promise.
   */
  shutdown(options?: DeadlineOptions): Promise<TelemetryReport>;
}
