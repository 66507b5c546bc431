import { describe, expect, it } from "vitest";
import { createTestBus, recordingHandler } from "../../src/testing/index.ts";
import { deferred, thrownBy } from "../support/test-bus.ts";

const IN_FLIGHT = "spanbus.delivery.in_flight";
const EVENTS = "spanbus.dead_letter.events";
const STORED = "spanbus.dead_letter.stored";
const SUBSCRIPTIONS = "spanbus.subscription.count";

describe("the metrics of a harness", () => {
  it("tell what is in flight now, by state", async () => {
    await using harness = createTestBus({ expectFailures: true });
    const gate = deferred();
    const retry = { maxAttempts: 2, backoff: { initialMs: 60_000, jitter: "none" as const } };
    harness.bus.subscribe("order.placed", () => gate.promise, { name: "billing" });
    harness.bus.subscribe("order.placed", recordingHandler({ throws: new Error("no") }), { name: "books", retry });

    const published = harness.bus.publish("order.placed");
    await Promise.resolve();
    const during = harness.metrics;
    gate.resolve();
    await harness.bus.close();
    await published;

    expect(during.value(IN_FLIGHT, { subscription: "billing", deliveryState: "running" })).toBe(1);
    expect(during.value(IN_FLIGHT, { subscription: "books", deliveryState: "waiting_for_retry" })).toBe(1);
    expect(during.value(IN_FLIGHT, { destination: "order.placed" })).toBe(2);
    expect(harness.metrics.value(IN_FLIGHT)).toBe(0);
  });

  it.each([
    ["metric", "spanbus.handler.retrys", {}],
    ["label", STORED, { subscrption: "billing" }],
  ])("refuse a %s that the contract does not have, which would count 0 for ever", async (kind, name, labels) => {
    await using harness = createTestBus();

    const error = thrownBy(() => harness.metrics.value(name as typeof STORED, labels));

    expect(error).toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringContaining(`there is no ${kind} "${kind === "metric" ? name : "subscrption"}"; there are `),
    });
  });

  it("list no series that is back where it was", async () => {
    await using harness = createTestBus();

    harness.bus.subscribe("order.placed", () => undefined, { name: "billing" }).unsubscribe();

    expect(harness.metrics.list()).toEqual([]);
  });
});

describe("the metrics of a run", () => {
  it("tell what became of its dead letters, and how many more are stored", async () => {
    await using harness = createTestBus({ expectFailures: true, deadLetters: { capacity: 2 } });
    const { bus } = harness;
    bus.subscribe("order.placed", recordingHandler({ throws: new Error("no"), times: 5 }), { name: "billing" });
    const idAt = (index: number): string => bus.deadLetters.list()[index]?.id ?? "";

    const stored = await harness.run(() => Promise.all([1, 2, 3].map(() => bus.publish("order.placed"))));
    const failedAgain = await harness.run(() => bus.deadLetters.replay(idAt(0)));
    const removed = await harness.run(() => bus.deadLetters.remove(idAt(1)));
    const refused = await harness.run(() => bus.publish("order.placed"));
    const handled = await harness.run(() => bus.deadLetters.replay(idAt(0)));

    const told = [stored, failedAgain, removed, refused, handled].map(({ metrics }) => {
      const operations = ["stored", "replayed", "removed", "evicted"].map((deadLetterOperation) =>
        metrics.value(EVENTS, { subscription: "billing", destination: "order.placed", deadLetterOperation }),
      );
      return [...operations, metrics.value(STORED, { subscription: "billing", destination: "order.placed" })];
    });
    expect(told).toEqual([
      [3, 0, 0, 1, 2],
      [1, 1, 0, 0, 0],
      [0, 0, 1, 0, -1],
      [1, 0, 0, 0, 1],
      [0, 1, 0, 0, -1],
    ]);
    expect(harness.metrics.value(STORED)).toBe(bus.deadLetters.size);
    expect(harness.conservation()).toEqual([]);
  });

  it("count the subscriptions it made and ended, not those of others", async () => {
    await using harness = createTestBus();
    harness.bus.subscribe("order.placed", () => undefined, { name: "billing" });
    const first = harness.bus.subscribe("order.placed", () => undefined, { name: "books" });

    const made = await harness.run(() => void harness.bus.once("order.placed", () => undefined, { name: "mailer" }));
    const ended = await harness.run(() => harness.bus.publish("order.placed").then(() => first.unsubscribe()));

    expect(made.metrics.value(SUBSCRIPTIONS, { subscriptionState: "active" })).toBe(1);
    expect(ended.metrics.value(SUBSCRIPTIONS)).toBe(-2);
    expect(harness.metrics.value(SUBSCRIPTIONS)).toBe(1);
  });

  it("count what handlers return, throw and reject with after their attempt was over", async () => {
    await using harness = createTestBus({ expectFailures: true });
    const { bus } = harness;
    const gate = deferred();
    const tooLate = (): void => expect.fail("too late");
    bus.subscribe("order.placed", () => gate.promise, { name: "billing", timeoutMs: 1 });
    bus.subscribe("order.placed", () => gate.promise.then(tooLate), { name: "books", timeoutMs: 1 });

    await bus.publish("order.placed");
    gate.resolve();
    await new Promise((resolve) => setImmediate(resolve));

    const counts = ["billing", "books"].map((subscription) => {
      return harness.metrics.value("spanbus.delivery.late_results", { subscription });
    });
    expect(counts).toEqual([1, 1]);
    expect(bus.stats().lateResults).toBe(2);
  });
});
