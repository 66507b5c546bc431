import * as api from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from "@opentelemetry/core";
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-http";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { defaultResource, resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";

const SAMPLERS: Readonly<Record<string, Sampler>> = {
  always_on: new AlwaysOnSampler(),
  always_off: new AlwaysOffSampler(),
  parentbased_always_off: new ParentBasedSampler({ root: new AlwaysOffSampler() }),
};

let stop: (() => Promise<void>) | undefined;

/** Registers SDK 3, built by hand; its sampler and endpoint are those of the environment. */
export function startSdk(): void {
  const resource = defaultResource().merge(resourceFromAttributes({ "service.name": "shop" }));
  // SDK 3 reads no sampler from the environment by itself
  const sampler = SAMPLERS[process.env.OTEL_TRACES_SAMPLER ?? "always_on"];
  if (sampler === undefined) throw new Error(`no such sampler: ${process.env.OTEL_TRACES_SAMPLER}`);
  const spanProcessors = [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })];
  const readers = [new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter() })];
  const processors = [new BatchLogRecordProcessor({ exporter: new OTLPLogExporter() })];
  const tracerProvider = new TracerProvider({ resource, spanProcessors, sampler });
  const meterProvider = new MeterProvider({ resource, readers });
  const loggerProvider = new LoggerProvider({ resource, processors });
  const propagators = [new W3CTraceContextPropagator(), new W3CBaggagePropagator()];
  api.trace.setGlobalTracerProvider(tracerProvider);
  api.metrics.setGlobalMeterProvider(meterProvider);
  api.logs.setGlobalLoggerProvider(loggerProvider);
  api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  api.propagation.setGlobalPropagator(new CompositePropagator({ propagators }));
  stop = async () => {
    await Promise.all([tracerProvider.shutdown(), meterProvider.shutdown(), loggerProvider.shutdown()]);
  };
}

export async function stopSdk(): Promise<void> {
  await stop?.();
}
