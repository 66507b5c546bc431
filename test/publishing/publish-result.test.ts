import { inspect, isDeepStrictEqual } from "node:util";
import { describe, expect, it } from "vitest";
import { createBus } from "../support/test-bus.ts";

describe("the publish result", () => {
  it("makes no id unless somebody reads one", async () => {
    let calls = 0;
    const { bus } = createBus({ generateId: () => `id-${++calls}` });
    const result = await bus.publish("a");
    const before = calls;

    const ids = [result.id, result.id];

    expect(before).toBe(0);
    expect(ids).toEqual(["id-1", "id-1"]);
  });

  it("looks equal to itself only, whoever compares", async () => {
    const { bus } = createBus();
    const other = createBus().bus;

    const [one, two] = [await bus.publish("a"), await other.publish("a")];

    expect(one).toEqual(one);
    expect(one).not.toEqual(two);
    expect(isDeepStrictEqual(one, one)).toBe(true);
    expect(isDeepStrictEqual(one, two)).toBe(false);
    expect(one).toMatchObject({ id: one.id, deliveries: [] });
    expect(one).toEqual(expect.objectContaining({ id: one.id }));
  });

  it("looks different where its deliveries ended differently, although the ids are the same", async () => {
    const results = await Promise.all(
      ["handled", "failed"].map(async (outcome) => {
        const { bus } = createBus({ generateId: () => "id-1" });
        bus.subscribe("a", () => outcome === "failed" && Promise.reject(new Error("no")), { name: "billing" });
        return bus.publish("a", {}, { correlationId: "c-1" });
      }),
    );

    expect(results.map(String)).toEqual([
      "[object PublishResult id-1 (billing handled)]",
      "[object PublishResult id-1 (billing failed)]",
    ]);
    expect(results[0]).not.toEqual(results[1]);
  });

  it("builds the deliveries once", async () => {
    const { bus } = createBus();
    bus.subscribe("a", () => {});

    const result = await bus.publish("a");

    const { deliveries } = result;
    expect(result.deliveries).toBe(deliveries);
  });

  it("hands out deliveries that cannot be changed", async () => {
    const { bus } = createBus();
    bus.subscribe("a", () => {});

    const { deliveries } = await bus.publish("a");

    expect(Object.isFrozen(deliveries)).toBe(true);
  });

  it("lists one delivery for each subscription, in subscription order", async () => {
    const { bus } = createBus();
    bus.subscribe("*", async () => {}, { name: "slow" });
    bus.subscribe("a", () => {}, { name: "quick" });

    const { deliveries } = await bus.publish("a");

    expect(deliveries.map((each) => each.subscription)).toEqual(["slow", "quick"]);
  });

  it("has no trace id where nothing traces", async () => {
    const { bus } = createBus();

    expect((await bus.publish("a")).traceId).toBeUndefined();
  });

  it("tells the duration where a timeout made a clock read worth it", async () => {
    const { bus } = createBus();
    bus.subscribe("a", async () => {}, { timeoutMs: 1000, name: "timed" });
    bus.subscribe("a", async () => {}, { name: "untimed" });

    const { deliveries } = await bus.publish("a");

    expect(deliveries[0]?.durationMs).toBeGreaterThanOrEqual(0);
    expect(deliveries[1]).not.toHaveProperty("durationMs");
  });

  it("is plain data as JSON", async () => {
    const { bus } = createBus();
    bus.subscribe("a", () => {}, { name: "billing" });

    const result = await bus.publish("a");

    expect(JSON.parse(JSON.stringify(result))).toEqual({
      id: result.id,
      correlationId: result.correlationId,
      deliveries: [{ subscription: "billing", outcome: "handled", attempts: 1 }],
      isCancelled: false,
    });
  });

  it("shows its fields when it is inspected", async () => {
    const { bus } = createBus();
    bus.subscribe("a", () => {}, { name: "billing" });

    const text = inspect(await bus.publish("a"), { depth: 5 });

    expect(text).toMatch(/^PublishResult \{/);
    expect(text).toContain("subscription: 'billing'");
  });
});
