import { AsyncLocalStorage } from "node:async_hooks";
import { beforeEach, describe, expect, it } from "vitest";
import { currentEvent } from "../../../src/index.ts";
import { telemetryCells } from "../../../src/telemetry/cells.ts";
import { conservationViolations } from "../../support/conservation.ts";
import { createBus, settleTurns } from "../../support/test-bus.ts";
import { resetProcessState } from "../../telemetry/recorded-sdk.ts";

beforeEach(resetProcessState);

function subscriptionsByState(): { active: number; paused: number } {
  const { activeSubscriptions, pausedSubscriptions } = telemetryCells();
  return { active: activeSubscriptions, paused: pausedSubscriptions };
}

describe("Subscription.pause", () => {
  it("keeps what comes until it is resumed, in order, whatever the options", async () => {
    const { bus } = createBus();
    const seen: unknown[] = [];
    const subscription = bus.subscribe("a", (event) => void seen.push(event.data));
    subscription.pause();

    const published = [1, 2].map((n) => bus.publish("a", n));
    await settleTurns();
    const before = [...seen];
    subscription.resume();
    await Promise.all(published);

    expect([before, seen]).toEqual([[], [1, 2]]);
    expect(subscription.isPaused).toBe(false);
  });

  it("inside the handler stops after the event at hand", async () => {
    const { bus } = createBus();
    const seen: unknown[] = [];
    const subscription = bus.subscribe("a", (event) => {
      seen.push(event.data);
      subscription.pause();
    });

    await bus.publish("a", 1);
    void bus.publish("a", 2);
    await settleTurns();

    expect(seen).toEqual([1]);
    expect(bus.stats()).toMatchObject({ queued: 1 });
    await bus.close();
  });

  it("counts the subscription once, however often it is called, and not when it has gone", () => {
    const { bus } = createBus();
    const subscription = bus.subscribe("a", () => undefined);

    subscription.pause();
    subscription.pause();
    const paused = subscriptionsByState();
    subscription.resume();
    subscription.resume();
    const resumed = subscriptionsByState();
    subscription.pause();
    subscription.unsubscribe();
    subscription.pause();

    expect([paused, resumed, subscriptionsByState()]).toEqual([
      { active: 0, paused: 1 },
      { active: 1, paused: 0 },
      { active: 0, paused: 0 },
    ]);
    expect([...telemetryCells().queueCapacity.values()]).toEqual([0]);
  });

  it("has retries wait, too", async () => {
    const { bus } = createBus();
    const attempts: number[] = [];
    const subscription = bus.subscribe(
      "a",
      (_event, ctx) => {
        attempts.push(ctx.attempt);
        subscription.pause();
        if (ctx.attempt === 1) throw new Error("broken");
      },
      { concurrency: 1, retry: { maxAttempts: 2, backoff: { initialMs: 0 } } },
    );
    const published = bus.publish("a");
    while (bus.stats().waitingForRetry > 0) await settleTurns();
    const before = [...attempts];
    const { queued } = bus.stats();

    subscription.resume();
    await published;

    expect([before, queued, attempts]).toEqual([[1], 1, [1, 2]]);
  });

  it("leaves each event the surroundings it was published in", async () => {
    const { bus } = createBus();
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const subscription = bus.subscribe("a", (event) => {
      seen.push([event.data, storage.getStore(), currentEvent()?.data]);
    });
    subscription.pause();
    const published = ["x", "y"].map((user) => storage.run(user, () => bus.publish("a", user)));

    storage.run("whoever resumes", () => subscription.resume());
    await Promise.all(published);

    expect(seen).toEqual([
      ["x", "x", "x"],
      ["y", "y", "y"],
    ]);
  });
});

describe("a subscription that is paused while a retry waits", () => {
  it.each([undefined, 10])("starts it when it is resumed (concurrency %s)", async (concurrency) => {
    const { bus } = createBus();
    let calls = 0;
    const failing = (): void => {
      calls++;
      throw new Error("broken");
    };
    const retry = { maxAttempts: 2, backoff: { initialMs: 1, jitter: "none" } } as const;
    const subscription = bus.subscribe("a", failing, { name: "s", concurrency, retry });
    const published = bus.publish("a");
    subscription.pause();
    while (bus.stats().waitingForRetry > 0) await settleTurns();

    const whilePaused = { calls, queued: bus.stats().queued };
    subscription.resume();
    await published;

    expect(whilePaused).toEqual({ calls: 1, queued: 1 });
    expect(calls).toBe(2);
    expect(conservationViolations(bus.stats())).toEqual([]);
  });
});
