import type { IMetricReader, MeterProvider, PushMetricExporter } from "@opentelemetry/sdk-metrics";
import { telemetryState } from "../../src/telemetry/process.ts";
import { describeFailure } from "../guard/notices.ts";
import { withoutCredentials } from "../settings/http-url.ts";
import { createDurationSource } from "./duration-source.ts";
import { ExportCaller } from "./export-call.ts";
import { createMetricReader } from "./metric-reader.ts";
import { otlpConfig, type Pipeline, type PipelineParts } from "./pipeline.ts";

/** Metrics: collected at an interval, exported whole. */
export interface MetricPipeline extends Pipeline {
  readonly provider: MeterProvider;
  /** Exports that arrived, and that did not. */
  readonly counts: MetricCounts;
  /** Whether the newest export failed: an older failure is made good by it, because the values are cumulative. */
  readonly isBehind: () => boolean;
}

/** Metric exports, each of all values of the process. */
export interface MetricCounts {
  exported: number;
  failed: number;
}

export function createMetricPipeline(parts: PipelineParts): MetricPipeline {
  const { sdk, options, settings, guards, resource } = parts;
  const results = new MetricResults(parts);
  const caller = new ExportCaller(sdk, settings.exportTimeoutMs);
  const own = options.metricReaders === undefined ? [buildReader(parts, caller, results)] : [];
  const readers: IMetricReader[] = [
    ...own,
    ...(options.metricReaders ?? []).map((reader) => guards.metricReader(reader)),
  ];
  const provider = new sdk.metrics.MeterProvider({ resource, readers });
  if (readsOwnDurations(parts)) telemetryState().ownDurations.add(provider);
  const settle = async (work: Promise<void>): Promise<void> => {
    try {
      await work;
      if (options.metricReaders !== undefined) results.add(undefined);
    } catch (error) {
      results.add(error); // only readers of the application reject: the one built here adds its own results
    }
  };
  return {
    provider,
    counts: results.counts,
    isBehind: () => results.isBehind,
    flush: () => settle(provider.forceFlush()),
    shutdown: () => settle(provider.shutdown()),
    abandon: () => {
      results.isClosed = true;
      caller.abandon(new Error("the telemetry was shut down"));
    },
  };
}

/** Only where the reader is built here, and wants what the buses' own cells are: cumulative. */
function readsOwnDurations({ options, environment }: PipelineParts): boolean {
  const temporality = environment.OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE ?? "cumulative";
  return options.metricReaders === undefined && temporality === "cumulative";
}

class MetricResults {
  readonly counts: MetricCounts = { exported: 0, failed: 0 };
  isBehind = false;
  isClosed = false;
  readonly #parts: PipelineParts;

  constructor(parts: PipelineParts) {
    this.#parts = parts;
  }

  add(failure: unknown): void {
    if (this.isClosed) return;
    this.isBehind = failure !== undefined;
    if (failure === undefined) {
      this.counts.exported++;
      return;
    }
    this.counts.failed++;
    const { failures, options, settings } = this.#parts;
    const target = options.metricReaders === undefined ? withoutCredentials(settings.metrics.url) : "a metric reader";
    failures.add("metrics", "metrics", { target, failure });
  }
}

function buildReader(parts: PipelineParts, caller: ExportCaller, results: MetricResults): IMetricReader {
  const { sdk, settings, notices } = parts;
  const exporter = buildExporter(parts);
  return createMetricReader(sdk, {
    intervalMs: settings.metricIntervalMs,
    collectTimeoutMs: settings.exportTimeoutMs,
    sources: readsOwnDurations(parts) ? [createDurationSource(sdk)] : [],
    temporality: (type) => exporter.selectAggregationTemporality?.(type) ?? CUMULATIVE,
    send: (metrics) =>
      new Promise((resolve) => {
        caller.call(exporter, metrics, ({ failure }) => {
          results.add(failure);
          resolve();
        });
      }),
    onCollectErrors: ([error]) =>
      notices.warn("collect", () => `a metric could not be read: ${describeFailure(error)}`),
  });
}

const CUMULATIVE = 1; // AggregationTemporality.CUMULATIVE, an enum of a package that is loaded late

function buildExporter(parts: PipelineParts): PushMetricExporter {
  const { sdk, settings } = parts;
  if (settings.metrics.exporter === "console") return new sdk.metrics.ConsoleMetricExporter();
  return new sdk.metricExporter.OTLPMetricExporter(otlpConfig(parts, settings.metrics));
}
