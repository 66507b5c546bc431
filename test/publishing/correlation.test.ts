import { describe, expect, it } from "vitest";
import { type BusEvent, createEvent } from "../../src/event/event.ts";
import { createBus, rejectionOf } from "../support/test-bus.ts";

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe("the correlation id", () => {
  it("is the caller's", async () => {
    const { bus } = createBus();

    const { correlationId } = await bus.publish("a", 1, { correlationId: "order:1" });

    expect(correlationId).toBe("order:1");
  });

  it.each(["a", "A-Z_0.9:x", "x".repeat(128)])("may be %s", async (correlationId) => {
    const { bus } = createBus();

    expect((await bus.publish("a", 1, { correlationId })).correlationId).toBe(correlationId);
  });

  it("is the caller's inside a handler too", async () => {
    const { bus } = createBus();
    const seen: BusEvent[] = [];
    bus.subscribe("a", (_, ctx) => ctx.publish("b", 1, { correlationId: "own" }));
    bus.subscribe("b", (event) => void seen.push(event));

    const { id } = await bus.publish("a", 1, { correlationId: "outer" });

    expect(seen[0]).toMatchObject({ correlationId: "own", causationId: id });
  });

  it("is that of the event being handled, through bus.publish", async () => {
    const { bus } = createBus();
    const seen: BusEvent[] = [];
    bus.subscribe("a", () => bus.publish("b"));
    bus.subscribe("b", (event) => void seen.push(event));

    const { correlationId } = await bus.publish("a");

    expect(seen[0]?.correlationId).toBe(correlationId);
  });

  it("is that of the event being handled after an await", async () => {
    const { bus } = createBus();
    const seen: BusEvent[] = [];
    bus.subscribe("a", async () => {
      await new Promise((resolve) => setImmediate(resolve));
      await bus.publish("b");
    });
    bus.subscribe("b", (event) => void seen.push(event));

    const { correlationId } = await bus.publish("a");

    expect(seen[0]?.correlationId).toBe(correlationId);
  });

  it("is carried unchanged through a chain", async () => {
    const { bus } = createBus();
    const seen: BusEvent[] = [];
    bus.subscribe("a", () => bus.publish("b"));
    bus.subscribe("b", (_, ctx) => ctx.publish("c"));
    bus.subscribe("*", (event) => void seen.push(event), { name: "monitor" });

    const { correlationId } = await bus.publish("a");

    expect(seen.map((event) => event.correlationId)).toEqual([correlationId, correlationId, correlationId]);
  });

  it("is a UUID of version 4 where nothing traces", async () => {
    const { bus } = createBus();

    expect((await bus.publish("a")).correlationId).toMatch(UUID_V4);
  });

  it("is new for each first event", async () => {
    const { bus } = createBus();

    const ids = [(await bus.publish("a")).correlationId, (await bus.publish("a")).correlationId];

    expect(ids[0]).not.toBe(ids[1]);
  });

  it("is the same whether the result or the event is read first", async () => {
    const { bus } = createBus();
    const seen: BusEvent[] = [];
    bus.subscribe("a", (event) => void seen.push(event));

    const result = await bus.publish("a");

    expect(result.correlationId).toBe(seen[0]?.correlationId);
    expect(result.id).toBe(seen[0]?.id);
  });
});

describe("the causation id", () => {
  it("is undefined at the start of a chain, and absent from the JSON", async () => {
    const { bus } = createBus();
    const seen: BusEvent[] = [];
    bus.subscribe("a", (event) => void seen.push(event));

    await bus.publish("a");

    expect(seen[0]?.causationId).toBeUndefined();
    expect(seen[0]?.toJSON()).not.toHaveProperty("causationId");
  });

  it.each(["bus", "ctx"] as const)("is the id of the event being handled, through %s.publish", async (via) => {
    const { bus } = createBus();
    const seen: BusEvent[] = [];
    bus.subscribe("a", (_, ctx) => (via === "bus" ? bus : ctx).publish("b"));
    bus.subscribe("b", (event) => void seen.push(event));

    const { id } = await bus.publish("a");

    expect(seen[0]).toMatchObject({ causationId: id, depth: 1 });
  });

  it("is that of the innermost event in a chain", async () => {
    const { bus } = createBus();
    const seen: BusEvent[] = [];
    bus.subscribe("a", () => bus.publish("b"));
    bus.subscribe("b", () => bus.publish("c"));
    bus.subscribe("*", (event) => void seen.push(event), { name: "monitor" });

    await bus.publish("a");

    const byName = new Map(seen.map((event) => [event.name, event]));
    expect(byName.get("c")).toMatchObject({ causationId: byName.get("b")?.id, depth: 2 });
  });

  it("is one that the published event brings along", async () => {
    const { bus } = createBus();
    const seen: BusEvent[] = [];
    bus.subscribe("a", (event) => void seen.push(event));

    await bus.publish(createEvent({ name: "a", data: 1, source: "test", causationId: "from-afar" }));

    expect(seen[0]?.causationId).toBe("from-afar");
  });

  it("is of ctx.publish also after the handler has returned", async () => {
    const { bus } = createBus();
    const seen: BusEvent[] = [];
    let later: (() => Promise<unknown>) | undefined;
    bus.subscribe("a", (_, { publish }) => {
      later = () => publish("b");
    });
    bus.subscribe("b", (event) => void seen.push(event));
    const { id, correlationId } = await bus.publish("a");

    await later?.();

    expect(seen[0]).toMatchObject({ causationId: id, correlationId });
  });

  it("is that of the other bus when a handler publishes there", async () => {
    const first = createBus().bus;
    const second = createBus().bus;
    const seen: BusEvent[] = [];
    first.subscribe("a", () => second.publish("b"));
    second.subscribe("b", (event) => void seen.push(event));

    const { id, correlationId } = await first.publish("a");

    expect(seen[0]).toMatchObject({ causationId: id, correlationId, depth: 1 });
  });
});

describe("ambient: false", () => {
  it("keeps bus.publish inside a handler from inheriting", async () => {
    const { bus } = createBus({ ambient: false });
    const seen: BusEvent[] = [];
    bus.subscribe("a", () => bus.publish("b"));
    bus.subscribe("b", (event) => void seen.push(event));

    const { correlationId } = await bus.publish("a");

    expect(seen[0]).toMatchObject({ causationId: undefined, depth: 0 });
    expect(seen[0]?.correlationId).not.toBe(correlationId);
  });

  it("lets ctx.publish inherit", async () => {
    const { bus } = createBus({ ambient: false });
    const seen: BusEvent[] = [];
    bus.subscribe("a", (_, ctx) => ctx.publish("b"));
    bus.subscribe("b", (event) => void seen.push(event));

    const { id, correlationId } = await bus.publish("a");

    expect(seen[0]).toMatchObject({ causationId: id, correlationId, depth: 1 });
  });

  it("keeps a bus from inheriting of another bus", async () => {
    const ambient = createBus().bus;
    const { bus } = createBus({ ambient: false });
    const seen: BusEvent[] = [];
    ambient.subscribe("a", () => bus.publish("b"));
    bus.subscribe("b", (event) => void seen.push(event));

    await ambient.publish("a");

    expect(seen[0]).toMatchObject({ causationId: undefined, depth: 0 });
  });
});

describe("depth", () => {
  it("refuses the publish that is deeper than 64 causes", async () => {
    const { bus } = createBus();
    const depths: number[] = [];
    const refusals: unknown[] = [];
    bus.subscribe("loop", async (event, ctx) => {
      depths.push(event.depth);
      await ctx.publish("loop").catch((error: unknown) => refusals.push(error));
    });

    await bus.publish("loop");

    expect(depths.at(-1)).toBe(64);
    expect(depths).toHaveLength(65);
    expect(refusals).toMatchObject([{ code: "DEPTH_EXCEEDED" }]);
    expect(bus.stats().refused).toEqual({ depth_exceeded: 1 });
  });

  it("names the chain of events in the refusal", async () => {
    const { bus } = createBus({ maxDepth: 2 });
    const refusals: unknown[] = [];
    bus.subscribe("order.placed", () => bus.publish("invoice.created"));
    bus.subscribe("invoice.created", () => bus.publish("mail.sent"));
    bus.subscribe("mail.sent", () => bus.publish("order.placed").catch((error: unknown) => refusals.push(error)));

    await bus.publish("order.placed");

    expect(refusals).toMatchObject([
      {
        message:
          'cannot publish "order.placed": 3 causes deep, 2 allowed: ' +
          "order.placed > invoice.created > mail.sent > order.placed",
      },
    ]);
  });

  it("shortens a long chain in the middle", async () => {
    const { bus } = createBus({ maxDepth: 30 });
    const refusals: { message: string }[] = [];
    const publishNext = (event: BusEvent): Promise<unknown> => {
      return bus.publish(`e${event.depth + 1}`).catch((error: { message: string }) => refusals.push(error));
    };
    bus.subscribe("*", publishNext);

    await bus.publish("e0");

    expect(refusals[0]?.message).toMatch(/: e0 > e1 > e2 > e3 > … > e25 > e26 > e27 > e28 > e29 > e30 > e31$/);
  });

  it("allows no effect at all with maxDepth 0", async () => {
    const { bus } = createBus({ maxDepth: 0 });
    const refusals: unknown[] = [];
    bus.subscribe("a", async (_, ctx) => refusals.push(await rejectionOf(ctx.publish("b"))));

    await bus.publish("a");

    expect(refusals).toMatchObject([{ code: "DEPTH_EXCEEDED" }]);
  });

  it("travels with the event, so that loops across services end too", async () => {
    const { bus } = createBus();
    const refusals: unknown[] = [];
    bus.subscribe("a", async () => refusals.push(await rejectionOf(bus.publish("b"))));

    await bus.publish({ name: "a", data: 1, depth: 64 });

    expect(refusals).toMatchObject([{ code: "DEPTH_EXCEEDED" }]);
  });
});

describe("an event that its handler passes on", () => {
  it("is not its own cause, and still counts one step deeper", async () => {
    const { bus: first } = createBus();
    const { bus: second } = createBus();
    const received: BusEvent[] = [];
    first.subscribe("a", (event) => second.publish(event));
    second.subscribe("a", (event) => void received.push(event));

    const { id } = await first.publish("a");

    expect(received.map((event) => [event.id, event.causationId, event.depth])).toEqual([[id, undefined, 1]]);
  });
});
