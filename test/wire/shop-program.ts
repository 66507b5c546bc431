/** Which SDK the shop runs under, and when it starts. */
type ShopSdk = "none" | "before" | "after" | "startTelemetry" | "register";

export interface ShopOptions {
  readonly sdk: ShopSdk;
  /** The sampler of an SDK that the program builds itself. @default "new AlwaysOnSampler()" */
  readonly sampler?: string;
  /** More options of `startTelemetry`, as source. */
  readonly telemetryOptions?: string;
}

/** What the shop prints when it is done, as one line of JSON. */
export interface ShopOutput {
  /** `bus.stats()` of both buses at the end. */
  readonly ledgers: readonly [first: object, second: object];
  readonly correlationIds: Readonly<Record<string, string>>;
  readonly traceIds: Readonly<Record<string, string | undefined>>;
  /** What `shutdown()` of `startTelemetry` returned. */
  readonly report?: { readonly ok: boolean; readonly spans: Readonly<Record<string, number>> };
}

/**
 * A program on the built package: a catalog, two buses, handlers that succeed, fail, are retried, nest and link. It sends
 * what it measures to `OTEL_EXPORTER_OTLP_ENDPOINT`.
 */
export function shopProgram({ sdk, sampler = "new AlwaysOnSampler()", telemetryOptions = "" }: ShopOptions): string {
  const isOwn = sdk === "before" || sdk === "after";
  const prelude = isOwn ? OWN_SDK.replace("SAMPLER", sampler) : sdk === "startTelemetry" ? START_TELEMETRY : "";
  const start = isOwn ? "startSdk();" : sdk === "startTelemetry" ? `begin({ ${telemetryOptions} });` : "";
  const stop = isOwn ? "await stopSdk();" : sdk === "startTelemetry" ? "output.report = await end();" : "";
  return [
    SHOP_IMPORTS,
    prelude,
    SHOP_HEAD,
    sdk === "after" ? "" : start,
    SHOP_BUSES,
    sdk === "after" ? `${SHOP_TRAFFIC("early")}\n${start}` : "",
    SHOP_TRAFFIC("main"),
    SHOP_END,
    stop,
    "console.log(JSON.stringify(output));",
  ].join("\n");
}

const SHOP_IMPORTS = 'import { defineEvents, EventBus } from "spanbus";';

const START_TELEMETRY = `
import { startTelemetry } from "spanbus/instrumentation";
let telemetry;
const begin = (options) => { telemetry = startTelemetry({ serviceName: "shop", ...options }); };
const end = () => telemetry.shutdown();
`;

const OWN_SDK = `
import * as api from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from "@opentelemetry/core";
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-http";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { AlwaysOffSampler, AlwaysOnSampler, BatchSpanProcessor, ParentBasedSampler, TracerProvider } from "@opentelemetry/sdk-trace";

const url = (path) => ({ url: process.env.OTEL_EXPORTER_OTLP_ENDPOINT + path });
const resource = resourceFromAttributes({ "service.name": "shop" });
const providers = [];
const startSdk = () => {
  const spanProcessors = [new BatchSpanProcessor({ exporter: new OTLPTraceExporter(url("/v1/traces")) })];
  const readers = [new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter(url("/v1/metrics")) })];
  const processors = [new BatchLogRecordProcessor({ exporter: new OTLPLogExporter(url("/v1/logs")) })];
  const tracerProvider = new TracerProvider({ resource, spanProcessors, sampler: SAMPLER });
  const meterProvider = new MeterProvider({ resource, readers });
  const loggerProvider = new LoggerProvider({ resource, processors });
  providers.push(tracerProvider, meterProvider, loggerProvider);
  const propagators = [new W3CTraceContextPropagator(), new W3CBaggagePropagator()];
  api.trace.setGlobalTracerProvider(tracerProvider);
  api.metrics.setGlobalMeterProvider(meterProvider);
  api.logs.setGlobalLoggerProvider(loggerProvider);
  api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  api.propagation.setGlobalPropagator(new CompositePropagator({ propagators }));
};
const stopSdk = () => Promise.all(providers.map((each) => each.shutdown()));
`;

const SHOP_HEAD = `
const quiet = () => undefined;
const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
class PaymentError extends Error {}
const events = defineEvents({
  "order.placed": { attributes: { "order.id": (data) => data.id } },
  "invoice.created": {},
  "report.{name}.ready": {},
});
const output = { ledgers: [], correlationIds: {}, traceIds: {} };
`;

const SHOP_BUSES = `
const bus = new EventBus({ source: "shop", events, logger });
const second = new EventBus({ source: "warehouse", logger });
let calls = 0;
bus.subscribe("order.placed", async (event, ctx) => {
  await new Promise((resolve) => setTimeout(resolve, 1));
  await ctx.publish("invoice.created", { for: event.id });
}, { name: "billing" });
bus.subscribe("order.placed", () => second.publish("stock.reserved"), { name: "stock" });
bus.subscribe("order.placed", () => { throw new PaymentError("no credit"); }, { name: "failing" });
bus.subscribe("order.placed", () => {
  if (++calls % 2 === 1) throw new RangeError("again");
}, { name: "flaky", retry: { maxAttempts: 2, backoff: { initialMs: 0 } } });
bus.subscribe("invoice.created", () => undefined, { name: "archive", trace: "link" });
bus.subscribe("report.*.ready", () => undefined, { name: "reader" });
second.subscribe("*", () => undefined, { name: "warehouse" });
`;

const SHOP_TRAFFIC = (label: string) => `
{
  const placed = await bus.publish("order.placed", { id: "o-1", card: "canary-secret" });
  const named = await bus.publish("order.placed", { id: "o-2" }, { correlationId: "6f9619ff-8b86-4d01-b42d-00cf4fc964ff" });
  await bus.publish("report.sales.ready");
  await bus.publish("secret name").catch(quiet);
  await bus.publish("unknown").catch(quiet);
  Object.assign(output.correlationIds, { "${label}": placed.correlationId, "${label} named": named.correlationId });
  Object.assign(output.traceIds, { "${label}": placed.traceId, "${label} named": named.traceId });
}
`;

const SHOP_END = `
const [letter] = bus.deadLetters.list();
await bus.deadLetters.replay(letter.id);
await bus.drain();
await second.close();
output.ledgers = [bus.stats(), second.stats()];
`;
