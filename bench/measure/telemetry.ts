import * as api from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { type ExportResult, ExportResultCode, W3CTraceContextPropagator } from "@opentelemetry/core";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { MeterProvider, PeriodicExportingMetricReader, type PushMetricExporter } from "@opentelemetry/sdk-metrics";
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type ReadableSpan,
  type SpanExporter,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import type { Sdk } from "../contestant.ts";
import type { Mode } from "../scenario.ts";
import { loadInstrumentation } from "./built-package.ts";
import { silentLogger } from "./silent-logger.ts";

/** The running telemetry of a child process. */
export interface BenchTelemetry {
  /** Exports what is waiting. */
  flush(): Promise<void>;
  /** Spans that were exported so far; undefined where only the sink knows. */
  exported(): number | undefined;
}

// the settings of startTelemetry for both, so that export costs the same
const QUEUE = { maxQueueSize: 8192, maxExportBatchSize: 256, scheduledDelayMillis: 1000 };
const METRIC_INTERVAL_MS = 10_000;

/** Starts what the mode says, the contestant's way; undefined where nothing listens. */
export async function startBenchTelemetry(
  mode: Mode,
  sdk: Sdk | undefined,
  endpoint: string,
): Promise<BenchTelemetry | undefined> {
  if (mode === "silent" || sdk === undefined) return undefined;
  return sdk === "own" ? startOwn(mode, endpoint) : startWithSpanbus(mode, endpoint);
}

/** A plain SDK, as its documentation puts it together. */
function startOwn(mode: Mode, endpoint: string): BenchTelemetry {
  const isSent = mode === "otlp" || mode === "paced";
  const spans = new CountingExporter();
  const exporter = isSent ? new OTLPTraceExporter({ url: `${endpoint}/v1/traces`, concurrencyLimit: 40 }) : spans;
  const metricExporter = isSent ? new OTLPMetricExporter({ url: `${endpoint}/v1/metrics` }) : noMetrics();
  const processor = new BatchSpanProcessor({ exporter, ...QUEUE });
  const root = mode === "unsampled" ? new AlwaysOffSampler() : new AlwaysOnSampler();
  const reader = new PeriodicExportingMetricReader({
    exporter: metricExporter,
    exportIntervalMillis: METRIC_INTERVAL_MS,
  });
  api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  api.propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  api.metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
  const sampler = new ParentBasedSampler({ root });
  api.trace.setGlobalTracerProvider(new TracerProvider({ sampler, spanProcessors: [processor] }));
  return { flush: () => processor.forceFlush(), exported: () => (isSent ? undefined : spans.count) };
}

async function startWithSpanbus(mode: Mode, endpoint: string): Promise<BenchTelemetry> {
  const { startTelemetry } = await loadInstrumentation();
  const isSent = mode === "otlp" || mode === "paced";
  const spans = new CountingExporter();
  const telemetry = startTelemetry({
    serviceName: "bench",
    sampleRatio: mode === "unsampled" ? 0 : 1,
    metricIntervalMs: METRIC_INTERVAL_MS,
    endpoint, // metrics always go to the sink: only a reader that startTelemetry builds takes spanbus's own cells
    spanExporter: isSent ? undefined : spans,
    logger: silentLogger,
  });
  return {
    flush: async () => {
      while (telemetry.stats().spans.queued > 0) await telemetry.flush({ deadlineMs: 5000 });
    },
    exported: () => (isSent ? undefined : spans.count),
  };
}

/** Takes spans, and counts them. */
class CountingExporter implements SpanExporter {
  count = 0;

  export(spans: ReadableSpan[], answer: (result: ExportResult) => void): void {
    this.count += spans.length;
    answer({ code: ExportResultCode.SUCCESS });
  }

  async shutdown(): Promise<void> {
    // nothing is held
  }
}

function noMetrics(): PushMetricExporter {
  return {
    export: (_metrics, answer) => answer({ code: ExportResultCode.SUCCESS }),
    forceFlush: async () => undefined,
    shutdown: async () => undefined,
  };
}
