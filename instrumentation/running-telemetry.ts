import type { SpanCounts } from "../src/telemetry/process.ts";
import type { TelemetryReport } from "../src/telemetry/telemetry-report.ts";
import type { Connections } from "./export/connections.ts";
import type { ExportFailures } from "./export/export-failures.ts";
import { createLogPipeline } from "./export/log-pipeline.ts";
import { createMetricPipeline } from "./export/metric-pipeline.ts";
import type { PipelineParts } from "./export/pipeline.ts";
import { createSpanPipeline } from "./export/span-pipeline.ts";
import { routeDiagnostics } from "./guard/diagnostics.ts";
import { bridgeLogs } from "./logging/log-bridge.ts";
import { register } from "./registration.ts";
import { deliver, type Pipelines } from "./report.ts";
import type { DeadlineOptions, Telemetry, TelemetryStats } from "./telemetry.ts";

/** All that one start of the telemetry holds. */
export class RunningTelemetry implements Telemetry {
  readonly enabled: boolean = true;
  readonly #pipelines: Pipelines;
  readonly #failures: ExportFailures;
  readonly #connections: Connections;
  readonly #unregister: () => void;
  #report: Promise<TelemetryReport> | undefined;

  /** `onStopped` is called when another start is possible. */
  constructor(parts: PipelineParts, onStopped: () => void) {
    const { settings, notices, environment } = parts;
    this.#failures = parts.failures;
    this.#connections = parts.connections;
    this.#pipelines = {
      logs: settings.logs.exporter === "none" ? undefined : createLogPipeline(parts), // first: its packages may be missing
      spans: settings.traces.exporter === "none" ? undefined : createSpanPipeline(parts),
      metrics: settings.metrics.exporter === "none" ? undefined : createMetricPipeline(parts),
    };
    // after the exporters were made: they tell again what is wrong with the environment
    const endDiagnostics = routeDiagnostics(notices, environment.OTEL_LOG_LEVEL ?? "warn");
    const unregister = register(parts, this.#pipelines);
    const endBridge = bridgeLogs(this.#pipelines.logs !== undefined);
    this.#unregister = () => {
      endBridge();
      unregister();
      endDiagnostics();
      onStopped();
    };
  }

  /** Whether `shutdown` was called. */
  get isStopping(): boolean {
    return this.#report !== undefined;
  }

  stats(): TelemetryStats {
    const { spans, metrics, logs } = this.#pipelines;
    return {
      spans: { ...(spans?.counts ?? NOTHING) },
      logs: { ...(logs?.counts ?? NOTHING) },
      metrics: { exported: 0, failed: 0, ...metrics?.counts },
    };
  }

  flush(options?: DeadlineOptions): Promise<TelemetryReport> {
    const deadlineMs = options?.deadlineMs;
    return this.#report ?? deliver(this.#pipelines, { how: "flush", deadlineMs, failures: this.#failures });
  }

  shutdown(options?: DeadlineOptions): Promise<TelemetryReport> {
    this.#report ??= this.#stop(options?.deadlineMs);
    return this.#report;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  async #stop(deadlineMs: number | undefined): Promise<TelemetryReport> {
    const report = await deliver(this.#pipelines, { how: "shutdown", deadlineMs, failures: this.#failures });
    for (const pipeline of Object.values(this.#pipelines)) pipeline?.abandon();
    this.#connections.cut();
    this.#unregister();
    return report;
  }
}

const NOTHING: SpanCounts = { exported: 0, dropped: 0, failed: 0, queued: 0 };
