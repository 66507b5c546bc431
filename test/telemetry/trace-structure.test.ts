import * as api from "@opentelemetry/api";
import { AlwaysOffSampler, ParentBasedSampler } from "@opentelemetry/sdk-trace";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type BusEvent,
  defineEvents,
  type EventHeaders,
  type HandlerContext,
  type TraceMode,
} from "../../src/index.ts";
import { telemetryState } from "../../src/telemetry/process.ts";
import { drawTree } from "../support/span-tree.ts";
import { deferred } from "../support/test-bus.ts";
import { droppingSampler, type RecordedSpan, recordSdk, resetProcessState } from "./recorded-sdk.ts";
import { failOnOpenSpans, testBus } from "./test-bus.ts";

beforeEach(resetProcessState);
afterEach(failOnOpenSpans);

const REMOTE = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };
const TRACEPARENT: EventHeaders = { traceparent: `00-${REMOTE.traceId}-${REMOTE.spanId}-01` };

describe("the tree of spans", () => {
  it("has each process span under its publish span, and nested publishes under the handler that made them", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    bus.subscribe("order.placed", (_event, ctx) => ctx.publish("invoice.created"), { name: "billing" });
    bus.subscribe("order.placed", async () => void (await bus.publish("mail.sent")), { name: "mailer" });
    bus.subscribe("order.placed", () => undefined, { name: "audit" });
    bus.subscribe("invoice.created", () => undefined, { name: "archive" });

    await bus.publish("order.placed");

    expect(tree(sdk.spans())).toBe(
      [
        "publish order.placed",
        "  process order.placed [audit]",
        "  process order.placed [billing]",
        "    publish invoice.created",
        "      process invoice.created [archive]",
        "  process order.placed [mailer]",
        "    publish mail.sent",
      ].join("\n"),
    );
    expect(traceIds(sdk.spans())).toHaveLength(1);
  });

  it("continues the span that is active where the publish is called", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    bus.subscribe("a", () => undefined, { name: "s" });

    await inSpan("request", () => bus.publish("a"));

    expect(tree(sdk.spans())).toBe("request\n  publish a\n    process a [s]");
  });

  it("is made of one trace for each publish where no span is active", async () => {
    using sdk = recordSdk();
    const bus = testBus();

    await bus.publish("a");
    await bus.publish("a");

    expect(traceIds(sdk.spans())).toHaveLength(2);
  });

  it("has the spans a handler makes under its process span, before and after it awaits", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    const work = async (): Promise<void> => {
      await inSpan("before", async () => undefined);
      await new Promise((resolve) => setTimeout(resolve, 1));
      await inSpan("after", async () => undefined);
    };
    bus.subscribe("a", work, { name: "one" });
    bus.subscribe("a", work, { name: "two" });

    await bus.publish("a");

    expect(tree(sdk.spans())).toBe(
      [
        "publish a",
        "  process a [one]",
        "    after",
        "    before",
        "  process a [two]",
        "    after",
        "    before",
      ].join("\n"),
    );
  });

  it.each<
    readonly [
      how: string,
      publish: (ctx: HandlerContext, bus: { publish(name: string): Promise<unknown> }) => Promise<unknown>,
    ]
  >([
    ["ctx.publish", (ctx) => ctx.publish("b")],
    ["bus.publish", (_ctx, bus) => bus.publish("b")],
    ["ctx.publish after await", (ctx) => Promise.resolve().then(() => ctx.publish("b"))],
    ["bus.publish after await", (_ctx, bus) => Promise.resolve().then(() => bus.publish("b"))],
    ["bus.publish in a timer", (_ctx, bus) => new Promise((done) => setTimeout(() => done(bus.publish("b")), 1))],
    ["ctx.publish outside every context", (ctx) => api.context.with(api.ROOT_CONTEXT, () => ctx.publish("b"))],
  ])("has what %s publishes under the handler's span", async (_how, publish) => {
    using sdk = recordSdk();
    const bus = testBus();
    bus.subscribe("a", (_event, ctx) => publish(ctx as HandlerContext, bus), { name: "s" });

    await bus.publish("a");

    expect(tree(sdk.spans())).toBe("publish a\n  process a [s]\n    publish b");
  });

  it.each<
    readonly [
      how: string,
      publish: (ctx: HandlerContext, bus: { publish(name: string): Promise<unknown> }) => Promise<unknown>,
    ]
  >([
    ["ctx.publish", (ctx) => ctx.publish("b")],
    ["bus.publish", (_ctx, bus) => bus.publish("b")],
  ])("has what %s publishes inside a span of the handler's under that span", async (_how, publish) => {
    using sdk = recordSdk();
    const bus = testBus();
    bus.subscribe("a", (_event, ctx) => inSpan("query", () => publish(ctx as HandlerContext, bus)), { name: "s" });

    await bus.publish("a");

    expect(tree(sdk.spans())).toBe("publish a\n  process a [s]\n    query\n      publish b");
  });

  it("has what ctx.publish publishes under the handler's span where the trace around it is another one", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    const other = api.trace.setSpanContext(api.ROOT_CONTEXT, { ...REMOTE, traceFlags: 1 });
    bus.subscribe("a", (_event, ctx) => api.context.with(other, () => ctx.publish("b")), { name: "s" });

    await bus.publish("a");

    expect(tree(sdk.spans())).toBe("publish a\n  process a [s]\n    publish b");
  });

  it("has what ctx.publish publishes under the handler's span without a context manager too", async () => {
    using sdk = recordSdk({ parts: ["propagation"] });
    const bus = testBus();
    bus.subscribe(
      "a",
      async (_event, ctx) => {
        await Promise.resolve();
        await ctx.publish("b");
      },
      { name: "s" },
    );

    await bus.publish("a");

    expect(tree(sdk.spans())).toBe("publish a\n  process a [s]\n    publish b");
  });

  it("has the spans of retries under the publish span, although that has ended", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    let calls = 0;
    bus.subscribe(
      "a",
      async () => {
        if (++calls < 3) throw new Error("again");
        await inSpan("work", async () => undefined);
      },
      { name: "s", retry: { maxAttempts: 3, backoff: { initialMs: 1, jitter: "none" } } },
    );

    await bus.publish("a");

    expect(tree(sdk.spans())).toBe(
      ["publish a", "  process a [s]", "  process a [s]", "  process a [s]", "    work"].join("\n"),
    );
  });

  it("is the same whatever is active when a retry's timer fires", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    let calls = 0;
    bus.subscribe(
      "a",
      () => {
        if (++calls === 1) throw new Error("again");
      },
      { name: "s", retry: { maxAttempts: 2, backoff: { initialMs: 1, jitter: "none" } } },
    );

    const published = await inSpan("request", async () => ({ result: bus.publish("a") }));
    await published.result;

    expect(tree(sdk.spans())).toBe("request\n  publish a\n    process a [s]\n    process a [s]");
  });
});

describe("the trace mode link", () => {
  it("starts a trace for each delivery, linked to the publish span, which is linked back", async () => {
    using sdk = recordSdk();
    const bus = testBus({ trace: "link" });
    bus.subscribe("a", () => undefined, { name: "one" });
    bus.subscribe("a", async () => inSpan("work", async () => undefined), { name: "two" });

    await bus.publish("a");

    expect(tree(sdk.spans())).toBe(
      [
        "process a [one] -> publish a",
        "process a [two] -> publish a",
        "  work",
        "publish a -> process a -> process a",
      ].join("\n"),
    );
    expect(traceIds(sdk.spans())).toHaveLength(3);
  });

  it("is an attribute for samplers too: the link is there at the start", async () => {
    using sdk = recordSdk();
    const bus = testBus({ trace: "link" });
    bus.subscribe("a", () => undefined);

    await bus.publish("a");

    const [publish] = sdk.named("publish a");
    expect(sdk.sampled[1]?.links).toMatchObject([{ traceId: publish?.traceId, spanId: publish?.spanId }]);
  });

  it("starts a trace for each retry, linked to the publish span", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    let calls = 0;
    bus.subscribe(
      "a",
      () => {
        if (++calls === 1) throw new Error("again");
      },
      { trace: "link", retry: { maxAttempts: 2, backoff: { initialMs: 1, jitter: "none" } } },
    );

    await bus.publish("a");

    const [publish] = sdk.named("publish a");
    const attempts = sdk.named("process a");
    expect(traceIds(sdk.spans())).toHaveLength(3);
    expect(attempts.map((span) => span.parentSpanId)).toEqual([undefined, undefined]);
    expect(attempts.map((span) => span.links)).toEqual(Array(2).fill([linkTo(publish)]));
    expect(publish?.links).toEqual([linkTo(attempts[0])]); // the second starts after the publish span has ended
  });

  it("keeps the correlation id, and nests what its handler publishes under it", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    bus.subscribe("a", (_event, ctx) => ctx.publish("b"), { name: "s", trace: "link" });

    const result = await bus.publish("a");

    const ids = sdk.spans().map((span) => span.attributes["messaging.message.conversation_id"]);
    expect(tree(sdk.spans())).toBe("process a [s] -> publish a\n  publish b\npublish a -> process a");
    expect(new Set(ids)).toEqual(new Set([result.correlationId]));
    expect(result.correlationId).toBe(sdk.named("publish a")[0]?.traceId);
  });

  it.each<
    readonly [
      where: string,
      modes: Partial<Record<"bus" | "event" | "subscription" | "publish", TraceMode>>,
      expected: TraceMode,
    ]
  >([
    ["the bus", { bus: "link" }, "link"],
    ["the event, against the bus", { bus: "child", event: "link" }, "link"],
    ["the subscription, against the event", { event: "child", subscription: "link" }, "link"],
    ["the publish, against the subscription", { subscription: "link", publish: "child" }, "child"],
    ["nobody", {}, "child"],
    ["auto", { bus: "link", subscription: "auto" }, "child"],
  ])("is decided by %s", async (_where, { bus: busMode, event, subscription, publish }, expected) => {
    using sdk = recordSdk();
    const events = defineEvents({ a: { trace: event } });
    const bus = testBus({ events, ...(busMode === undefined ? undefined : { trace: busMode }) });
    bus.subscribe("a", () => undefined, { trace: subscription });

    await bus.publish("a", undefined, { trace: publish });

    expect(traceIds(sdk.spans())).toHaveLength(expected === "link" ? 2 : 1);
  });
});

describe("the replay of a dead letter", () => {
  it("is a trace of its own, linked to the original publish, with the correlation id kept", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    let isMended = false;
    bus.subscribe(
      "a",
      () => {
        if (!isMended) throw new Error("not yet");
      },
      { name: "s" },
    );
    const result = await bus.publish("a");
    isMended = true;

    const [letter] = bus.deadLetters.list();
    await inSpan("operator", () => bus.deadLetters.replay(letter?.id ?? ""));

    const [original] = sdk.named("publish a");
    const [failed, replayed] = sdk.named("process a");
    expect(replayed).toMatchObject({
      parentSpanId: undefined,
      links: [linkTo(original)],
      status: { code: "UNSET" },
      attributes: {
        "messaging.message.id": result.id,
        "messaging.message.conversation_id": result.correlationId,
        "spanbus.delivery.attempt": 1,
        "spanbus.delivery.outcome": "handled",
      },
    });
    expect(traceIds([original, replayed, ...sdk.named("operator")])).toHaveLength(3);
    expect(letter?.errors).toMatchObject([{ traceId: failed?.traceId, spanId: failed?.spanId }]);
  });
});

describe("incoming trace context", () => {
  it('is linked by default: "link" starts a trace of its own', async () => {
    using sdk = recordSdk();
    const bus = testBus();

    const result = await bus.publish("a", undefined, { headers: TRACEPARENT });

    const [span] = sdk.spans();
    expect(span?.links).toEqual([REMOTE]);
    expect(span?.parentSpanId).toBeUndefined();
    expect(result.correlationId).toBe(span?.traceId);
    expect(result.correlationId).not.toBe(REMOTE.traceId);
    expect(sdk.sampled[0]?.links).toMatchObject([REMOTE]);
  });

  it('is the parent with "trust"', async () => {
    using sdk = recordSdk();
    const bus = testBus({ incoming: "trust" });

    const result = await bus.publish("a", undefined, { headers: TRACEPARENT });

    expect(sdk.spans()).toMatchObject([{ traceId: REMOTE.traceId, parentSpanId: REMOTE.spanId, links: [] }]);
    expect(result.correlationId).toBe(REMOTE.traceId);
  });

  it('is nothing with "ignore"', async () => {
    using sdk = recordSdk();
    const bus = testBus({ incoming: "ignore" });

    await bus.publish("a", undefined, { headers: TRACEPARENT });

    expect(sdk.spans()).toMatchObject([{ parentSpanId: undefined, links: [] }]);
    expect(sdk.spans()[0]?.traceId).not.toBe(REMOTE.traceId);
  });

  it("is treated as the publish says, before the bus", async () => {
    using sdk = recordSdk();
    const bus = testBus({ incoming: "ignore" });

    await bus.publish("a", undefined, { headers: TRACEPARENT, incoming: "trust" });

    expect(sdk.spans()[0]?.parentSpanId).toBe(REMOTE.spanId);
  });

  it("keeps the active span as the parent beside the link", async () => {
    using sdk = recordSdk();
    const bus = testBus();

    await inSpan("request", () => bus.publish("a", undefined, { headers: TRACEPARENT }));

    const [publish, request] = sdk.spans();
    expect(publish).toMatchObject({ parentSpanId: request?.spanId, links: [REMOTE] });
  });

  it("is not trusted with its baggage, which is taken over only with it", async () => {
    using _sdk = recordSdk();
    const bus = testBus();
    const headers = { ...TRACEPARENT, baggage: "tenant=acme" };
    const seen: (string | undefined)[] = [];
    bus.subscribe("a", () => {
      seen.push(api.propagation.getActiveBaggage()?.getEntry("tenant")?.value);
    });

    await bus.publish("a", undefined, { headers });
    await bus.publish("a", undefined, { headers, incoming: "trust" });

    expect(seen).toEqual([undefined, "acme"]);
  });

  it.each(["", "garbage", "00-00000000000000000000000000000000-b7ad6b7169203331-01", "ff-zz-zz-zz"])(
    "is nothing where it is %j",
    async (traceparent) => {
      using sdk = recordSdk();
      const bus = testBus();

      await bus.publish("a", undefined, { headers: { traceparent } });
      await bus.publish("a", undefined, { headers: { traceparent }, incoming: "trust" });

      expect(sdk.spans()).toMatchObject(Array(2).fill({ parentSpanId: undefined, links: [] }));
    },
  );
});

describe("event.headers", () => {
  it("carry the traceparent of the publish span beside the caller's headers", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    const events: BusEvent[] = [];
    bus.subscribe("a", (event) => events.push(event));

    await bus.publish("a", undefined, { headers: { "x-request-id": "r-1" } });

    const [span] = sdk.named("publish a");
    const traceparent = `00-${span?.traceId}-${span?.spanId}-01`;
    expect(events[0]?.headers).toEqual({ "x-request-id": "r-1", traceparent });
    expect(events[0]?.toJSON().headers).toEqual({ "x-request-id": "r-1", traceparent });
  });

  it("are written when somebody reads them, and only once", async () => {
    using _sdk = recordSdk();
    const injections = countInjections();
    const bus = testBus();
    const events: BusEvent[] = [];
    bus.subscribe("a", (event) => events.push(event));

    await bus.publish("a");
    const before = injections.count;
    const first = events[0]?.headers;
    const second = events[0]?.headers;

    expect(before).toBe(0);
    expect(injections.count).toBe(1);
    expect(second).toBe(first);
  });

  it("say that a publish was not sampled", async () => {
    using _sdk = recordSdk({ sampler: new AlwaysOffSampler() });
    const bus = testBus();
    const headers: EventHeaders[] = [];
    bus.subscribe("a", (event) => headers.push(event.headers));

    const result = await bus.publish("a");

    expect(headers[0]?.traceparent).toMatch(new RegExp(`^00-${result.traceId}-[0-9a-f]{16}-00$`));
  });

  it("replace incoming trace context by that of the publish span", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    const headers: EventHeaders[] = [];
    bus.subscribe("a", (event) => headers.push(event.headers));

    await bus.publish("a", undefined, { headers: TRACEPARENT });

    expect(headers[0]?.traceparent).toContain(sdk.named("publish a")[0]?.spanId);
  });

  it("are the caller's own without an SDK", async () => {
    const bus = testBus();
    const headers: EventHeaders[] = [];
    bus.subscribe("a", (event) => headers.push(event.headers));

    await bus.publish("a", undefined, { headers: { "x-request-id": "r-1" } });

    expect(headers).toEqual([{ "x-request-id": "r-1" }]);
  });
});

describe("an unsampled publish", () => {
  it("makes no process spans when the sampler is known to be parent-based", async () => {
    using sdk = recordSdk({ sampler: new ParentBasedSampler({ root: new AlwaysOffSampler() }) });
    telemetryState().parentBased = true;
    const bus = testBus();
    const handled: string[] = [];
    bus.subscribe("a", (event) => handled.push(event.name));

    await bus.publish("a");

    expect(handled).toEqual(["a"]);
    expect(sdk.sampled.map(({ name }) => name)).toEqual(["publish a"]);
  });

  it("makes no process spans when the bus is told to assume so", async () => {
    using sdk = recordSdk({ sampler: new AlwaysOffSampler() });
    const bus = testBus({ assumeParentBased: true });
    bus.subscribe("a", () => undefined);

    await bus.publish("a");

    expect(sdk.sampled.map(({ name }) => name)).toEqual(["publish a"]);
  });

  it("leaves the decision about process spans to a sampler of which nothing is known", async () => {
    using sdk = recordSdk({ sampler: droppingSampler(["publish a"]) });
    const bus = testBus();
    bus.subscribe("a", () => undefined);

    await bus.publish("a");

    expect(sdk.sampled.map(({ name }) => name)).toEqual(["publish a", "process a"]);
    expect(sdk.spans().map(({ name }) => name)).toEqual(["process a"]);
  });

  it("leaves the decision about linked deliveries to the sampler: they are roots of their own", async () => {
    using sdk = recordSdk({ sampler: droppingSampler(["publish a"]) });
    const bus = testBus({ assumeParentBased: true });
    bus.subscribe("a", () => undefined, { trace: "link" });

    await bus.publish("a");

    expect(sdk.spans().map(({ name }) => name)).toEqual(["process a"]);
  });

  it("still has its trace id as the correlation id, and is the parent of what its handlers publish", async () => {
    using sdk = recordSdk({ sampler: new ParentBasedSampler({ root: new AlwaysOffSampler() }) });
    const bus = testBus({ assumeParentBased: true });
    const nested: (string | undefined)[] = [];
    bus.subscribe("a", async (_event, ctx) => {
      nested.push((await ctx.publish("b")).traceId);
    });

    const result = await bus.publish("a");

    expect(result.correlationId).toBe(result.traceId);
    expect(nested).toEqual([result.traceId]);
    expect(sdk.spans()).toEqual([]);
  });

  it("ends what it started, like any other", async () => {
    using _sdk = recordSdk({ sampler: new AlwaysOffSampler() });
    const bus = testBus();
    bus.subscribe("a", () => undefined);

    await bus.publish("a");

    expect(bus.stats()).toMatchObject({ spansStarted: 2, spansEnded: 2 });
  });
});

describe("spans", () => {
  it("that started have ended when everything has settled, in every way a delivery can end", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    const gate = deferred();
    bus.subscribe("a", () => undefined, { name: "sync" });
    bus.subscribe("a", () => gate.promise, { name: "async" });
    bus.subscribe("a", failing, { name: "failing" });
    bus.subscribe("a", failing, { name: "retried", retry: { maxAttempts: 2, backoff: { initialMs: 0 } } });
    bus.subscribe("a", failing, { name: "expected", classify: () => "expected" });
    bus.subscribe("a", (_event, ctx) => ctx.discard("no"), { name: "discarding" });
    bus.subscribe("a", () => new Promise(() => undefined), { name: "timed", timeoutMs: 1 });
    bus.subscribe("a", () => undefined, { name: "linked", trace: "link" });
    bus.subscribe("a", () => undefined, { name: "quiet", spans: "events" });
    bus.subscribe("late", () => new Promise(() => undefined), { name: "cut" });

    const published = bus.publish("a");
    gate.resolve();
    await published;
    await bus.publish("a", undefined, { strict: true }).catch(() => undefined);
    await bus.publish("not a name").catch(() => undefined);
    const cut = bus.publish("late");
    await bus.drain({ deadlineMs: 1 });
    await cut;
    await bus.publish("a").catch(() => undefined);

    const { spansStarted, spansEnded } = bus.stats();
    expect(spansEnded).toBe(spansStarted);
    expect(spansStarted).toBe(sdk.started);
    expect(sdk.spans()).toHaveLength(sdk.started);
  });
});

function tree(spans: readonly RecordedSpan[]): string {
  return drawTree(spans, { links: true });
}

function traceIds(spans: readonly (RecordedSpan | undefined)[]): string[] {
  return [...new Set(spans.map((span) => span?.traceId ?? "absent"))];
}

function linkTo(span: RecordedSpan | undefined): { traceId: string | undefined; spanId: string | undefined } {
  return { traceId: span?.traceId, spanId: span?.spanId };
}

function failing(): never {
  throw new Error("broken");
}

function inSpan<Result>(name: string, run: () => Promise<Result>): Promise<Result> {
  return api.trace.getTracer("test").startActiveSpan(name, async (span) => {
    try {
      return await run();
    } finally {
      span.end();
    }
  });
}

/** Counts, instead of the registered propagator, how often context is written. */
function countInjections(): { readonly count: number } {
  const counter = { count: 0 };
  api.propagation.disable();
  api.propagation.setGlobalPropagator({
    inject: (_context, carrier, setter) => {
      counter.count++;
      setter.set(carrier, "traceparent", "x");
    },
    extract: (context) => context,
    fields: () => ["traceparent"],
  });
  return counter;
}
