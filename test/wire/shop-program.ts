/** Which SDK the shop runs under, and when it starts: `before` and `after` the buses are for an SDK of its own. */
type ShopSdk = "none" | "before" | "after" | "startTelemetry" | "register";

/** The module that registers an SDK of the shop's own: it exports `startSdk` and `stopSdk`. */
type OwnSdk = "SDK 3" | "NodeSDK" | "SDK 2";

export interface ShopOptions {
  readonly sdk: ShopSdk;
  /** @default "SDK 3" */
  readonly own?: OwnSdk;
  /** The `OTEL_TRACES_SAMPLER` of an SDK of its own. @default "always_on" */
  readonly sampler?: "always_on" | "always_off" | "parentbased_always_off";
  /** More options of `startTelemetry`, as source. */
  readonly telemetryOptions?: string;
}

/** What the shop prints when it is done, as one line of JSON. */
export interface ShopOutput {
  /** `bus.stats()` of both buses at the end. */
  readonly ledgers: readonly [first: object, second: object];
  readonly correlationIds: Readonly<Record<string, string>>;
  readonly traceIds: Readonly<Record<string, string | undefined>>;
  /** The headers of each placed order and of each invoice, as their handlers saw them: by event name and correlation id. */
  readonly headers: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** What `shutdown()` of `startTelemetry` returned. */
  readonly report?: { readonly ok: boolean; readonly spans: Readonly<Record<string, number>> };
}

/**
 * A program on the built package: a catalog, two buses, handlers that succeed, fail, are retried, nest and link. It sends
 * what it measures to `OTEL_EXPORTER_OTLP_ENDPOINT`.
 */
export function shopProgram({ sdk, own = "SDK 3", telemetryOptions = "" }: ShopOptions): string {
  const isOwn = sdk === "before" || sdk === "after";
  const prelude = isOwn ? ownSdk(own) : sdk === "startTelemetry" ? START_TELEMETRY : "";
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

const OWN_SDKS: Readonly<Record<OwnSdk, URL>> = {
  "SDK 3": new URL("./sdk-3.ts", import.meta.url),
  NodeSDK: new URL("./node-sdk.ts", import.meta.url),
  "SDK 2": new URL("../sdk2/sdk-2.ts", import.meta.url),
};

/** Run where it stands, so that it finds the SDK of its own folder. */
function ownSdk(own: OwnSdk): string {
  return `import { startSdk, stopSdk } from ${JSON.stringify(OWN_SDKS[own].href)};`;
}

const SHOP_HEAD = `
const quiet = () => undefined;
const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
class PaymentError extends Error {}
const events = defineEvents({
  "order.placed": { attributes: { "order.id": (data) => data.id } },
  "invoice.created": {},
  "report.{name}.ready": {},
});
const output = { ledgers: [], correlationIds: {}, traceIds: {}, headers: {} };
const keepHeaders = (event) => { output.headers[\`\${event.name} \${event.correlationId}\`] = event.headers; };
`;

const SHOP_BUSES = `
const bus = new EventBus({ source: "shop", events, logger });
const second = new EventBus({ source: "warehouse", logger });
let calls = 0;
bus.subscribe("order.placed", async (event, ctx) => {
  keepHeaders(event);
  await new Promise((resolve) => setTimeout(resolve, 1));
  await ctx.publish("invoice.created", { for: event.id });
}, { name: "billing" });
bus.subscribe("order.placed", () => second.publish("stock.reserved"), { name: "stock" });
bus.subscribe("order.placed", () => { throw new PaymentError("no credit"); }, { name: "failing" });
bus.subscribe("order.placed", () => {
  if (++calls % 2 === 1) throw new RangeError("again");
}, { name: "flaky", retry: { maxAttempts: 2, backoff: { initialMs: 0 } } });
bus.subscribe("invoice.created", keepHeaders, { name: "archive", trace: "link" });
bus.subscribe("report.*.ready", () => undefined, { name: "reader" });
second.subscribe("*", () => undefined, { name: "warehouse", concurrency: 4 });
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
