import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { BackoffOptions, SubscribeOptions } from "../../src/options.ts";
import { conservationViolations } from "../support/conservation.ts";
import { createBus, deferred, settleTurns } from "../support/test-bus.ts";

const FIXED: BackoffOptions = { initialMs: 100, factor: 2, maxMs: 300, jitter: "none" };

function failTimes(times: number): () => void {
  let calls = 0;
  return () => {
    if (calls++ < times) throw new Error(`failure ${calls}`);
  };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("retry", () => {
  it("gives up after the first attempt unless asked otherwise", async () => {
    const { bus } = createBus();
    bus.subscribe("a", failTimes(1));

    const { deliveries } = await bus.publish("a");

    expect(deliveries).toMatchObject([{ outcome: "failed", reason: "attempts_exhausted", attempts: 1 }]);
  });

  it("is handled when a later attempt succeeds", async () => {
    const { bus } = createBus();
    bus.subscribe("a", failTimes(2), { retry: { maxAttempts: 3, backoff: FIXED } });

    const result = bus.publish("a");
    await vi.advanceTimersByTimeAsync(300);

    expect((await result).deliveries).toEqual([{ subscription: "a", outcome: "handled", attempts: 3 }]);
  });

  it("stops after maxAttempts in total", async () => {
    const { bus } = createBus();
    let calls = 0;
    bus.subscribe(
      "a",
      () => {
        throw new Error(`failure ${++calls}`);
      },
      { retry: { maxAttempts: 3, backoff: FIXED } },
    );

    const result = bus.publish("a");
    await vi.advanceTimersByTimeAsync(10_000);

    expect(calls).toBe(3);
    expect((await result).deliveries).toMatchObject([{ attempts: 3, error: { message: "failure 3" } }]);
  });

  it("waits exactly as the backoff says", async () => {
    const { bus } = createBus();
    const startedAt = Date.now();
    const at: number[] = [];
    bus.subscribe(
      "a",
      () => {
        at.push(Date.now() - startedAt);
        throw new Error("boom");
      },
      { retry: { maxAttempts: 5, backoff: FIXED } },
    );

    void bus.publish("a");
    await vi.advanceTimersByTimeAsync(10_000);

    expect(at).toEqual([0, 100, 300, 600, 900]);
  });

  it("waits the share of the backoff that random says, by default", async () => {
    const shares = [0.5, 0.25];
    const { bus } = createBus({ random: () => shares.shift() ?? 0 });
    const startedAt = Date.now();
    const at: number[] = [];
    bus.subscribe(
      "a",
      () => {
        at.push(Date.now() - startedAt);
        throw new Error("boom");
      },
      { retry: { maxAttempts: 3, backoff: { initialMs: 1000 } } },
    );

    void bus.publish("a");
    await vi.advanceTimersByTimeAsync(10_000);

    expect(at).toEqual([0, 500, 1000]);
  });

  it("waits half of the backoff when random throws", async () => {
    const { bus } = createBus({
      random: () => {
        throw new Error("no luck");
      },
    });
    const waits: unknown[] = [];
    bus.onAttemptError(({ retryInMs }) => waits.push(retryInMs));
    bus.subscribe("a", failTimes(1), { retry: { maxAttempts: 2, backoff: { initialMs: 1000 } } });

    void bus.publish("a");
    await vi.advanceTimersByTimeAsync(1000);

    expect(waits).toEqual([500]);
  });

  it("waits as long as retryAfter says instead", async () => {
    const { bus } = createBus();
    const startedAt = Date.now();
    const at: number[] = [];
    bus.subscribe(
      "a",
      (_, { retryAfter, attempt }) => {
        at.push(Date.now() - startedAt);
        if (attempt === 1) retryAfter(7);
      },
      { retry: { maxAttempts: 2, backoff: FIXED } },
    );

    const result = bus.publish("a");
    await vi.advanceTimersByTimeAsync(7);

    expect(at).toEqual([0, 7]);
    expect((await result).deliveries).toMatchObject([{ outcome: "handled", attempts: 2 }]);
  });

  it("dead-letters a retryAfter that no attempt is left for", async () => {
    const { bus } = createBus();
    bus.subscribe("a", (_, { retryAfter }) => retryAfter(5));

    const { deliveries } = await bus.publish("a");

    expect(deliveries).toMatchObject([
      { outcome: "failed", reason: "attempts_exhausted", error: { code: "HANDLER_REQUESTED_RETRY" } },
    ]);
  });

  it("never re-runs the siblings", async () => {
    const { bus } = createBus();
    const calls: string[] = [];
    bus.subscribe("a", () => void calls.push("sibling"), { name: "sibling" });
    bus.subscribe("a", failTimes(2), { retry: { maxAttempts: 3, backoff: FIXED } });

    const result = bus.publish("a");
    await vi.advanceTimersByTimeAsync(300);
    await result;

    expect(calls).toEqual(["sibling"]);
  });

  it("delivers the same event to each attempt", async () => {
    const { bus } = createBus();
    const ids: string[] = [];
    bus.subscribe(
      "a",
      (event, { attempt }) => {
        ids.push(event.id);
        if (attempt < 3) throw new Error("boom");
      },
      { retry: { maxAttempts: 3, backoff: FIXED } },
    );

    const result = bus.publish("a");
    await vi.advanceTimersByTimeAsync(300);

    const { id } = await result;
    expect(ids).toEqual([id, id, id]);
  });

  it("counts a waiting retry as waiting, and an attempt as running", async () => {
    const { bus } = createBus();
    const during: unknown[] = [];
    bus.subscribe(
      "a",
      (_, { attempt }) => {
        const { running, waitingForRetry } = bus.stats();
        during.push({ running, waitingForRetry });
        if (attempt === 1) throw new Error("boom");
      },
      { retry: { maxAttempts: 2, backoff: FIXED } },
    );

    void bus.publish("a");
    const { running, waitingForRetry } = bus.stats();
    await vi.advanceTimersByTimeAsync(100);

    expect({ running, waitingForRetry }).toEqual({ running: 0, waitingForRetry: 1 });
    expect(during).toEqual([
      { running: 1, waitingForRetry: 0 },
      { running: 1, waitingForRetry: 0 },
    ]);
  });

  it("counts attempts, their failures and retries apart", async () => {
    const { bus } = createBus();
    bus.subscribe("a", failTimes(2), { retry: { maxAttempts: 3, backoff: FIXED } });

    void bus.publish("a");
    await vi.advanceTimersByTimeAsync(300);

    expect(bus.stats()).toMatchObject({
      attempts: 3,
      attemptsFailed: 2,
      retries: 2,
      deliveriesStarted: 1,
      handled: 1,
      failed: 0,
    });
  });
});

describe("retry.maxElapsedMs", () => {
  const retry = { maxAttempts: 10, maxElapsedMs: 300, backoff: { ...FIXED, factor: 1 } };

  it("lets an attempt start at the limit, and none after it", async () => {
    const { bus } = createBus();
    let calls = 0;
    bus.subscribe(
      "a",
      () => {
        calls++;
        throw new Error("boom");
      },
      { retry },
    );

    const result = bus.publish("a");
    await vi.advanceTimersByTimeAsync(10_000);

    expect(calls).toBe(4); // at 0, 100, 200 and 300 ms
    expect((await result).deliveries).toMatchObject([{ reason: "max_elapsed", attempts: 4 }]);
  });

  it("gives up at once when retryAfter asks for a time beyond it", async () => {
    const { bus } = createBus();
    bus.subscribe("a", (_, ctx) => ctx.retryAfter(301), { retry });

    const { deliveries } = await bus.publish("a");

    expect(deliveries).toMatchObject([{ reason: "max_elapsed", attempts: 1 }]);
  });

  it("allows the first attempt only when it is 0", async () => {
    const { bus } = createBus();
    bus.subscribe("a", failTimes(5), { retry: { ...retry, maxElapsedMs: 0 } });

    const { deliveries } = await bus.publish("a");

    expect(deliveries).toMatchObject([{ reason: "max_elapsed", attempts: 1 }]);
  });
});

describe("unsubscribing", () => {
  it("skips a delivery that has not started", async () => {
    const { bus } = createBus();
    const calls: string[] = [];
    bus.subscribe("a", () => void later.unsubscribe());
    const later = bus.subscribe("a", () => void calls.push("later"), { name: "later" });

    const { deliveries } = await bus.publish("a");

    expect(calls).toEqual([]);
    expect(deliveries[1]).toEqual({
      subscription: "later",
      outcome: "skipped",
      reason: "unsubscribed",
      attempts: 0,
    });
    expect(bus.stats()).toMatchObject({ skipped: 1, deliveriesStarted: 1 });
  });

  it("lets a running handler finish", async () => {
    const { bus } = createBus();
    const done = deferred();
    const subscription = bus.subscribe("a", () => done.promise);
    const result = bus.publish("a");

    subscription.unsubscribe();
    done.resolve();

    expect((await result).deliveries).toMatchObject([{ outcome: "handled" }]);
  });

  it("dead-letters a delivery that was waiting for a retry", async () => {
    const { bus } = createBus();
    const subscription = bus.subscribe("a", failTimes(1), { retry: { maxAttempts: 3, backoff: FIXED } });
    const result = bus.publish("a");

    subscription.unsubscribe();
    await vi.advanceTimersByTimeAsync(100);

    expect((await result).deliveries).toMatchObject([
      { outcome: "failed", disposition: "dead_lettered", reason: "unsubscribed", attempts: 1 },
    ]);
  });

  it("dead-letters a failing attempt that unsubscribed, without waiting for a retry", async () => {
    const { bus } = createBus();
    const subscription = bus.subscribe(
      "a",
      () => {
        subscription.unsubscribe();
        throw new Error("boom");
      },
      { retry: { maxAttempts: 3, backoff: FIXED } },
    );

    const { deliveries } = await bus.publish("a");

    expect(deliveries).toMatchObject([{ outcome: "failed", reason: "unsubscribed", attempts: 1 }]);
  });

  it("keeps the outcome timed_out of a delivery that was waiting after a timeout", async () => {
    const { bus } = createBus();
    const options: SubscribeOptions = { timeoutMs: 10, retry: { maxAttempts: 2, backoff: FIXED } };
    const subscription = bus.subscribe("a", () => new Promise(() => {}), options);
    const result = bus.publish("a");
    await vi.advanceTimersByTimeAsync(10);

    subscription.unsubscribe();
    await vi.advanceTimersByTimeAsync(100);

    expect((await result).deliveries).toMatchObject([{ outcome: "timed_out", reason: "unsubscribed" }]);
  });
});

describe("subscribing during a dispatch", () => {
  it("takes effect from the next event", async () => {
    const { bus } = createBus();
    const calls: unknown[] = [];
    bus.once("a", () => {
      bus.subscribe("a", (event) => void calls.push(event.data), { name: "new" });
    });

    const first = await bus.publish("a", 1);
    const second = await bus.publish("a", 2);

    expect(first.deliveries).toHaveLength(1);
    expect(second.deliveries).toMatchObject([{ subscription: "new", outcome: "handled" }]);
    expect(calls).toEqual([2]);
  });
});

describe("once", () => {
  it("takes the first event only", async () => {
    const { bus } = createBus();
    const calls: unknown[] = [];
    const subscription = bus.once("a", (event) => void calls.push(event.data));

    await bus.publish("a", 1);
    await bus.publish("a", 2);

    expect(calls).toEqual([1]);
    expect(subscription.isActive).toBe(false);
  });

  it("takes one event only when its handler publishes the same event", async () => {
    const { bus } = createBus();
    let calls = 0;
    bus.once("a", async (_, ctx) => {
      calls++;
      await ctx.publish("a");
    });

    await bus.publish("a");

    expect(calls).toBe(1);
  });

  it("keeps its retries", async () => {
    const { bus } = createBus();
    bus.once("a", failTimes(1), { retry: { maxAttempts: 2, backoff: FIXED } });

    const result = bus.publish("a");
    await vi.advanceTimersByTimeAsync(100);

    expect((await result).deliveries).toMatchObject([{ outcome: "handled", attempts: 2 }]);
  });

  it("stays when a refused event was published", async () => {
    const { bus } = createBus();
    const subscription = bus.once("a", () => {});

    await bus.publish("a.", 1).catch(() => {});

    expect(subscription.isActive).toBe(true);
  });
});

describe("the order of deliveries", () => {
  it("is that of subscribing, whatever the patterns", async () => {
    const { bus } = createBus();
    const calls: string[] = [];
    for (const pattern of ["**", "a.b", "*", "a.*", "a.b", "a.**"]) {
      bus.subscribe(pattern, () => void calls.push(pattern), { name: `${calls.length}${pattern}` });
    }

    await bus.publish("a.b");

    expect(calls).toEqual(["**", "a.b", "*", "a.*", "a.b", "a.**"]);
  });

  it("starts synchronous handlers before publish returns", () => {
    const { bus } = createBus();
    const calls: string[] = [];
    bus.subscribe("a", () => void calls.push("handler"));

    void bus.publish("a");
    calls.push("publisher");

    expect(calls).toEqual(["handler", "publisher"]);
  });
});

describe("the timestamp of an event", () => {
  it("is the publish instant for a handler that awaits before it reads it", async () => {
    const { bus } = createBus();
    const publishedAt = Date.now();
    const seen: number[] = [];
    bus.subscribe("a", async (event) => {
      await new Promise((resolve) => void setTimeout(resolve, 500));
      seen.push(event.timestamp);
    });

    void bus.publish("a");
    await vi.advanceTimersByTimeAsync(500);

    expect(seen).toEqual([publishedAt]);
  });

  it("is the publish instant for a second attempt after a synchronous failure", async () => {
    const { bus } = createBus();
    const publishedAt = Date.now();
    const seen: number[] = [];
    bus.subscribe(
      "a",
      (event, { attempt }) => {
        if (attempt === 1) throw new Error("boom");
        seen.push(event.timestamp);
      },
      { retry: { maxAttempts: 2, backoff: FIXED } },
    );

    void bus.publish("a");
    await vi.advanceTimersByTimeAsync(100);

    expect(seen).toEqual([publishedAt]);
  });

  it("is the publish instant of a dead letter that is looked at later", async () => {
    const { bus } = createBus();
    const publishedAt = Date.now();
    bus.subscribe("a", failTimes(1));
    await bus.publish("a");

    vi.advanceTimersByTime(60_000);

    expect(bus.deadLetters.list()[0]?.event.timestamp).toBe(publishedAt);
  });

  it("is the publish instant of an event that a synchronous handler kept", async () => {
    const { bus } = createBus();
    const publishedAt = Date.now();
    const kept: { readonly timestamp: number }[] = [];
    bus.subscribe("a", (event) => void kept.push(event));
    await bus.publish("a");

    vi.advanceTimersByTime(60_000);

    expect(kept[0]?.timestamp).toBe(publishedAt);
  });
});

describe("the conservation law inside a delivery", () => {
  it("holds in the first of several handlers", async () => {
    const { bus } = createBus();
    const violations: string[] = [];
    bus.subscribe("a", () => void violations.push(...conservationViolations(bus.stats())), { name: "first" });
    bus.subscribe("a", () => {}, { name: "second" });

    await bus.publish("a");

    expect(violations).toEqual([]);
  });

  it("holds in the last of several handlers", async () => {
    const { bus } = createBus();
    const violations: string[] = [];
    bus.subscribe("a", async () => {}, { name: "first" });
    bus.subscribe("a", () => void violations.push(...conservationViolations(bus.stats())), { name: "second" });

    await bus.publish("a");

    expect(violations).toEqual([]);
  });

  it("holds in a handler of what an onAttemptError listener publishes", async () => {
    const { bus } = createBus();
    const violations: string[] = [];
    bus.subscribe("a", failTimes(1));
    bus.subscribe("attempt.failed", () => void violations.push(...conservationViolations(bus.stats())));
    bus.onAttemptError(() => bus.publish("attempt.failed"));

    await bus.publish("a");

    expect(violations).toEqual([]);
  });

  it("holds in a handler of what an onError listener publishes", async () => {
    const { bus } = createBus();
    const violations: string[] = [];
    bus.subscribe("a", failTimes(1));
    bus.subscribe("delivery.failed", () => void violations.push(...conservationViolations(bus.stats())));
    bus.onError(() => bus.publish("delivery.failed"));

    await bus.publish("a");

    expect(violations).toEqual([]);
  });

  it("holds while a classifier decides", async () => {
    const { bus } = createBus();
    const violations: string[] = [];
    const classify = (): "fatal" => {
      violations.push(...conservationViolations(bus.stats()));
      return "fatal";
    };
    bus.subscribe("a", failTimes(1), { classify });

    await bus.publish("a");

    expect(violations).toEqual([]);
  });

  it("holds when an onError listener closes the bus", async () => {
    const { bus } = createBus();
    bus.onError(() => bus.close());
    bus.subscribe("a", async () => {
      throw new Error("boom");
    });

    await bus.publish("a");

    expect(conservationViolations(bus.stats())).toEqual([]);
    expect(bus.stats()).toMatchObject({ failed: 1, aborted: 0 });
  });

  it("holds when an onAttemptError listener closes the bus", async () => {
    const { bus } = createBus();
    bus.onAttemptError(() => bus.close());
    bus.subscribe("a", async () => {
      throw new Error("boom");
    });

    await bus.publish("a");
    await settleTurns();

    expect(conservationViolations(bus.stats())).toEqual([]);
  });

  it("holds when a classifier closes the bus", async () => {
    const { bus } = createBus();
    const classify = (): "fatal" => {
      void bus.close();
      return "fatal";
    };
    bus.subscribe(
      "a",
      async () => {
        throw new Error("boom");
      },
      { classify },
    );

    await bus.publish("a");
    await settleTurns();

    expect(conservationViolations(bus.stats())).toEqual([]);
  });
});
