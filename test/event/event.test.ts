import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { BusError } from "../../src/errors.ts";
import { type BusEvent, createEvent, EventRecord, fixContext, validateEvent } from "../../src/event/event.ts";
import { createBus, thrownBy } from "../support/test-bus.ts";

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe("createEvent", () => {
  it("fills in what was not given", () => {
    const event = createEvent({ name: "order.placed", data: { total: 1 }, source: "shop" });

    expect(event.toJSON()).toEqual({
      id: expect.stringMatching(UUID_V4),
      name: "order.placed",
      data: { total: 1 },
      source: "shop",
      correlationId: expect.stringMatching(UUID_V4),
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      depth: 0,
      headers: {},
    });
  });

  it("fixes id, correlation id and timestamp at their first read", () => {
    const event = createEvent({ name: "a", source: "test" });

    const first = event.toJSON();

    expect(event.toJSON()).toEqual(first);
  });

  it.each([
    ["milliseconds", 86_400_000],
    ["a Date", new Date(86_400_000)],
    ["ISO 8601", "1970-01-02T00:00:00.000Z"],
  ])("takes a timestamp as %s", (_, timestamp) => {
    expect(createEvent({ name: "a", source: "test", timestamp }).timestamp).toBe(86_400_000);
  });

  it("takes back what toJSON wrote", () => {
    const event = createEvent({
      name: "a",
      data: { n: 1 },
      source: "test",
      causationId: "cause-1",
      depth: 2,
      headers: { tenant: "x" },
    });

    const again = createEvent(JSON.parse(JSON.stringify(event)));

    expect(again.toJSON()).toEqual(event.toJSON());
  });

  it("is frozen, and its headers are", () => {
    const event = createEvent({ name: "a", source: "test", headers: { tenant: "x" } });

    expect([Object.isFrozen(event), Object.isFrozen(event.headers)]).toEqual([true, true]);
  });

  it("refuses to be written to", () => {
    const event = createEvent({ name: "a", source: "test" });

    const error = thrownBy(() => {
      (event as { id: string }).id = "other";
    });

    expect(error).toBeInstanceOf(TypeError);
  });

  it("copies the headers it was given", () => {
    const headers = { tenant: "x" };
    const event = createEvent({ name: "a", source: "test", headers });

    headers.tenant = "y";

    expect(event.headers).toEqual({ tenant: "x" });
  });

  it("reads each field once", () => {
    let reads = 0;
    const init = {
      name: "a",
      source: "test",
      get correlationId() {
        return reads++ === 0 ? "fine" : "not fine";
      },
    };

    expect(createEvent(init).correlationId).toBe("fine");
  });

  it.each([
    [{ causationId: "cause-1" }, "cause-1", 0],
    [{ depth: 3 }, undefined, 3],
    [{ causationId: "cause-1", depth: 3 }, "cause-1", 3],
    [{}, undefined, 0],
  ])("takes over what is known of its causes: %j", (given, causationId, depth) => {
    const event = createEvent({ name: "a", source: "test", ...given });

    const json = event.toJSON();

    expect([event.causationId, event.depth]).toEqual([causationId, depth]);
    expect([json.causationId, json.depth]).toEqual([causationId, depth]);
    expect("causationId" in json).toBe(causationId !== undefined);
  });

  it.each([{ causationId: "cause-1" }, { depth: 3 }, { id: "id-1" }, { correlationId: "c-1" }])(
    "keeps %j when it is published",
    async (given) => {
      const { bus } = createBus();
      const seen: BusEvent[] = [];
      bus.subscribe("a", (event) => void seen.push(event));

      await bus.publish(createEvent({ name: "a", source: "test", ...given }));

      expect(seen).toMatchObject([given]);
    },
  );

  it("has no cause of its own where only a field is wrong", () => {
    expect("cause" in (thrownBy(() => createEvent({ name: "a b", source: "test" })) as object)).toBe(false);
  });

  it("shows its fields when it is inspected", () => {
    const event = createEvent({ name: "a", data: { n: 1 }, source: "test" });

    expect(inspect(event)).toMatch(/^BusEvent \{.*name: 'a'.*data: \{ n: 1 \}/s);
  });

  it.each([
    ["INVALID_NAME", { name: "a b", source: "test" }],
    ["INVALID_NAME", { source: "test" }],
    ["INVALID_EVENT", { name: "a" }],
    ["INVALID_EVENT", { name: "a", source: "" }],
    ["INVALID_EVENT", { name: "a", source: "test", id: "" }],
    ["INVALID_EVENT", null],
    ["INVALID_EVENT", "a"],
    ["HEADERS_TOO_LARGE", { name: "a", source: "test", headers: { n: "x".repeat(9000) } }],
  ])("throws %s for %j", (code, init) => {
    const error = thrownBy(() => createEvent(init as never));

    expect(error).toBeInstanceOf(BusError);
    expect(error).toMatchObject({ code, message: expect.stringMatching(/^cannot create event: /) });
  });

  it("keeps what a hostile field threw as the cause", () => {
    const thrown = new Error("no reading");
    const init = {
      get name(): never {
        throw thrown;
      },
    };

    expect(thrownBy(() => createEvent(init as never))).toMatchObject({ code: "INVALID_EVENT", cause: thrown });
  });
});

describe("a chain of events that is too long", () => {
  it.each([
    [11, "e0 > e1 > e2 > e3 > e4 > e5 > e6 > e7 > e8 > e9 > e10 > e11 > e12"],
    [12, "e0 > e1 > e2 > e3 > … > e7 > e8 > e9 > e10 > e11 > e12 > e13"],
  ])("is named whole up to twelve causes, with at most %s of them", async (maxDepth, chain) => {
    const { bus } = createBus({ maxDepth });
    const refusals: string[] = [];
    bus.subscribe("*", (event, ctx) => {
      return ctx.publish(`e${event.depth + 1}`).catch((error: Error) => refusals.push(error.message));
    });

    await bus.publish("e0");

    expect(refusals).toEqual([expect.stringMatching(new RegExp(`: ${chain}$`))]);
  });
});

describe("validateEvent", () => {
  it("finds nothing wrong with what createEvent made", () => {
    expect(validateEvent(createEvent({ name: "a", source: "test" }))).toEqual([]);
  });

  it("finds nothing wrong with an event that a bus delivered, or with its JSON", async () => {
    const { bus } = createBus();
    const events: BusEvent[] = [];
    bus.subscribe("a", (event) => void events.push(event));
    await bus.publish("a", { n: 1 });

    expect(validateEvent(events[0])).toEqual([]);
    expect(validateEvent(JSON.parse(JSON.stringify(events[0])))).toEqual([]);
  });

  it("misses a source, which no bus can add", () => {
    expect(validateEvent({ name: "a" })).toEqual([expect.stringContaining("source is missing")]);
  });

  it("says one sentence for each field that is wrong", () => {
    const problems = validateEvent({ name: "a b", source: 7, id: "", timestamp: "no", depth: 0.5 });

    expect(problems.map((problem) => problem.split(" ")[0])).toEqual(["name", "source", "id", "timestamp", "depth"]);
  });

  it.each([undefined, null, 7, "order.placed", Symbol("a")])("takes %s for no event", (value) => {
    expect(validateEvent(value)).toEqual([expect.stringContaining("an event is an object with a name")]);
  });

  it("never throws, whatever it is asked about", () => {
    const hostile = new Proxy(
      {},
      {
        get() {
          throw new Error("trapped");
        },
      },
    );

    expect(validateEvent(hostile)).toEqual(["the event cannot be read: one of its fields throws"]);
  });
});

describe("two events", () => {
  it("that differ are not deeply equal", () => {
    const [one, other] = [1, 2].map((data) => createEvent({ name: "a.b", data, source: "s" }));

    expect(one).not.toEqual(other);
  });
});

describe("the headers of an event published under a propagator", () => {
  function publishedEvent(injected: Readonly<Record<string, string>> | undefined): EventRecord {
    const origin = { now: Date.now, generateId: () => "id-1", injectHeaders: () => injected };
    const event = new EventRecord({ name: "a", source: "test", given: { name: "a", headers: OWN } }, 1, origin);
    fixContext(event, "a context");
    return event;
  }
  const OWN = { tenant: "x", traceparent: "old" };

  it("are its own and those of the context, which win", () => {
    const { headers } = publishedEvent({ traceparent: "new" });

    expect(headers).toEqual({ tenant: "x", traceparent: "new" });
    expect(Object.isFrozen(headers)).toBe(true);
  });

  it("are its own where nothing is injected", () => {
    expect(publishedEvent(undefined).headers).toEqual(OWN);
  });

  it("are made once", () => {
    const event = publishedEvent({ traceparent: "new" });

    expect(event.headers).toBe(event.headers);
  });
});
