import * as api from "@opentelemetry/api";
import { afterEach, describe, expect, it } from "vitest";
import { assertTree, createTestBus, recordingHandler } from "../../src/testing/index.ts";
import { deferred } from "../support/test-bus.ts";
import { droppingSampler, recordSdk, resetProcessState, unregisterSdk } from "../telemetry/recorded-sdk.ts";

afterEach(() => {
  unregisterSdk();
  resetProcessState();
});

describe("a harness beside the application's own SDK", () => {
  it("gives it the bus's spans, under the ids the test sees", async () => {
    using sdk = recordSdk();
    await using harness = createTestBus();
    harness.bus.subscribe("order.placed", recordingHandler(), { name: "billing" });

    const run = await harness.run(() => harness.bus.publish("order.placed"));

    const ids = (spans: readonly { readonly name: string; readonly spanId: string }[]): string[] => {
      return spans.map((span) => `${span.name} ${span.spanId}`).toSorted();
    };
    expect(ids(run.trace.spans)).toEqual(ids(sdk.spans()));
    expect(run.result.traceId).toBe(sdk.spans()[0]?.traceId);
    assertTree(run.trace, "publish order.placed > process order.placed [billing]");
  });

  it("lets the application's spans nest under the bus's, and looks through them", async () => {
    using sdk = recordSdk();
    await using harness = createTestBus();
    const tracer = api.trace.getTracer("app");
    harness.bus.subscribe(
      "order.placed",
      (_, ctx) => {
        return tracer.startActiveSpan("charge card", async (span) => {
          await ctx.publish("invoice.created");
          span.end();
        });
      },
      { name: "billing" },
    );

    const run = await tracer.startActiveSpan("test", async (span) => {
      const inner = await harness.run(() => harness.bus.publish("order.placed"));
      span.end();
      return inner;
    });

    const [process] = sdk.named("process order.placed");
    const [charge] = sdk.named("charge card");
    expect(charge?.parentSpanId).toBe(process?.spanId);
    expect(sdk.named("publish invoice.created")[0]?.parentSpanId).toBe(charge?.spanId);
    expect(sdk.named("publish order.placed")[0]?.parentSpanId).toBe(sdk.named("test")[0]?.spanId);
    expect(run.trace.text).toBe("publish order.placed\n  process order.placed [billing]\n    publish invoice.created");
  });

  it("sees everything where the application's sampler drops it", async () => {
    using sdk = recordSdk({ sampler: droppingSampler() });
    await using harness = createTestBus();
    harness.bus.subscribe("order.placed", recordingHandler(), { name: "billing" });

    const run = await harness.run(() => harness.bus.publish("order.placed"));

    assertTree(run.trace, "publish order.placed > process order.placed [billing]");
    expect(sdk.spans()).toEqual([]);
  });

  it("gives the metrics to it, equal to those the harness counted", async () => {
    using sdk = recordSdk();
    await using harness = createTestBus({ expectFailures: true, deadLetters: { capacity: 3 } });
    const { bus } = harness;
    const late = deferred();
    const hung = recordingHandler({ hangs: true });
    bus.subscribe("order.*", recordingHandler({ throws: new TypeError("x"), times: 2 }), {
      name: "billing",
      retry: { maxAttempts: 3 },
    });
    bus.subscribe("order.placed", recordingHandler({ throws: new Error("no") }), { name: "books" });
    bus.subscribe("order.placed", hung, { name: "slow", timeoutMs: 2 });
    bus.subscribe("order.placed", (_, ctx) => ctx.discard("no"), { name: "picky" });
    bus.subscribe("order.placed", recordingHandler({ throws: new Error("fine") }), {
      name: "calm",
      classify: () => "expected",
    });
    bus.subscribe("order.placed", (_, ctx) => ctx.publish("invoice.created"), { name: "mailer" });
    bus.subscribe("order.lost", hung, { name: "hung" });
    bus.subscribe("order.lost", () => bus.close(), { name: "closing" });
    bus.subscribe("order.kept", () => late.promise, { name: "late", timeoutMs: 2 });
    bus.subscribe("order.kept", recordingHandler({ throws: new Error("once"), times: 1 }), { name: "mended" });
    await bus.publish("order.placed");
    await bus.publish("order.placed", undefined, { strict: true }).catch(() => undefined);
    await bus.publish("bad name").catch(() => undefined);
    await bus.publish("order.kept");
    late.resolve();
    const [oldest, , newest] = bus.deadLetters.list();
    bus.deadLetters.remove(oldest?.id ?? "");
    await bus.deadLetters.replay(newest?.id ?? "");
    await bus.publish("order.lost");
    await bus.publish("order.late").catch(() => undefined);
    await harness.settled();

    const counted = harness.metrics.list().map(({ name, labels, value }) => ({ name, labels, value }));

    expect(counted).toEqual(series(await sdk.metrics()));
    expect(new Set(counted.map((each) => each.name)).size).toBe(14);
    expect(harness.conservation()).toEqual([]);
  });
});

describe("a harness without an SDK", () => {
  it("traces, and nests a plain bus.publish, a timer's included", async () => {
    await using harness = createTestBus();
    harness.bus.subscribe(
      "order.placed",
      async () => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        await harness.bus.publish("invoice.created");
      },
      { name: "billing" },
    );

    const run = await harness.run(() => harness.bus.publish("order.placed"));

    assertTree(run.trace, "publish order.placed > process order.placed [billing] > publish invoice.created");
    expect(api.trace.getTracer("app").startSpan("x").spanContext().traceId).toBe(api.INVALID_TRACEID);
  });

  it("records the spans of code that is handed its tracer provider", async () => {
    await using harness = createTestBus();
    const tracer = harness.tracerProvider.getTracer("app");
    harness.bus.subscribe(
      "order.placed",
      (_, ctx) => {
        return tracer.startActiveSpan("charge card", async (span) => {
          span.setStatus({ code: api.SpanStatusCode.ERROR });
          span.recordException(new Error("declined"));
          await ctx.publish("invoice.created");
          span.end();
        });
      },
      { name: "billing" },
    );

    const run = await harness.run(() => harness.bus.publish("order.placed"));

    assertTree(run.trace, "process order.placed [billing] > charge card [error] > publish invoice.created");
    expect(run.trace.spans.find((span) => span.name === "charge card")?.events).toEqual([
      { name: "exception", attributes: { "exception.type": "Error", "exception.message": "declined" } },
    ]);
  });

  it("records each span once where its tracer provider is registered", async () => {
    await using harness = createTestBus();
    api.trace.setGlobalTracerProvider(harness.tracerProvider);
    harness.bus.subscribe("order.placed", () => api.trace.getTracer("app").startSpan("charge card").end());

    const run = await harness.run(() => harness.bus.publish("order.placed"));

    expect(run.trace.text).toBe("publish order.placed\n  process order.placed [order.placed]\n    charge card");
  });

  it("nests one bus's spans under another's, and keeps each harness's records apart", async () => {
    await using shop = createTestBus();
    await using mail = createTestBus();
    shop.bus.subscribe("order.placed", () => mail.bus.publish("mail.sent"), { name: "bridge" });

    const run = await shop.run(() => shop.bus.publish("order.placed"));

    expect(run.published).toHaveLength(1);
    expect(mail.trace.text).toBe("publish mail.sent");
    expect(mail.trace.spans[0]?.traceId).toBe(run.result.traceId);
  });
});

type Received = Awaited<ReturnType<ReturnType<typeof recordSdk>["metrics"]>>;

/** Metrics that a harness does not count: of instants, of the SDK, of the package. */
const UNCOUNTED = /^spanbus\.(handler\.last_success\.time|telemetry\..*|bus\.info)$/;

/** The series that were added to, in the shape and the order of the harness's; of histograms, their counts. */
function series(metrics: Received): object[] {
  const found = metrics
    .filter((metric) => !UNCOUNTED.test(metric.name))
    .flatMap((metric) =>
      metric.points.map((point) => ({
        name: metric.name,
        labels: point.attributes as Record<string, string>,
        value: "value" in point ? point.value : point.count,
      })),
    );
  const key = ({ name, labels }: { name: string; labels: Record<string, string> }): string => {
    const pairs = Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
    return `${name}{${pairs.map(([label, value]) => `${label}="${value}"`).join(", ")}}`;
  };
  return found.filter((each) => each.value > 0).toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}
