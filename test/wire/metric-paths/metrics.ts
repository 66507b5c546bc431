import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import { PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { startTelemetry } from "spanbus/instrumentation";
import { startSdk, stopSdk } from "../sdk-3.ts";

/** The running metrics of a program. */
export interface RunningMetrics {
  flush(): Promise<unknown>;
  stop(): Promise<unknown>;
}

/**
 * Starts metrics on one of the paths: `cells` (durations in the bus's own cells, read by `startTelemetry`'s reader),
 * `reader` (a reader of the application's, so the API's histograms) or `sdk` (the same, on an SDK of its own).
 */
export async function startMetrics(path: string): Promise<RunningMetrics> {
  if (path === "sdk") {
    startSdk();
    return { flush: async () => undefined, stop: stopSdk };
  }
  const reader = new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter() });
  const telemetry = startTelemetry({ metricReaders: path === "reader" ? [reader] : undefined });
  return { flush: () => telemetry.flush(), stop: () => telemetry.shutdown() };
}
