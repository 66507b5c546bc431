import { AsyncLocalStorage } from "node:async_hooks";
import * as api from "@opentelemetry/api";
import { AlwaysOnSampler, InMemorySpanExporter, type ReadableSpan } from "@opentelemetry/sdk-trace";
import { afterEach, describe, expect, it, vi } from "vitest";
import { startTelemetry, type TelemetryOptions } from "../../instrumentation/index.ts";
import { defineEvents, type EventBus } from "../../src/index.ts";
import { telemetryState } from "../../src/telemetry/process.ts";
import { createRecordingLogger } from "../support/recording-logger.ts";
import { testBus } from "../telemetry/test-bus.ts";

const CATALOG = defineEvents({
  "report.{name}.ready": { attributes: { "report.pages": (data: unknown) => (data as { pages: number }).pages } },
  "order.placed": {},
  "order.billed": {},
});

interface SpanLevel {
  readonly spans?: "handlers" | "events";
}

/** Publishes what makes spans of every kind, and returns those that were exported. */
async function spansOf(options: TelemetryOptions, busOptions: SpanLevel = {}): Promise<ReadableSpan[]> {
  const spanExporter = new InMemorySpanExporter();
  await using telemetry = startTelemetry({ spanExporter, metrics: false, logger: createRecordingLogger(), ...options });
  await using bus = testBus({ events: CATALOG, ...busOptions }) as unknown as EventBus;
  let calls = 0;
  bus.subscribe("report.*.ready", () => api.trace.getActiveSpan()?.setAttribute("app.seen", true), { name: "reader" });
  bus.subscribe("order.placed", (_event, ctx) => ctx.publish("order.billed", {}), { name: "billing" });
  bus.subscribe("order.billed", () => Promise.reject(new TypeError("no credit")), { name: "failing" });
  const retry = { maxAttempts: 2, backoff: { initialMs: 0 } };
  const failOnce = (): void => {
    if (calls++ === 0) throw new RangeError("once");
  };
  bus.subscribe("order.billed", failOnce, { name: "retrying", retry });

  await bus.publish("report.sales.ready", { pages: 3 });
  await bus.publish("order.placed", {}, { correlationId: "order-7" });
  await bus.publish("order.unknown", {}).catch(() => undefined);
  await bus.publish("not a name", {}, { correlationId: "order-8" }).catch(() => undefined);
  await telemetry.flush();
  return spanExporter.getFinishedSpans();
}

const RANDOM = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/;

/** What is the same in every run. */
function comparable({ name, attributes, status, events }: ReadableSpan): object {
  const entries = Object.entries(attributes).map(([key, value]) => [
    key,
    RANDOM.test(String(value)) ? "random" : value,
  ]);
  return { name, attributes: Object.fromEntries(entries), status, events: events.map((event) => event.name) };
}

describe("the spans of a bus under startTelemetry", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it.each<[string, SpanLevel]>([
    ["handlers", {}],
    ["events", { spans: "events" }],
  ])("say the same, however they were given their attributes, with spans for %s", async (_, busOptions) => {
    const written = await spansOf({}, busOptions);
    const setOneByOne = await spansOf({ sampler: new AlwaysOnSampler() }, busOptions);

    expect(written.length).toBeGreaterThan(4);
    expect(written.map(comparable)).toEqual(setOneByOne.map(comparable));
  });

  it("are given their attributes at once where nobody looks at those of the start", async () => {
    await using _ = startTelemetry({ spanExporter: new InMemorySpanExporter(), metrics: false });

    expect(telemetryState().writeAttributes).toBeTypeOf("function");
  });

  it.each([
    ["OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "3"],
    ["OTEL_ATTRIBUTE_COUNT_LIMIT", "3"],
  ])("keep to %s", async (variable, limit) => {
    vi.stubEnv(variable, limit);

    const spans = await spansOf({});

    expect(spans.map((span) => Object.keys(span.attributes).length)).toEqual(spans.map(() => 3));
    expect(spans.every((span) => span.droppedAttributesCount > 0)).toBe(true);
  });

  it("keep to OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", async () => {
    vi.stubEnv("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "4");

    const spans = await spansOf({});

    const texts = spans.flatMap((span) => Object.values(span.attributes)).filter((value) => typeof value === "string");
    expect(Math.max(...texts.map((text) => text.length))).toBe(4);
  });
});

describe("the sampler of startTelemetry", () => {
  const parentOf = (traceFlags: number, isRemote: boolean, digit = "a"): api.Context =>
    api.trace.setSpanContext(api.ROOT_CONTEXT, {
      traceId: digit.repeat(32),
      spanId: digit.repeat(16),
      traceFlags,
      isRemote,
    });

  it.each([
    ["a sampled parent", parentOf(1, false), true],
    ["a sampled remote parent", parentOf(1, true), true],
    ["an unsampled parent", parentOf(0, false), false],
    ["an unsampled remote parent", parentOf(0, true), false],
    ["a sampled parent that is invalid: as a root", parentOf(1, true, "0"), false],
    ["no parent", api.ROOT_CONTEXT, false],
  ])("follows %s, whatever the ratio for roots", async (_, parent, isSampled) => {
    await using _telemetry = startTelemetry({
      spanExporter: new InMemorySpanExporter(),
      metrics: false,
      sampleRatio: 0,
    });

    const span = api.trace.getTracer("test").startSpan("a span", {}, parent);
    span.end();

    expect(span.spanContext().traceFlags).toBe(isSampled ? 1 : 0);
  });
});

describe("the contexts of a bus under startTelemetry", () => {
  it("hold the handler's span and the application's own stores, and end with the handler", async () => {
    await using _ = startTelemetry({ spanExporter: new InMemorySpanExporter(), metrics: false });
    await using bus = testBus();
    const requests = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const look = (): void => {
      seen.push(requests.getStore(), api.trace.getActiveSpan() !== undefined);
    };
    bus.subscribe("order.placed", async () => {
      look();
      await undefined;
      look();
    });

    await requests.run("request 1", async () => {
      await bus.publish("order.placed", {});
      look();
    });
    look();

    expect(seen).toEqual(["request 1", true, "request 1", true, "request 1", false, undefined, false]);
  });
});
