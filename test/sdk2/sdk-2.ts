import * as api from "@opentelemetry/api";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { defaultResource, resourceFromAttributes } from "@opentelemetry/resources";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { BatchSpanProcessor, NodeTracerProvider } from "@opentelemetry/sdk-trace-node";

let stop: (() => Promise<void>) | undefined;

/** Registers SDK 2, built by hand; its sampler and endpoint are those of the environment. */
export function startSdk(): void {
  const resource = defaultResource().merge(resourceFromAttributes({ "service.name": "shop" }));
  const spanProcessors = [new BatchSpanProcessor(new OTLPTraceExporter())];
  const readers = [new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter() })];
  const tracerProvider = new NodeTracerProvider({ resource, spanProcessors });
  const meterProvider = new MeterProvider({ resource, readers });
  tracerProvider.register();
  api.metrics.setGlobalMeterProvider(meterProvider);
  stop = async () => {
    await Promise.all([tracerProvider.shutdown(), meterProvider.shutdown()]);
  };
}

export async function stopSdk(): Promise<void> {
  await stop?.();
}
