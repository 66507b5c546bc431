import { describe, expect, it } from "vitest";
import { defineEvents } from "../../src/catalog/catalog.ts";
import type { StandardSchemaV1 } from "../../src/catalog/standard-schema.ts";
import { BusError, DeliveryError } from "../../src/errors.ts";
import { type BusEvent, createEvent } from "../../src/event/event.ts";
import type { UntypedPublish } from "../../src/handler.ts";
import type { PublishOptions } from "../../src/options.ts";
import { conservationViolations } from "../support/conservation.ts";
import { createBus, deferred, rejectionOf } from "../support/test-bus.ts";

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Takes numbers, and passes them on as text. */
const numberAsText: StandardSchemaV1<number, string> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) => {
      return typeof value === "number" ? { value: `n${value}` } : { issues: [{ message: "no number", path: ["n"] }] };
    },
  },
};

function fail(): never {
  throw new Error("boom");
}

/** Calls publish as JavaScript may: with anything. */
function publishWith(bus: { readonly publish: unknown }, call: readonly unknown[]): Promise<unknown> {
  return (bus.publish as (...call: readonly unknown[]) => Promise<unknown>)(...call);
}

describe("publish(name, data, options)", () => {
  it("delivers the event with its data", async () => {
    const { bus } = createBus();
    const events: BusEvent[] = [];
    bus.subscribe("order.placed", (event) => void events.push(event));

    await bus.publish("order.placed", { total: 1 });

    expect(events[0]?.toJSON()).toEqual({
      id: expect.stringMatching(UUID_V4),
      name: "order.placed",
      data: { total: 1 },
      source: "test",
      correlationId: expect.stringMatching(UUID_V4),
      timestamp: expect.any(String),
      depth: 0,
      headers: {},
    });
  });

  it("delivers what the schema made of the data", async () => {
    const { bus } = createBus({ events: defineEvents({ a: { schema: numberAsText } }) });
    const data: unknown[] = [];
    bus.subscribe("a", (event) => void data.push(event.data));

    await bus.publish("a", 7);

    expect(data).toEqual(["n7"]);
  });

  it("hands the same event to every handler", async () => {
    const { bus } = createBus();
    const events: BusEvent[] = [];
    bus.subscribe("a", (event) => void events.push(event), { name: "first" });
    bus.subscribe("*", (event) => void events.push(event), { name: "second" });

    await bus.publish("a");

    expect(events[0]).toBe(events[1]);
  });

  it("takes correlation id, headers and source from the options", async () => {
    const { bus } = createBus();
    const events: BusEvent[] = [];
    bus.subscribe("a", (event) => void events.push(event));

    await bus.publish("a", 1, { correlationId: "order:1", headers: { tenant: "x" }, source: "other" });

    expect(events[0]).toMatchObject({ correlationId: "order:1", headers: { tenant: "x" }, source: "other" });
  });

  it("needs no source of the bus when the options name one", async () => {
    const { bus } = createBus({ source: undefined as never });

    const { deliveries } = await bus.publish("a", 1, { source: "other" });

    expect(deliveries).toEqual([]);
  });

  it("works detached from the bus", async () => {
    const { publish } = createBus().bus;

    expect(await publish("a")).toMatchObject({ deliveries: [] });
  });

  it("delivers while the name is shared with Object.prototype", async () => {
    const { bus } = createBus();
    const names: string[] = [];
    bus.subscribe("*", (event) => void names.push(event.name));

    for (const name of ["constructor", "__proto__", "toString", "hasOwnProperty"]) await bus.publish(name);

    expect(names).toEqual(["constructor", "__proto__", "toString", "hasOwnProperty"]);
  });

  it("asks the id generator of the bus for ids", async () => {
    let count = 0;
    const { bus } = createBus({ generateId: () => `id-${++count}` });

    const ids = [(await bus.publish("a")).id, (await bus.publish("a")).id];

    expect(ids).toEqual(["id-1", "id-2"]);
  });

  it.each([
    ["throws", fail],
    ["returns no text", () => 7 as never],
    ["returns an empty text", () => ""],
  ])("makes a UUID when the id generator %s", async (_, generateId) => {
    const { bus } = createBus({ generateId });

    const { id } = await bus.publish("a");

    expect(id).toMatch(UUID_V4);
  });

  it("asks the clock of the bus for timestamps", async () => {
    const { bus } = createBus({ now: () => 86_400_000 });
    const timestamps: number[] = [];
    bus.subscribe("a", (event) => void timestamps.push(event.timestamp));

    await bus.publish("a");

    expect(timestamps).toEqual([86_400_000]);
  });

  it.each([
    ["throws", fail],
    ["returns NaN", () => Number.NaN],
    ["returns a date beyond all dates", () => 9e15],
  ])("takes the time of the machine when the clock %s", async (_, now) => {
    const { bus } = createBus({ now });
    const timestamps: number[] = [];
    bus.subscribe("a", (event) => void timestamps.push(event.timestamp));

    await bus.publish("a");

    expect(Math.abs(timestamps[0]! - Date.now())).toBeLessThan(60_000);
  });
});

describe("publish(event, options)", () => {
  it("delivers what createEvent made", async () => {
    const { bus } = createBus();
    const events: BusEvent[] = [];
    bus.subscribe("a", (event) => void events.push(event));
    const event = createEvent({ name: "a", data: { n: 1 }, source: "elsewhere" });

    const { id } = await bus.publish(event);

    expect(id).toBe(event.id);
    expect(events[0]).toMatchObject({ id: event.id, name: "a", data: { n: 1 }, source: "elsewhere" });
  });

  it("settles the correlation id of the event object too", async () => {
    const { bus } = createBus();
    const event = createEvent({ name: "a", data: 1, source: "elsewhere" });

    const { correlationId } = await bus.publish(event);

    expect(event.correlationId).toBe(correlationId);
  });

  it("takes over every field the event has", async () => {
    const { bus } = createBus();
    const events: BusEvent[] = [];
    bus.subscribe("a", (event) => void events.push(event));
    const fields = {
      id: "e-1",
      name: "a",
      data: 1,
      source: "elsewhere",
      correlationId: "c-1",
      causationId: "e-0",
      timestamp: "2026-01-02T03:04:05.678Z",
      depth: 3,
      headers: { tenant: "x" },
    };

    await bus.publish(createEvent(fields));

    expect(events[0]?.toJSON()).toEqual(fields);
  });

  it("takes a plain object with a name", async () => {
    const { bus } = createBus();
    const events: BusEvent[] = [];
    bus.subscribe("a", (event) => void events.push(event));

    await bus.publish({ name: "a", data: 5 });

    expect(events[0]).toMatchObject({ name: "a", data: 5, source: "test" });
  });

  it("delivers an event that went through JSON as it was", async () => {
    const { bus } = createBus();
    const events: BusEvent[] = [];
    bus.subscribe("a", (event) => void events.push(event));
    await bus.publish("a", { n: 1 }, { headers: { tenant: "x" } });

    await bus.publish(JSON.parse(JSON.stringify(events[0])));

    expect(events[1]?.toJSON()).toEqual(events[0]?.toJSON());
  });

  it("delivers an event object that is published twice under the same ids", async () => {
    const { bus } = createBus();
    const events: BusEvent[] = [];
    bus.subscribe("a", (event) => void events.push(event));
    const event = createEvent({ name: "a", data: 1, source: "elsewhere" });

    const first = await bus.publish(event);
    const second = await bus.publish(event);

    expect([second.id, second.correlationId]).toEqual([first.id, first.correlationId]);
    expect(events).toHaveLength(2);
  });

  it("lets the options decide over the event", async () => {
    const { bus } = createBus();
    const events: BusEvent[] = [];
    bus.subscribe("a", (event) => void events.push(event));
    const event = createEvent({
      name: "a",
      data: 1,
      source: "x",
      correlationId: "c-1",
      headers: { one: "1", two: "2" },
    });

    await bus.publish(event, { source: "y", correlationId: "c-2", headers: { two: "II" } });

    expect(events[0]).toMatchObject({ source: "y", correlationId: "c-2", headers: { one: "1", two: "II" } });
  });

  it("checks the data against the schema", async () => {
    const { bus } = createBus({ events: defineEvents({ a: { schema: numberAsText } }) });

    const error = await rejectionOf(bus.publish({ name: "a", data: "x" as never }));

    expect(error).toMatchObject({ code: "INVALID_DATA" });
  });
});

describe("an event as handlers get it", () => {
  it("is frozen", async () => {
    const { bus } = createBus();
    const events: BusEvent[] = [];
    bus.subscribe("a", (event) => void events.push(event));

    await bus.publish("a");

    expect(Object.isFrozen(events[0])).toBe(true);
    expect(Object.isFrozen(events[0]?.headers)).toBe(true);
  });

  it("holds the published data itself, not frozen, by default", async () => {
    const { bus } = createBus();
    const data = { inner: {} };
    const seen: unknown[] = [];
    bus.subscribe("a", (event) => void seen.push(event.data));

    await bus.publish("a", data);

    expect(seen[0]).toBe(data);
    expect(Object.isFrozen(data)).toBe(false);
  });
});

describe("a refused publish", () => {
  const events = defineEvents({ a: { schema: numberAsText }, b: {} });
  const subject = (fields: object): unknown => ({ name: "a", data: 1, ...fields });
  const hostile = new Proxy({}, { get: fail });
  const { proxy: revoked, revoke } = Proxy.revocable({}, {});
  revoke();

  const REFUSALS: readonly (readonly [what: string, code: string, call: readonly unknown[]])[] = [
    ["an empty name", "INVALID_NAME", [""]],
    ["a pattern as the name", "INVALID_NAME", ["a.*"]],
    ["the pattern of everything", "INVALID_NAME", ["**"]],
    ["a template as the name", "INVALID_NAME", ["a.{id}"]],
    ["a name with an empty token", "INVALID_NAME", ["a..b"]],
    ["a name with a space", "INVALID_NAME", ["a b"]],
    ["a name that is too long", "INVALID_NAME", ["a".repeat(256)]],
    ["a token that is too long", "INVALID_NAME", ["a".repeat(65)]],
    ["too many tokens", "INVALID_NAME", [Array(33).fill("a").join(".")]],
    ["no name", "INVALID_NAME", [undefined]],
    ["a number as the name", "INVALID_NAME", [7]],
    ["a symbol as the name", "INVALID_NAME", [Symbol("a")]],
    ["null", "INVALID_NAME", [null]],
    ["an object without a name", "INVALID_NAME", [{}]],
    ["a String object", "INVALID_NAME", [Object("a")]],
    ["an unknown event", "UNKNOWN_EVENT", ["c"]],
    ["a name of Object.prototype", "UNKNOWN_EVENT", ["constructor"]],
    ["data that does not match", "INVALID_DATA", ["a", "x"]],
    ["no data where some is needed", "INVALID_DATA", ["a"]],
    ["a correlation id with a space", "INVALID_EVENT", ["a", 1, { correlationId: "a b" }]],
    ["an empty correlation id", "INVALID_EVENT", ["a", 1, { correlationId: "" }]],
    ["a correlation id that is too long", "INVALID_EVENT", ["a", 1, { correlationId: "x".repeat(129) }]],
    ["a correlation id with a line break", "INVALID_EVENT", ["a", 1, { correlationId: "x\n" }]],
    ["a number as the correlation id", "INVALID_EVENT", ["a", 1, { correlationId: 7 }]],
    ["an empty source", "INVALID_EVENT", ["a", 1, { source: "" }]],
    ["headers that are text", "INVALID_EVENT", ["a", 1, { headers: "x" }]],
    ["headers that are an array", "INVALID_EVENT", ["a", 1, { headers: [] }]],
    ["a header that is a number", "INVALID_EVENT", ["a", 1, { headers: { n: 1 } }]],
    ["a header with a line break", "INVALID_EVENT", ["a", 1, { headers: { n: "a\r\nb" } }]],
    ["a header name with a space", "INVALID_EVENT", ["a", 1, { headers: { "a b": "x" } }]],
    ["headers beyond 8 KiB", "HEADERS_TOO_LARGE", ["a", 1, { headers: { n: "x".repeat(8192) } }]],
    ["a causation id with a space", "INVALID_EVENT", [subject({ causationId: "a b" })]],
    ["an empty id", "INVALID_EVENT", [subject({ id: "" })]],
    ["a timestamp that is no date", "INVALID_EVENT", [subject({ timestamp: "yesterday" })]],
    ["a depth that is negative", "INVALID_EVENT", [subject({ depth: -1 })]],
    ["a depth beyond the limit", "DEPTH_EXCEEDED", [subject({ depth: 65 })]],
    ["an event that cannot be read", "INVALID_EVENT", [hostile]],
    ["a revoked Proxy", "INVALID_EVENT", [revoked]],
    ["an unknown option", "INVALID_OPTION", ["a", 1, { timeout: 5 }]],
    ["options that are a number", "INVALID_OPTION", ["a", 1, 5]],
    ["options that are null", "INVALID_OPTION", ["a", 1, null]],
    ["strict that is no boolean", "INVALID_OPTION", ["a", 1, { strict: "yes" }]],
    ["a wait that is unknown", "INVALID_OPTION", ["a", 1, { wait: "forever" }]],
    ["a trace mode that is unknown", "INVALID_OPTION", ["a", 1, { trace: "none" }]],
    ["an incoming mode that is unknown", "INVALID_OPTION", ["a", 1, { incoming: "maybe" }]],
    ["strict with wait: accepted", "INVALID_OPTION", ["a", 1, { strict: true, wait: "accepted" }]],
    ["options that cannot be read", "INVALID_EVENT", ["a", 1, hostile]],
  ];

  it.each(REFUSALS)("for %s rejects with %s", async (_, code, call) => {
    const { bus } = createBus({ events });

    const error = await rejectionOf(publishWith(bus, call));

    expect(error).toBeInstanceOf(BusError);
    expect((error as BusError).code).toBe(code);
  });

  it.each(REFUSALS)("for %s delivers nothing, and is counted and logged", async (_, code, call) => {
    const { bus, logger } = createBus({ events });
    const delivered: unknown[] = [];
    bus.subscribe("*", (event) => void delivered.push(event));

    await publishWith(bus, call).catch(() => {});

    const reason = code.toLowerCase();
    expect(delivered).toEqual([]);
    expect(bus.stats()).toMatchObject({ published: 1, accepted: 0, refused: { [reason]: 1 } });
    expect(conservationViolations(bus.stats())).toEqual([]);
    expect(logger.lines()).toMatchObject([
      {
        level: "warn",
        message: expect.stringMatching(/^refused to publish(?: "[\w.-]+")?: /),
        fields: { event: "spanbus.event.refused", reason },
      },
    ]);
  });

  it("without any source rejects with INVALID_EVENT", async () => {
    const { bus } = createBus({ source: undefined as never });

    const error = await rejectionOf(bus.publish("a"));

    expect(error).toMatchObject({ code: "INVALID_EVENT", message: expect.stringContaining("source") });
  });

  it("names every field that is wrong", async () => {
    const { bus } = createBus();

    const error = await rejectionOf(bus.publish({ name: "a b", data: 1, id: "", depth: -1 }));

    expect(error).toMatchObject({ code: "INVALID_NAME", message: expect.stringMatching(/name .*; id .*; depth /) });
  });

  it("tells in issues what is wrong with the data", async () => {
    const { bus } = createBus({ events });

    const error = await rejectionOf(bus.publish("a", "x" as never));

    expect(error).toMatchObject({ issues: [{ message: "no number", path: "n" }] });
  });

  it("names the event in the log when it is known", async () => {
    const { bus, logger } = createBus({ events });

    await bus.publish("a", "x" as never).catch(() => {});

    expect(logger.lines()[0]?.fields).toMatchObject({ event_name: "a" });
  });

  it("writes no data into the log", async () => {
    const { bus, logger } = createBus({ events });

    await bus.publish("a", { secret: "s3cr3t" } as never).catch(() => {});

    expect(JSON.stringify(logger.lines())).not.toContain("s3cr3t");
  });

  it("is refused for the name before the data is looked at", async () => {
    let calls = 0;
    const counting: StandardSchemaV1 = {
      "~standard": { version: 1, vendor: "test", validate: (value) => ({ value: [value, ++calls] }) },
    };
    const { bus } = createBus({ events: defineEvents({ a: { schema: counting } }) });

    await (bus.publish as UntypedPublish)("a b").catch(() => {});
    await bus.publish({ name: "a", data: 1, depth: 65 }).catch(() => {});

    expect(calls).toBe(0);
  });

  it("is refused for the closed bus before anything else", async () => {
    const { bus } = createBus();
    await bus.close();

    const error = await rejectionOf(bus.publish("a b"));

    expect(error).toMatchObject({ code: "BUS_CLOSED" });
  });

  it("takes headers of exactly 8 KiB", async () => {
    const { bus } = createBus();

    const { deliveries } = await bus.publish("a", 1, { headers: { n: "x".repeat(8191) } });

    expect(deliveries).toEqual([]);
  });
});

describe("unknownEvents: allow", () => {
  it("delivers a name the catalog does not know", async () => {
    const { bus } = createBus({ events: defineEvents({ a: {} }), unknownEvents: "allow" });
    const names: string[] = [];
    bus.subscribe("*", (event) => void names.push(event.name));

    await (bus.publish as UntypedPublish)("b");

    expect(names).toEqual(["b"]);
  });
});

describe("an accepted event without a subscription", () => {
  it("is counted as unrouted", async () => {
    const { bus } = createBus();

    await bus.publish("a");

    expect(bus.stats()).toMatchObject({ published: 1, accepted: 1, dispatched: 1, unrouted: 1, matched: 0 });
  });
});

describe("strict", () => {
  it("resolves like any publish when nothing fails", async () => {
    const { bus } = createBus();
    bus.subscribe("a", () => {});

    const { deliveries } = await bus.publish("a", 1, { strict: true });

    expect(deliveries).toMatchObject([{ outcome: "handled" }]);
  });

  it("rejects with every error, in subscription order, and the result", async () => {
    const { bus } = createBus();
    bus.subscribe("a", async () => fail(), { name: "slow" });
    bus.subscribe("a", () => {}, { name: "fine" });
    bus.subscribe(
      "a",
      () => {
        throw new TypeError("other");
      },
      { name: "quick" },
    );

    const error = (await rejectionOf(bus.publish("a", 1, { strict: true }))) as DeliveryError;

    expect(error).toBeInstanceOf(DeliveryError);
    expect(error).toMatchObject({
      code: "DELIVERY_FAILED",
      message: `publishing "a": 2 of 3 deliveries failed: "slow", "quick"`,
      errors: [{ message: "boom" }, { message: "other" }],
      cause: { message: "boom" },
      result: { deliveries: [{ outcome: "failed" }, { outcome: "handled" }, { outcome: "failed" }] },
    });
  });

  it("rejects after a timeout", async () => {
    const { bus } = createBus();
    bus.subscribe("a", () => new Promise(() => {}), { timeoutMs: 1 });

    const error = await rejectionOf(bus.publish("a", 1, { strict: true }));

    expect(error).toMatchObject({ errors: [{ code: "TIMEOUT" }] });
  });

  it("settles the failures as usual", async () => {
    const { bus } = createBus();
    bus.subscribe("a", fail);

    await bus.publish("a", 1, { strict: true }).catch(() => {});

    expect(bus.deadLetters.size).toBe(1);
    expect(bus.stats()).toMatchObject({ accepted: 1, refused: {}, failed: 1 });
  });

  it("waits for all deliveries before it rejects", async () => {
    const { bus } = createBus();
    const done = deferred();
    let isRejected = false;
    bus.subscribe("a", fail);
    bus.subscribe("a", () => done.promise, { name: "slow" });
    const published = bus.publish("a", 1, { strict: true }).catch(() => {
      isRejected = true;
    });

    await Promise.resolve();
    const before = isRejected;
    done.resolve();
    await published;

    expect([before, isRejected]).toEqual([false, true]);
  });

  it("never rejects because a handler failed unless it is set", async () => {
    const { bus } = createBus();
    bus.subscribe("a", fail);

    const { deliveries } = await bus.publish("a", 1, { strict: false });

    expect(deliveries).toMatchObject([{ outcome: "failed", error: { message: "boom" } }]);
  });
});

describe('wait: "accepted"', () => {
  const options: PublishOptions = { wait: "accepted" };

  it("resolves while deliveries are in flight, and says so", async () => {
    const { bus } = createBus();
    bus.subscribe("a", () => new Promise(() => {}));

    const { deliveries } = await bus.publish("a", 1, options);

    expect(deliveries).toEqual([{ subscription: "a", outcome: "in_flight", attempts: 1 }]);
  });

  it("tells the outcome when the result is read after the delivery has settled", async () => {
    const { bus } = createBus();
    const done = deferred();
    bus.subscribe("a", () => done.promise);
    const result = await bus.publish("a", 1, options);
    const before = result.deliveries[0]?.outcome;

    done.resolve();
    await done.promise;
    await null;

    expect([before, result.deliveries[0]?.outcome]).toEqual(["in_flight", "handled"]);
  });

  it("has run the synchronous handlers", async () => {
    const { bus } = createBus();
    bus.subscribe("a", () => {});

    const { deliveries } = await bus.publish("a", 1, options);

    expect(deliveries).toMatchObject([{ outcome: "handled" }]);
  });
});

describe("await publish", () => {
  it("resolves when the last delivery has settled", async () => {
    const { bus } = createBus();
    const done = deferred();
    const order: string[] = [];
    bus.subscribe("a", () => done.promise.then(() => order.push("handler")));
    const published = bus.publish("a").then(() => order.push("publisher"));

    done.resolve();
    await published;

    expect(order).toEqual(["handler", "publisher"]);
  });

  it("waits for deliveries that publish by themselves and await it", async () => {
    const { bus } = createBus();
    const order: string[] = [];
    bus.subscribe("a", async (_, ctx) => {
      await ctx.publish("b");
      order.push("a");
    });
    bus.subscribe("b", async () => {
      await null;
      order.push("b");
    });

    await bus.publish("a");

    expect(order).toEqual(["b", "a"]);
  });
});
