import * as api from "@opentelemetry/api";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type DefaultCatalog, defineEvents, type PublishOptions } from "../../src/index.ts";
import { telemetryCells } from "../../src/telemetry/cells.ts";
import { VERSION } from "../../src/telemetry/version.ts";
import { createRecordingLogger } from "../support/recording-logger.ts";
import { deferred } from "../support/test-bus.ts";
import { recordSdk, resetProcessState } from "./recorded-sdk.ts";
import { failOnOpenSpans, testBus } from "./test-bus.ts";

beforeEach(resetProcessState);
afterEach(failOnOpenSpans);

describe("a publish span", () => {
  it("is named after the event, of kind PRODUCER, and a root where no span is active", async () => {
    using sdk = recordSdk();
    const bus = testBus();

    await bus.publish("order.placed", { total: 1 });

    expect(sdk.spans()).toMatchObject([{ name: "publish order.placed", kind: "PRODUCER", parentSpanId: undefined }]);
  });

  it("shows samplers the messaging attributes, and nothing of its own", async () => {
    using sdk = recordSdk();
    const bus = testBus();

    await bus.publish("order.placed", { total: 1 });

    expect(sdk.sampled).toEqual([
      {
        name: "publish order.placed",
        kind: api.SpanKind.PRODUCER,
        links: [],
        attributes: {
          "messaging.system.name": "spanbus",
          "messaging.operation.name": "publish",
          "messaging.operation.type": "send",
          "messaging.destination.name": "order.placed",
        },
      },
    ]);
  });

  it("has the event's ids, its source and the number of deliveries, with the status unset", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    bus.subscribe("order.*", () => undefined, { name: "a" });
    bus.subscribe("order.**", () => undefined, { name: "b" });

    const result = await bus.publish("order.placed", { total: 1 }, { source: "checkout" });

    const [span] = sdk.named("publish order.placed");
    expect(span?.status).toEqual({ code: "UNSET", message: undefined });
    expect(span?.attributes).toEqual({
      "messaging.system.name": "spanbus",
      "messaging.operation.name": "publish",
      "messaging.operation.type": "send",
      "messaging.destination.name": "order.placed",
      "messaging.message.id": result.id,
      "messaging.message.conversation_id": result.correlationId,
      "spanbus.event.source": "checkout",
      "spanbus.delivery.count": 2,
    });
  });

  it("counts no deliveries where nothing subscribed", async () => {
    using sdk = recordSdk();
    const bus = testBus();

    await bus.publish("order.placed");

    expect(sdk.spans()[0]?.attributes["spanbus.delivery.count"]).toBe(0);
  });

  it("belongs to the scope spanbus, in the package's version, under the convention's schema", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    bus.subscribe("order.placed", () => undefined);

    await bus.publish("order.placed");

    const scope = { name: "spanbus", version: VERSION, schemaUrl: "https://opentelemetry.io/schemas/1.45.0" };
    expect(sdk.spans().map((span) => span.scope)).toEqual([scope, scope]);
  });

  it("lasts until the deliveries are handed over: synchronous handlers end inside it, asynchronous ones may outlive it", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    const gate = deferred();
    bus.subscribe("order.placed", () => undefined, { name: "quick" });
    bus.subscribe("order.placed", () => gate.promise, { name: "slow" });

    const published = bus.publish("order.placed");
    const endedWhenHandedOver = sdk.spans().map((span) => [span.name, subscriptionOf(span.attributes)]);
    gate.resolve();
    await published;

    expect(endedWhenHandedOver).toEqual([
      ["process order.placed", "quick"],
      ["publish order.placed", undefined],
    ]);
    expect(sdk.spans()).toHaveLength(3);
  });

  it("lasts until its schema has decided, where that takes time", async () => {
    using sdk = recordSdk();
    const schema = {
      "~standard": { version: 1, vendor: "test", validate: async (value: unknown) => ({ value }) },
    } as const;
    const bus = testBus({ events: defineEvents({ "order.placed": { schema } }) });

    const published = bus.publish("order.placed", 1);
    const endedAtFirst = sdk.spans().length;
    await published;

    expect(endedAtFirst).toBe(0);
    expect(sdk.spans()).toMatchObject([{ name: "publish order.placed" }]);
  });
});

describe("a process span", () => {
  it("is named after the event, of kind CONSUMER, one for each subscription", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    bus.subscribe("order.placed", () => undefined, { name: "a" });
    bus.subscribe("order.*", async () => undefined, { name: "b" });

    await bus.publish("order.placed");

    const spans = sdk.named("process order.placed");
    expect(spans.map(({ kind, attributes }) => [kind, subscriptionOf(attributes)])).toEqual([
      ["CONSUMER", "a"],
      ["CONSUMER", "b"],
    ]);
  });

  it("shows samplers the messaging attributes, and nothing of its own", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    bus.subscribe("order.placed", () => undefined);

    await bus.publish("order.placed");

    expect(sdk.sampled[1]).toEqual({
      name: "process order.placed",
      kind: api.SpanKind.CONSUMER,
      links: [],
      attributes: {
        "messaging.system.name": "spanbus",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": "order.placed",
      },
    });
  });

  it("has the event's ids, the subscription, the attempt and the outcome, with the status unset", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    bus.subscribe("order.*", () => undefined, { name: "billing" });

    const result = await bus.publish("order.placed");

    const [span] = sdk.named("process order.placed");
    expect(span?.status).toEqual({ code: "UNSET", message: undefined });
    expect(span?.events).toEqual([]);
    expect(span?.attributes).toEqual({
      "messaging.system.name": "spanbus",
      "messaging.operation.name": "process",
      "messaging.operation.type": "process",
      "messaging.destination.name": "order.placed",
      "messaging.message.id": result.id,
      "messaging.message.conversation_id": result.correlationId,
      "messaging.destination.subscription.name": "billing",
      "spanbus.event.source": "shop",
      "spanbus.delivery.attempt": 1,
      "spanbus.delivery.outcome": "handled",
    });
  });

  it("covers the middleware", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    const seen: (string | undefined)[] = [];
    bus.use((_event, _ctx, next) => {
      seen.push(activeSpanId());
      return next();
    });
    bus.subscribe("order.placed", () => undefined);

    await bus.publish("order.placed");

    expect(seen).toEqual([sdk.named("process order.placed")[0]?.spanId]);
  });

  it("is ended as aborted when the bus is closed under it", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    bus.subscribe("order.placed", () => new Promise(() => undefined));

    const published = bus.publish("order.placed");
    await bus.close();
    await published;

    const [span] = sdk.named("process order.placed");
    expect(span?.attributes).toMatchObject({ "spanbus.delivery.outcome": "aborted", "error.type": "aborted" });
  });
});

describe("the causation id", () => {
  it("is on the spans of an event that a handler published, and on no others", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    bus.subscribe("order.placed", (_event, ctx) => ctx.publish("invoice.created"));
    bus.subscribe("invoice.created", () => undefined);

    const { id } = await bus.publish("order.placed");

    const causes = sdk.spans().map(({ name, attributes }) => [name, attributes["spanbus.causation_id"]]);
    expect(Object.fromEntries(causes)).toEqual({
      "publish order.placed": undefined,
      "process order.placed": undefined,
      "publish invoice.created": id,
      "process invoice.created": id,
    });
  });
});

describe("the conversation id", () => {
  it("is the correlation id, on every span of everything the first event causes", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    const retry = { maxAttempts: 2, backoff: { initialMs: 0 } };
    bus.subscribe("a", (_event, ctx) => ctx.publish("b"), { name: "child" });
    bus.subscribe("a", (_event, ctx) => ctx.publish("c"), { name: "linked", trace: "link" });
    bus.subscribe("b", failing, { name: "retried", retry });
    bus.subscribe("c", () => undefined, { spans: "events" });

    await bus.publish("a", undefined, { correlationId: "order-7" });

    const ids = sdk.spans().map((span) => span.attributes["messaging.message.conversation_id"]);
    expect(ids).toHaveLength(7);
    expect(new Set(ids)).toEqual(new Set(["order-7"]));
  });

  it.each<readonly [label: string, name: string, options: PublishOptions]>([
    ["an invalid name", "no such name!", { correlationId: "order-7" }],
    ["an unknown event", "order.unknown", { correlationId: "order-7" }],
    ["data that does not match its schema", "order.placed", { correlationId: "order-7" }],
  ])("is on the span of a publish refused for %s", async (_label, name, options) => {
    using sdk = recordSdk();
    const bus = testBus({ events: defineEvents({ "order.placed": { schema: refusingSchema } }) as DefaultCatalog });

    await bus.publish(name, undefined, options).catch(() => undefined);

    expect(sdk.spans()[0]?.attributes["messaging.message.conversation_id"]).toBe("order-7");
  });

  it("is inherited by the span of a publish that is refused inside a handler", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    bus.subscribe("a", (_event, ctx) => ctx.publish("not a name").catch(() => undefined));

    await bus.publish("a", undefined, { correlationId: "order-7" });

    expect(sdk.named("publish _other")[0]?.attributes["messaging.message.conversation_id"]).toBe("order-7");
  });
});

describe("a family of events", () => {
  it("names its spans by the template, and keeps the full name as an attribute", async () => {
    using sdk = recordSdk();
    const bus = testBus({ events: defineEvents({ "report.{name}.ready": {} }) });
    bus.subscribe("report.*.ready", () => undefined);

    await bus.publish("report.sales.ready");

    const common = {
      "messaging.destination.name": "report.sales.ready",
      "messaging.destination.template": "report.{name}.ready",
    };
    expect(sdk.spans().map((span) => span.name)).toEqual([
      "process report.{name}.ready",
      "publish report.{name}.ready",
    ]);
    expect(sdk.sampled.map(({ attributes }) => attributes)).toMatchObject([common, common]);
  });

  it("does not claim a name of its own entry in the catalog", async () => {
    using sdk = recordSdk();
    const bus = testBus({ events: defineEvents({ "report.{name}.ready": {}, "report.sales.ready": {} }) });

    await bus.publish("report.sales.ready");

    const [span] = sdk.spans();
    expect(span?.name).toBe("publish report.sales.ready");
    expect(span?.attributes).not.toHaveProperty("messaging.destination.template");
  });
});

describe("the cardinality guard of span names", () => {
  it("lets the first 500 names through, and keeps the full name of others as an attribute", async () => {
    using sdk = recordSdk();
    const logger = createRecordingLogger();
    const bus = testBus({ logger });

    for (let i = 1; i <= 503; i++) await bus.publish(`event.number-${i}`);
    await bus.publish("event.number-1");

    const spans = sdk.spans();
    expect(spans[499]?.name).toBe("publish event.number-500");
    expect(spans.slice(500, 503).map((span) => span.name)).toEqual(Array(3).fill("publish _other"));
    expect(spans[500]?.attributes["messaging.destination.name"]).toBe("event.number-501");
    expect(spans[503]?.name).toBe("publish event.number-1");
    expect(logger.lines().filter((line) => line.level === "warn")).toHaveLength(1);
  });

  it("takes its limit from the bus", async () => {
    using sdk = recordSdk();
    const bus = testBus({ maxDestinations: 1 });
    bus.subscribe("*", () => undefined);

    await bus.publish("a");
    await bus.publish("b");

    expect(sdk.spans().map((span) => span.name)).toEqual([
      "process a",
      "publish a",
      "process _other",
      "publish _other",
    ]);
  });

  it("spends nothing on names that are refused or only explained", async () => {
    using sdk = recordSdk();
    const bus = testBus({ maxDestinations: 1 });

    await bus.publish("not a name").catch(() => undefined);
    bus.explain("only.explained");
    await bus.publish("a");

    expect(sdk.spans().at(-1)?.name).toBe("publish a");
  });

  it("names what a catalog does not know, but allows, _other, with one warning", async () => {
    using sdk = recordSdk();
    const logger = createRecordingLogger();
    const bus = testBus({ events: defineEvents({ known: {} }) as DefaultCatalog, unknownEvents: "allow", logger });

    await bus.publish("unknown.one");
    await bus.publish("unknown.two");
    await bus.publish("known");

    expect(sdk.spans().map(({ name, attributes }) => [name, attributes["messaging.destination.name"]])).toEqual([
      ["publish _other", "unknown.one"],
      ["publish _other", "unknown.two"],
      ["publish known", "known"],
    ]);
    expect(logger.lines().filter((line) => line.level === "warn")).toHaveLength(1);
  });
});

describe("a refused name", () => {
  it.each([
    ["an invalid name", "canary 4711!"],
    ["a pattern", "canary-4711.*"],
    ["an unknown name", "canary-4711"],
  ])("that is %s is written nowhere: the span is publish _other", async (_label, name) => {
    using sdk = recordSdk();
    const bus = testBus({ events: defineEvents({ known: {} }) as DefaultCatalog });

    await bus.publish(name).catch(() => undefined);

    const [span] = sdk.spans();
    expect(span).toMatchObject({
      name: "publish _other",
      kind: "PRODUCER",
      status: { code: "ERROR" },
      attributes: { "messaging.destination.name": "_other" },
    });
    expect(JSON.stringify(sdk.sampled)).not.toContain("canary");
    expect(JSON.stringify([span?.attributes, span?.events, span?.status])).not.toContain("canary");
  });
});

describe("attributes from the catalog", () => {
  it("are on the publish and the process span", async () => {
    using sdk = recordSdk();
    const events = defineEvents({
      "order.placed": {
        attributes: {
          "order.id": (data: unknown) => (data as { id: string }).id,
          "order.tags": () => ["a", "b"],
          "order.paid": () => false,
          "order.total": () => 12.5,
          "order.note": () => undefined,
        },
      },
    });
    const bus = testBus({ events });
    bus.subscribe("order.placed", () => undefined);

    await bus.publish("order.placed", { id: "o-1" });

    const own = { "order.id": "o-1", "order.tags": ["a", "b"], "order.paid": false, "order.total": 12.5 };
    expect(sdk.spans().map(({ attributes }) => attributes)).toMatchObject([own, own]);
    expect(sdk.spans().some(({ attributes }) => "order.note" in attributes)).toBe(false);
  });

  it("see the data that the schema made", async () => {
    using sdk = recordSdk();
    const schema = {
      "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value: `parsed ${value}` }) },
    } as const;
    const bus = testBus({ events: defineEvents({ a: { schema, attributes: { "a.data": (data) => String(data) } } }) });

    await bus.publish("a", 1);

    expect(sdk.spans()[0]?.attributes["a.data"]).toBe("parsed 1");
  });

  it("cost only themselves where their extractor throws", async () => {
    using sdk = recordSdk();
    const events = defineEvents({
      a: {
        attributes: {
          "a.before": () => 1,
          "a.broken": () => {
            throw new Error("no");
          },
          "a.after": () => 2,
        },
      },
    });
    const bus = testBus({ events });
    bus.subscribe("a", () => undefined);

    const { deliveries } = await bus.publish("a");

    expect(deliveries).toMatchObject([{ outcome: "handled" }]);
    for (const { attributes } of sdk.spans()) {
      expect(attributes).toMatchObject({ "a.before": 1, "a.after": 2 });
      expect(attributes).not.toHaveProperty("a.broken");
    }
    expect(telemetryCells().guardTrips.get("attribute_extractor")).toBe(2);
  });

  it.each<readonly [label: string, make: () => unknown]>([
    ["an object", () => ({ id: 1 })],
    ["NaN", () => Number.NaN],
    ["Infinity", () => Number.POSITIVE_INFINITY],
    ["a BigInt", () => 1n],
    ["a symbol", () => Symbol("s")],
    ["a function", () => () => 1],
    ["null", () => null],
    ["a circular array", circularArray],
    ["an array of objects", () => [{ id: 1 }]],
    ["a revoked Proxy", revokedProxy],
    ["an array that throws when read", throwingArray],
  ])("that are %s are left out, and counted", async (_label, make) => {
    using sdk = recordSdk();
    const attributes = { "a.before": () => 1, "a.odd": make as () => number, "a.after": () => 2 };
    const bus = testBus({ events: defineEvents({ a: { attributes } }) });

    const result = await bus.publish("a");

    const [span] = sdk.spans();
    expect(span?.attributes).toMatchObject({
      "a.before": 1,
      "a.after": 2,
      "messaging.message.id": result.id,
      "spanbus.delivery.count": 0,
    });
    expect(span?.attributes).not.toHaveProperty("a.odd");
    expect(telemetryCells().guardTrips.get("attribute_extractor")).toBe(1);
  });

  it("see only a redacted view of what the catalog marks as sensitive; handlers see the data", async () => {
    using sdk = recordSdk();
    const read = (data: unknown): string => (data as { card: { number: string } }).card.number;
    const events = defineEvents({
      "card.charged": { sensitive: ["card.number"], attributes: { "card.number": read, "card.owner": ownerOf } },
    });
    const bus = testBus({ events });
    const handled: unknown[] = [];
    bus.subscribe("card.charged", (event) => handled.push(event.data));

    await bus.publish("card.charged", { card: { number: "4111", owner: "Ada" } });

    const written = { "card.number": "[redacted]", "card.owner": "Ada" };
    expect(sdk.spans().map(({ attributes }) => attributes)).toMatchObject([written, written]);
    expect(handled).toEqual([{ card: { number: "4111", owner: "Ada" } }]);
  });

  it("are not even computed where the span is not recording", async () => {
    using _sdk = recordSdk({ sampler: { shouldSample: () => ({ decision: 0 }), toString: () => "never" } });
    let calls = 0;
    const bus = testBus({ events: defineEvents({ a: { attributes: { "a.x": () => ++calls } } }) });
    bus.subscribe("a", () => undefined);

    await bus.publish("a");

    expect(calls).toBe(0);
  });
});

describe("span levels", () => {
  it('of "events" make one publish span with an event for each attempt', async () => {
    using sdk = recordSdk();
    const bus = testBus({ spans: "events" });
    bus.subscribe("a", () => undefined, { name: "good" });
    bus.subscribe("a", failing, { name: "bad" });

    await bus.publish("a");

    const [span, ...others] = sdk.spans();
    expect(others).toEqual([]);
    expect(span?.name).toBe("publish a");
    const processed = span?.events.filter((event) => event.name === "process a");
    expect(processed?.map((event) => event.attributes)).toEqual([
      {
        "messaging.destination.subscription.name": "good",
        "spanbus.delivery.attempt": 1,
        "spanbus.delivery.outcome": "handled",
      },
      {
        "messaging.destination.subscription.name": "bad",
        "spanbus.delivery.attempt": 1,
        "spanbus.delivery.outcome": "failed",
        "error.type": "TypeError",
      },
    ]);
    expect(span?.events.filter((event) => event.name === "exception")).toHaveLength(1);
    expect(span?.status.code).toBe("UNSET");
  });

  it('of "off" make no span, and keep the ambient context', async () => {
    using sdk = recordSdk();
    const bus = testBus({ spans: "off" });
    const seen: { active: string | undefined; traceparent: string | undefined }[] = [];
    bus.subscribe("a", async (event) => {
      await Promise.resolve();
      seen.push({ active: activeSpanId(), traceparent: event.headers.traceparent });
    });

    const result = await inSpan("request", () => bus.publish("a"));

    const [request, ...others] = sdk.spans();
    expect(others).toEqual([]);
    expect(seen).toEqual([{ active: request?.spanId, traceparent: `00-${request?.traceId}-${request?.spanId}-01` }]);
    expect(result.correlationId).toBe(request?.traceId);
    expect(result.traceId).toBeUndefined();
  });

  it("of a subscription count before the event's, and the event's before the bus's", async () => {
    using sdk = recordSdk();
    const events = defineEvents({ quiet: { spans: "events" }, plain: {}, silent: { spans: "off" } });
    const bus = testBus({ events, spans: "handlers" });
    bus.subscribe("quiet", () => undefined, { name: "follows" });
    bus.subscribe("quiet", () => undefined, { name: "insists", spans: "handlers" });
    bus.subscribe("plain", () => undefined, { name: "declines", spans: "off" });
    bus.subscribe("silent", () => undefined, { name: "insists", spans: "handlers" });

    await bus.publish("quiet");
    await bus.publish("plain");
    await bus.publish("silent");

    expect(sdk.spans().map(({ name, attributes }) => [name, subscriptionOf(attributes)])).toEqual([
      ["process quiet", "insists"],
      ["publish quiet", undefined],
      ["publish plain", undefined],
      ["process silent", "insists"],
    ]);
  });

  it("leave waitFor out of the trace", async () => {
    using sdk = recordSdk();
    const bus = testBus();

    const waiting = bus.waitFor("a");
    await bus.publish("a");
    await waiting;

    expect(sdk.spans().map((span) => span.name)).toEqual(["publish a"]);
  });
});

const refusingSchema = {
  "~standard": { version: 1, vendor: "test", validate: () => ({ issues: [{ message: "no" }] }) },
} as const;

function subscriptionOf(attributes: Readonly<Record<string, unknown>>): unknown {
  return attributes["messaging.destination.subscription.name"];
}

function failing(): never {
  throw new TypeError("broken");
}

function ownerOf(data: unknown): string {
  return (data as { card: { owner: string } }).card.owner;
}

function activeSpanId(): string | undefined {
  return api.trace.getActiveSpan()?.spanContext().spanId;
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

function circularArray(): unknown {
  const array: unknown[] = [];
  array.push(array);
  return array;
}

function revokedProxy(): unknown {
  const { proxy, revoke } = Proxy.revocable([], {});
  revoke();
  return proxy;
}

function throwingArray(): unknown {
  return Object.defineProperty([1], 0, {
    get: () => {
      throw new Error("no");
    },
  });
}
