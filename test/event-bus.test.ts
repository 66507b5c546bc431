import { describe, expect, it } from "vitest";
import { createBus, thrownBy } from "./support/test-bus.ts";

describe("bus.subscribe", () => {
  it("returns a subscription with its name and pattern", () => {
    const { bus } = createBus();

    const subscription = bus.subscribe("order.*", () => {}, { name: "billing" });

    expect(subscription).toMatchObject({ name: "billing", pattern: "order.*", isActive: true });
  });

  it.each<readonly [what: string, handler: () => void, name: string]>([
    ["the handler", function charge() {}, "charge"],
    ["the handler before it was bound", function charge(this: unknown) {}.bind(null), "charge"],
    ["the pattern where the handler has no name", (() => () => {})(), "order.*"],
  ])("is named after %s", (_, handler, name) => {
    const { bus } = createBus();

    expect(bus.subscribe("order.*", handler).name).toBe(name);
  });

  it("warns once that subscriptions share a name", () => {
    const { bus, logger } = createBus();
    bus.subscribe("a", () => {}, { name: "same" });
    bus.subscribe("b", () => {}, { name: "same" });
    bus.subscribe("c", () => {}, { name: "same" });

    expect(logger.lines()).toMatchObject([{ level: "warn", fields: { subscription: "same" } }]);
  });

  it.each([undefined, null, 7, "handler", {}])("refuses %j as a handler", (handler) => {
    const { bus } = createBus();

    const error = thrownBy(() => bus.subscribe("a", handler as never));

    expect(error).toMatchObject({ code: "INVALID_HANDLER" });
    expect(bus.describe().subscriptions).toEqual([]);
  });

  it.each(["", "a..b", "a b", "**.a", undefined, 7])("refuses %j as a pattern", (pattern) => {
    const { bus } = createBus();

    expect(thrownBy(() => bus.subscribe(pattern as never, () => {}))).toMatchObject({ code: "INVALID_PATTERN" });
  });

  it("delivers to the same handler once for each of its subscriptions", async () => {
    const { bus } = createBus();
    let calls = 0;
    const handler = (): void => void calls++;
    bus.subscribe("a", handler, { name: "first" });
    bus.subscribe("*", handler, { name: "second" });

    await bus.publish("a");

    expect(calls).toBe(2);
  });
});

describe("Subscription", () => {
  it("ends with unsubscribe, once", async () => {
    const { bus } = createBus();
    let calls = 0;
    const subscription = bus.subscribe("a", () => calls++);

    const results = [subscription.unsubscribe(), subscription.unsubscribe()];
    await bus.publish("a");

    expect(results).toEqual([true, false]);
    expect(subscription.isActive).toBe(false);
    expect(calls).toBe(0);
  });

  it("ends with the block that uses it", async () => {
    const { bus } = createBus();
    let calls = 0;
    {
      using _subscription = bus.subscribe("a", () => calls++);
      await bus.publish("a");
    }

    await bus.publish("a");

    expect(calls).toBe(1);
  });

  it("ends when its signal is aborted", async () => {
    const { bus } = createBus();
    const controller = new AbortController();
    const subscription = bus.subscribe("a", () => {}, { signal: controller.signal });

    controller.abort();

    expect(subscription.isActive).toBe(false);
    expect((await bus.publish("a")).deliveries).toEqual([]);
  });

  it("never begins when its signal was aborted before", async () => {
    const { bus } = createBus();

    const subscription = bus.subscribe("a", () => {}, { signal: AbortSignal.abort() });

    expect(subscription.isActive).toBe(false);
    expect((await bus.publish("a")).deliveries).toEqual([]);
    expect(bus.describe().subscriptions).toEqual([]);
  });

  it("is plain data as JSON", () => {
    const { bus } = createBus();

    const subscription = bus.subscribe("a", () => {}, { name: "billing" });

    expect(JSON.parse(JSON.stringify(subscription))).toEqual({
      name: "billing",
      pattern: "a",
      isActive: true,
      isPaused: false,
    });
  });

  it("hears of the next event of a name that was published before it began", async () => {
    const { bus } = createBus();
    let calls = 0;
    await bus.publish("a");
    bus.subscribe("a", () => calls++);

    await bus.publish("a");

    expect(calls).toBe(1);
  });
});

describe("bus.unsubscribe", () => {
  it("ends every subscription of the handler to the pattern", async () => {
    const { bus } = createBus();
    let calls = 0;
    const handler = (): void => void calls++;
    bus.subscribe("a", handler, { name: "first" });
    bus.subscribe("a", handler, { name: "second" });
    bus.subscribe("*", handler, { name: "third" });

    const isFound = bus.unsubscribe("a", handler);
    await bus.publish("a");

    expect(isFound).toBe(true);
    expect(calls).toBe(1);
  });

  it("finds nothing for another handler or pattern", () => {
    const { bus } = createBus();
    const handler = (): void => {};
    bus.subscribe("a", handler);

    expect([bus.unsubscribe("a", () => {}), bus.unsubscribe("b", handler)]).toEqual([false, false]);
  });

  it("finds the handler that middleware wraps", () => {
    const { bus } = createBus();
    const handler = (): void => {};
    bus.use((_event, _ctx, next) => next());
    bus.subscribe("a", handler);

    expect(bus.unsubscribe("a", handler)).toBe(true);
  });

  it("refuses what is no pattern", () => {
    const { bus } = createBus();

    expect(thrownBy(() => bus.unsubscribe("a..b", () => {}))).toMatchObject({ code: "INVALID_PATTERN" });
  });
});

describe("bus.stats", () => {
  it("is a copy that nobody can change the accounts with", async () => {
    const { bus } = createBus();
    const stats = bus.stats() as { published: number; refused: Record<string, number> };

    stats.published = 7;
    stats.refused.bus_closed = 7;
    await bus.publish("a");

    expect(bus.stats()).toMatchObject({ published: 1, refused: {} });
  });

  it("does not change when the bus goes on", async () => {
    const { bus } = createBus();
    const before = bus.stats();

    await bus.publish("a");

    expect(before.published).toBe(0);
  });
});

describe("a pattern that no event of the catalog matches", () => {
  it("is refused, because its handler could never run", () => {
    const { bus } = createBus({ events: { "order.placed": {} } });

    const error = thrownBy(() => bus.subscribe("ordr.*" as never, () => undefined));

    expect(error).toMatchObject({ code: "UNKNOWN_EVENT", message: expect.stringContaining("ordr.*") });
  });

  it("is taken where unknown events are allowed", () => {
    const { bus } = createBus({ events: { "order.placed": {} }, unknownEvents: "allow" });

    const subscription = bus.subscribe("ordr.*" as never, () => undefined);

    expect(subscription.isActive).toBe(true);
  });
});
