import { AsyncLocalStorage } from "node:async_hooks";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { conservationViolations } from "../support/conservation.ts";
import { createBus, rejectionOf, settleTurns } from "../support/test-bus.ts";

const FAKED = ["setTimeout", "clearTimeout", "Date", "performance"] as const;

beforeEach(() => void vi.useFakeTimers({ toFake: [...FAKED] }));
afterEach(() => void vi.useRealTimers());

describe("publish with delayMs or deliverAt", () => {
  it.each([
    ["delayMs", () => ({ delayMs: 1000 })],
    ["deliverAt as a Date", () => ({ deliverAt: new Date(Date.now() + 1000) })],
    ["deliverAt in milliseconds", () => ({ deliverAt: Date.now() + 1000 })],
    ["a part of a millisecond", () => ({ delayMs: 999.5 })],
  ])("delivers when it is due, and not before (%s)", async (_, options) => {
    const { bus } = createBus();
    const seen: unknown[] = [];
    bus.subscribe("a", (event) => void seen.push(event.data));
    const published = bus.publish("a", 1, options());

    vi.advanceTimersByTime(999);
    const early = [...seen];
    const { scheduled } = bus.stats();
    vi.advanceTimersByTime(1);

    expect([early, scheduled, seen]).toEqual([[], 1, [1]]);
    expect((await published).deliveries[0]).toMatchObject({ outcome: "handled", attempts: 1 });
    expect(bus.stats()).toMatchObject({ scheduled: 0, dispatched: 1 });
  });

  it.each([{ delayMs: 0 }, { deliverAt: 0 }])("delivers at once what is due already: %o", async (options) => {
    const { bus } = createBus();
    const seen: unknown[] = [];
    bus.subscribe("a", (event) => void seen.push(event.data));

    const published = bus.publish("a", 1, options);

    expect(seen).toEqual([1]);
    await published;
  });

  it.each<[string, object]>([
    ["both", { delayMs: 1, deliverAt: 1 }],
    ["a date that is none", { deliverAt: new Date(Number.NaN) }],
    ["a time too far away", { deliverAt: 8.64e15 }],
    ["a negative delay", { delayMs: -1 }],
    ["a delay that is no number", { delayMs: "1" }],
  ])("refuses %s", async (_, options) => {
    const { bus } = createBus();

    const error = await rejectionOf(bus.publish("a", 1, options as { delayMs: number }));

    expect(error).toMatchObject({ code: "INVALID_OPTION" });
    expect(bus.stats()).toMatchObject({ scheduled: 0, refused: { invalid_option: 1 } });
  });

  it("says of an accepted event, as long as it waits, that its deliveries are in flight", async () => {
    const { bus } = createBus();
    bus.subscribe("a", () => undefined, { name: "s" });
    const result = await bus.publish("a", 1, { delayMs: 1000, wait: "accepted" });

    const before = result.deliveries;
    vi.advanceTimersByTime(1000);

    expect(before).toEqual([{ subscription: "s", outcome: "in_flight", attempts: 0 }]);
    expect(result.deliveries).toMatchObject([{ subscription: "s", outcome: "handled", attempts: 1 }]);
  });

  it("delivers to who is subscribed when it is due", async () => {
    const { bus } = createBus();
    const seen: string[] = [];
    const early = bus.subscribe("a", () => void seen.push("early"), { name: "early" });
    const published = bus.publish("a", 1, { delayMs: 10 });

    early.unsubscribe();
    bus.subscribe("a", () => void seen.push("late"), { name: "late" });
    vi.advanceTimersByTime(10);

    expect(seen).toEqual(["late"]);
    expect((await published).deliveries.map(({ subscription }) => subscription)).toEqual(["late"]);
  });

  it("settles where nobody is subscribed when it is due", async () => {
    const { bus } = createBus();
    const published = bus.publish("a", 1, { delayMs: 10 });

    vi.advanceTimersByTime(10);

    expect((await published).deliveries).toEqual([]);
    expect(bus.stats()).toMatchObject({ unrouted: 1, dispatched: 1, scheduled: 0 });
  });

  it("rejects a strict publish when a delivery has failed at last", async () => {
    const { bus } = createBus();
    bus.subscribe("a", () => {
      throw new Error("broken");
    });
    const rejection = rejectionOf(bus.publish("a", 1, { delayMs: 10, strict: true }));

    vi.advanceTimersByTime(10);

    expect(await rejection).toMatchObject({ code: "DELIVERY_FAILED" });
  });

  it("keeps the surroundings, the correlation and the publish instant of the call", async () => {
    vi.useRealTimers(); // faked ones run where time is advanced
    const { bus } = createBus();
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    bus.subscribe("b", (event) => {
      seen.push([storage.getStore(), event.correlationId, event.causationId === undefined, event.timestamp]);
    });
    let publishedAt = 0;
    bus.subscribe("a", async () => {
      const published = bus.publish("b", 1, { delayMs: 20 });
      publishedAt = Date.now();
      await published;
    });

    await storage.run("user", () => bus.publish("a", 1, { correlationId: "order-1" }));

    expect(seen).toEqual([["user", "order-1", false, expect.closeTo(publishedAt, -1)]]);
  });

  it("refuses more than maxScheduled, and takes more when one has been delivered", async () => {
    const { bus } = createBus({ maxScheduled: 2 });
    const published = [10, 20].map((delayMs) => bus.publish("a", 1, { delayMs }));

    const error = await rejectionOf(bus.publish("a", 1, { delayMs: 5 }));
    vi.advanceTimersByTime(10);
    published.push(bus.publish("a", 1, { delayMs: 10 }));
    vi.advanceTimersByTime(10);
    await Promise.all(published);

    expect(error).toMatchObject({ code: "SCHEDULE_FULL" });
    expect(bus.stats()).toMatchObject({ refused: { schedule_full: 1 }, dispatched: 3, scheduled: 0 });
  });
});

describe("stopping with scheduled events", () => {
  it.each(["close", "drain"] as const)("by %s cancels and names them, and settles their publishers", async (how) => {
    const { bus } = createBus();
    bus.subscribe("a", () => undefined);
    const published = [{}, { strict: true }, { wait: "accepted" as const }].map((options) => {
      return bus.publish("a", 1, { ...options, delayMs: 1000 });
    });

    const { cancelled } = await bus[how]();
    const results = await Promise.all(published);

    expect(results.map(({ isCancelled, deliveries }) => [isCancelled, deliveries])).toEqual(Array(3).fill([true, []]));
    expect(cancelled.map(({ eventId }) => eventId)).toEqual(results.map(({ id }) => id));
    expect(bus.stats()).toMatchObject({ accepted: 3, cancelled: 3, scheduled: 0, matched: 0 });
    expect(conservationViolations(bus.stats())).toEqual([]);
  });

  it("by drain cancels at once what the handlers being drained schedule, and is not held up by it", async () => {
    const { bus } = createBus();
    let isCancelled: boolean | undefined;
    bus.subscribe("a", async (_event, ctx) => {
      await settleTurns();
      ({ isCancelled } = await ctx.publish("b", 1, { delayMs: 60_000 }));
    });
    const published = bus.publish("a");

    const report = await bus.drain({ deadlineMs: 1000 });

    expect(report).toMatchObject({ isComplete: true, cancelled: [{ eventName: "b" }] });
    expect(isCancelled).toBe(true);
    await published;
  });
});
