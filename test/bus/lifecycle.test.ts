import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { defineEvents } from "../../src/catalog/catalog.ts";
import type { StandardSchemaV1 } from "../../src/catalog/standard-schema.ts";
import { BusError } from "../../src/errors.ts";
import type { EventBus } from "../../src/event-bus.ts";
import type { HandlerContext } from "../../src/handler.ts";
import { conservationViolations } from "../support/conservation.ts";
import { createBus, deferred, rejectionOf, settleTurns, thrownBy } from "../support/test-bus.ts";

const RETRY = { maxAttempts: 5, backoff: { initialMs: 1000, factor: 1, jitter: "none" } } as const;

function fail(): never {
  throw new Error("boom");
}

/** A schema that waits until `gate` opens. */
function schemaBehind(gate: Promise<void>): StandardSchemaV1 {
  const validate = async (value: unknown): Promise<{ value: unknown }> => {
    await gate;
    return { value };
  };
  return { "~standard": { version: 1, vendor: "test", validate } };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("EventBus.drain", () => {
  it("resolves on an idle bus, and closes it", async () => {
    const { bus } = createBus();

    const drained = bus.drain();
    await vi.advanceTimersByTimeAsync(1);

    expect(await drained).toEqual({
      isComplete: true,
      aborted: [],
      givenUp: [],
      cancelled: [],
      durationMs: expect.any(Number),
      deadLetters: 0,
    });
    expect(bus.describe().state).toBe("closed");
  });

  it("waits for running handlers", async () => {
    const { bus } = createBus();
    const done = deferred();
    bus.subscribe("a", () => done.promise);
    const published = bus.publish("a");
    let isDrained = false;
    const drained = bus.drain().then((report) => {
      isDrained = true;
      return report;
    });

    await vi.advanceTimersByTimeAsync(5000);
    const before = isDrained;
    done.resolve();
    await vi.advanceTimersByTimeAsync(1);

    expect(before).toBe(false);
    expect((await published).deliveries).toMatchObject([{ outcome: "handled" }]);
    expect(await drained).toMatchObject({ isComplete: true, aborted: [] });
  });

  it("waits for retries that are due before the deadline", async () => {
    const { bus } = createBus();
    bus.subscribe("a", (_, { attempt }) => (attempt < 3 ? fail() : undefined), { retry: RETRY });
    const published = bus.publish("a");

    const drained = bus.drain({ deadlineMs: 5000 });
    await vi.advanceTimersByTimeAsync(2001);

    expect((await published).deliveries).toMatchObject([{ outcome: "handled", attempts: 3 }]);
    expect(await drained).toMatchObject({ isComplete: true });
  });

  it("dead-letters at once what waits for a retry beyond the deadline", async () => {
    const { bus } = createBus();
    bus.subscribe("a", fail, { retry: RETRY });
    const published = bus.publish("a");

    void bus.drain({ deadlineMs: 500 });

    expect((await published).deliveries).toMatchObject([
      { outcome: "failed", disposition: "dead_lettered", reason: "drain", attempts: 1 },
    ]);
  });

  it("dead-letters an attempt that fails while draining when its retry would come too late", async () => {
    const { bus } = createBus();
    const failing = deferred();
    bus.subscribe("a", () => failing.promise, { retry: RETRY });
    const published = bus.publish("a");
    void bus.drain({ deadlineMs: 500 });

    failing.reject(new Error("boom"));

    expect((await published).deliveries).toMatchObject([{ reason: "drain", attempts: 1 }]);
  });

  it("calls failed what failed with a timeout that was not the attempt's own", async () => {
    const { bus } = createBus();
    const timeout = new BusError("TIMEOUT", "no answer within 5 ms");
    bus.subscribe("a", () => Promise.reject(timeout), { retry: RETRY });
    const published = bus.publish("a");
    await settleTurns();

    void bus.drain({ deadlineMs: 500 });

    expect((await published).deliveries).toMatchObject([{ outcome: "failed", reason: "drain", error: timeout }]);
    expect(bus.stats()).toMatchObject({ failed: 1, timedOut: 0, attemptsFailed: 1, attemptsTimedOut: 0 });
  });

  it("says in its report how long it took", async () => {
    const { bus } = createBus();
    bus.subscribe("a", () => new Promise((resolve) => setTimeout(resolve, 500)));
    void bus.publish("a");

    const drained = bus.drain();
    await vi.advanceTimersByTimeAsync(600);
    const { durationMs } = await drained;

    expect(durationMs).toBeGreaterThanOrEqual(500);
    expect(durationMs).toBeLessThan(600);
  });

  it("cancels what was scheduled, and names it", async () => {
    const { bus } = createBus();
    void bus.publish("a", 1, { delayMs: 60_000, correlationId: "c-1" });

    const drained = bus.drain();
    await vi.advanceTimersByTimeAsync(1);

    expect(await drained).toMatchObject({
      cancelled: [{ eventId: expect.any(String), eventName: "a", correlationId: "c-1" }],
    });
  });

  it("cancels and names, too, what a delivery being drained had scheduled", async () => {
    const { bus } = createBus();
    const done = deferred();
    bus.subscribe("a", async (_event, ctx) => {
      await done.promise;
      await ctx.publish("later", undefined, { delayMs: 60_000 });
    });
    void bus.publish("a");

    const drained = bus.drain();
    await vi.advanceTimersByTimeAsync(1);
    done.resolve();
    await vi.advanceTimersByTimeAsync(10);

    expect(await drained).toMatchObject({ isComplete: true, cancelled: [{ eventName: "later" }] });
  });

  it("counts dead letters in its report", async () => {
    const { bus } = createBus();
    bus.subscribe("a", fail);
    await bus.publish("a");

    const drained = bus.drain();
    await vi.advanceTimersByTimeAsync(1);

    expect(await drained).toMatchObject({ deadLetters: 1 });
  });

  it("refuses publishes from outside with BUS_DRAINING", async () => {
    const { bus } = createBus();
    bus.subscribe("a", () => new Promise(() => {}));
    void bus.publish("a");
    void bus.drain();

    const error = await rejectionOf(bus.publish("b"));

    expect(error).toMatchObject({
      code: "BUS_DRAINING",
      message: "the bus is draining: only deliveries being drained may publish",
    });
    expect(bus.stats().refused).toEqual({ bus_draining: 1 });
  });

  it.each([
    { via: "bus", ambient: true },
    { via: "ctx", ambient: true },
    { via: "ctx", ambient: false },
  ] as const)("accepts what a handler being drained publishes: $via, ambient $ambient", async ({ via, ambient }) => {
    const { bus } = createBus({ ambient });
    const done = deferred();
    const names: string[] = [];
    bus.subscribe("a", async (_, ctx) => {
      await done.promise;
      await (via === "bus" ? bus : ctx).publish("b");
    });
    bus.subscribe("b", async (event) => void names.push(event.name));
    void bus.publish("a");

    const drained = bus.drain();
    done.resolve();
    await vi.advanceTimersByTimeAsync(1);

    expect(names).toEqual(["b"]);
    expect(await drained).toMatchObject({ isComplete: true });
  });

  it("accepts a whole chain of effects", async () => {
    const { bus } = createBus();
    const names: string[] = [];
    bus.subscribe("*", async (event, ctx) => {
      await null;
      names.push(event.name);
      if (event.depth < 5) await ctx.publish(`e${event.depth + 1}`);
    });
    void bus.publish("e0");

    const drained = bus.drain();
    await vi.advanceTimersByTimeAsync(1);

    expect(await drained).toMatchObject({ isComplete: true });
    expect(names).toEqual(["e0", "e1", "e2", "e3", "e4", "e5"]);
  });

  it("waits for an effect that its handler did not await", async () => {
    const { bus } = createBus();
    const done = deferred();
    let isHandled = false;
    bus.subscribe("a", async (_, ctx) => {
      await null;
      void ctx.publish("b");
    });
    bus.subscribe("b", async () => {
      await done.promise;
      isHandled = true;
    });
    void bus.publish("a");

    const drained = bus.drain();
    await vi.advanceTimersByTimeAsync(10);
    done.resolve();
    await vi.advanceTimersByTimeAsync(10);
    const { isComplete } = await drained;

    expect([isComplete, isHandled]).toEqual([true, true]);
  });

  it("finishes publishes that were being validated when it began", async () => {
    const gate = deferred();
    const { bus } = createBus({ events: defineEvents({ a: { schema: schemaBehind(gate.promise) } }) });
    bus.subscribe("a", () => {});
    const published = bus.publish("a");

    const drained = bus.drain();
    await vi.advanceTimersByTimeAsync(50);
    gate.resolve();
    await vi.advanceTimersByTimeAsync(50);

    expect((await published).deliveries).toMatchObject([{ outcome: "handled" }]);
    expect(await drained).toMatchObject({ isComplete: true });
  });

  it("refuses what is still being validated at the deadline", async () => {
    const gate = deferred();
    const { bus } = createBus({ events: defineEvents({ a: { schema: schemaBehind(gate.promise) } }) });
    const error = rejectionOf(bus.publish("a"));
    const drained = bus.drain({ deadlineMs: 100 });
    await vi.advanceTimersByTimeAsync(100);

    gate.resolve();

    expect(await error).toMatchObject({ code: "BUS_CLOSED" });
    expect(await drained).toMatchObject({ isComplete: false });
    expect(conservationViolations(bus.stats())).toEqual([]);
  });

  it("leaves no timer behind when a schema never answers, and refuses its publish", async () => {
    const { bus } = createBus({ events: defineEvents({ a: { schema: schemaBehind(new Promise(() => {})) } }) });
    const timers = vi.getTimerCount();
    const refusal = rejectionOf(bus.publish("a"));

    const drained = bus.drain({ deadlineMs: 100 });
    await vi.advanceTimersByTimeAsync(200);
    await drained;

    expect(vi.getTimerCount()).toBe(timers);
    expect(await refusal).toMatchObject({ code: "BUS_CLOSED" });
    expect(bus.stats()).toMatchObject({ validating: 0, refused: { bus_closed: 1 } });
  });

  it("leaves no timer behind when everything is done", async () => {
    const { bus } = createBus();
    const timers = vi.getTimerCount();
    const drained = bus.drain();
    await vi.advanceTimersByTimeAsync(1);

    await drained;

    expect(vi.getTimerCount()).toBe(timers);
  });

  it("aborts at the deadline what still runs, and names it", async () => {
    const { bus } = createBus();
    const reasons: unknown[] = [];
    const hang = (_: unknown, { signal }: HandlerContext<unknown>): Promise<void> => {
      signal.addEventListener("abort", () => reasons.push(signal.reason));
      return new Promise(() => {});
    };
    bus.subscribe("a", hang, { name: "slow" });
    const published = bus.publish("a", 1, { correlationId: "c-1" });

    const drained = bus.drain({ deadlineMs: 100 });
    await vi.advanceTimersByTimeAsync(100);

    const { id } = await published;
    expect(await drained).toMatchObject({
      isComplete: false,
      aborted: [{ eventId: id, eventName: "a", correlationId: "c-1", subscription: "slow" }],
      deadLetters: 1,
    });
    expect(reasons).toMatchObject([{ code: "ABORTED" }]);
  });

  it("settles what the deadline cuts as aborted, and dead-letters its event", async () => {
    const { bus } = createBus();
    bus.subscribe("a", () => new Promise(() => {}), { name: "slow" });
    const published = bus.publish("a");

    void bus.drain({ deadlineMs: 100 });
    await vi.advanceTimersByTimeAsync(100);

    expect((await published).deliveries).toMatchObject([
      { outcome: "aborted", reason: "deadline", error: { code: "ABORTED" } },
    ]);
    expect(bus.deadLetters.list()).toMatchObject([{ subscription: "slow", reason: "deadline" }]);
  });

  it("cuts at once with a deadline of 0", async () => {
    const { bus } = createBus();
    bus.subscribe("a", () => new Promise(() => {}));
    void bus.publish("a");

    const drained = bus.drain({ deadlineMs: 0 });
    await vi.advanceTimersByTimeAsync(0);

    expect(await drained).toMatchObject({ isComplete: false, aborted: [{ eventName: "a" }] });
  });

  it("waits 10 seconds by default", async () => {
    const { bus } = createBus();
    bus.subscribe("a", () => new Promise(() => {}));
    void bus.publish("a");
    let isDrained = false;
    void bus.drain().then(() => {
      isDrained = true;
    });

    await vi.advanceTimersByTimeAsync(9999);
    const before = isDrained;
    await vi.advanceTimersByTimeAsync(1);

    expect([before, isDrained]).toEqual([false, true]);
  });

  it("refuses a publish by a handler that was cut", async () => {
    const { bus } = createBus();
    const done = deferred();
    const errors: unknown[] = [];
    bus.subscribe("a", async (_, ctx) => {
      await done.promise;
      errors.push(await rejectionOf(ctx.publish("b")));
    });
    void bus.publish("a");
    void bus.drain({ deadlineMs: 100 });
    await vi.advanceTimersByTimeAsync(100);

    done.resolve();
    await settleTurns();

    expect(errors).toMatchObject([{ code: "BUS_CLOSED" }]);
  });

  it("shares one drain between concurrent calls", async () => {
    const { bus } = createBus();
    const done = deferred();
    bus.subscribe("a", () => done.promise);
    void bus.publish("a");
    const calls = [bus.drain({ deadlineMs: 1000 }), bus.drain({ deadlineMs: 1 }), bus.drain()];

    await vi.advanceTimersByTimeAsync(500);
    done.resolve();
    await vi.advanceTimersByTimeAsync(1);

    const [first, ...others] = await Promise.all(calls);
    expect(first).toMatchObject({ isComplete: true });
    expect(others).toEqual([first, first]);
  });

  it("shares one drain with a call that a failure listener makes meanwhile", async () => {
    const { bus } = createBus();
    const reports: Promise<unknown>[] = [];
    bus.onError(() => reports.push(bus.drain()));
    bus.subscribe("a", fail, { retry: RETRY });
    void bus.publish("a");

    reports.push(bus.drain({ deadlineMs: 100 }));
    await vi.advanceTimersByTimeAsync(200);

    const [one, other] = await Promise.all(reports);
    expect(one).toBe(other);
  });

  it("gives the same report when it is called again later", async () => {
    const { bus } = createBus();
    const first = bus.drain();
    await vi.advanceTimersByTimeAsync(1);

    const again = await bus.drain();

    expect(again).toBe(await first);
  });

  it.each(["sync", "async"] as const)("throws inside a handler: %s", async (kind) => {
    const { bus } = createBus();
    const errors: unknown[] = [];
    bus.subscribe("a", async () => {
      if (kind === "async") await null;
      errors.push(await rejectionOf(bus.drain()));
    });

    await bus.publish("a");

    expect(errors).toMatchObject([
      {
        code: "DRAIN_FROM_HANDLER",
        message: "cannot drain the bus inside one of its handlers: the drain would wait for that handler",
      },
    ]);
    expect(bus.describe().state).toBe("open");
  });

  it("throws inside a handler that a replay runs", async () => {
    const { bus } = createBus();
    const errors: unknown[] = [];
    let isReplay = false;
    bus.subscribe("a", async () => {
      if (!isReplay) fail();
      errors.push(await rejectionOf(bus.drain()));
    });
    await bus.publish("a");
    isReplay = true;

    await bus.deadLetters.replay(bus.deadLetters.list()[0]!.id);

    expect(errors).toMatchObject([{ code: "DRAIN_FROM_HANDLER" }]);
  });

  it("throws inside middleware", async () => {
    const { bus } = createBus();
    const errors: unknown[] = [];
    bus.use(async (_event, _ctx, next) => {
      errors.push(await rejectionOf(bus.drain()));
      return next();
    });
    bus.subscribe("a", () => {});

    await bus.publish("a");

    expect(errors).toMatchObject([{ code: "DRAIN_FROM_HANDLER" }]);
  });

  it("may be called inside a handler of another bus", async () => {
    const { bus } = createBus();
    const other = createBus().bus;
    const reports: unknown[] = [];
    other.subscribe("a", async () => reports.push(await bus.drain()));

    const published = other.publish("a");
    await vi.advanceTimersByTimeAsync(1);
    await published;

    expect(reports).toMatchObject([{ isComplete: true }]);
  });

  it("may be called in a timer that a handler left behind", async () => {
    const { bus } = createBus();
    const reports: unknown[] = [];
    bus.subscribe("a", () => {
      setTimeout(async () => reports.push(await bus.drain()), 10);
    });
    await bus.publish("a");

    await vi.advanceTimersByTimeAsync(20);

    expect(reports).toMatchObject([{ isComplete: true }]);
  });

  it.each([-1, Number.NaN, "10", 2 ** 31, null])("refuses a deadline of %j", async (deadlineMs) => {
    const { bus } = createBus();

    const error = await rejectionOf(bus.drain({ deadlineMs: deadlineMs as number }));

    expect(error).toMatchObject({ code: "INVALID_OPTION", message: expect.stringContaining("deadlineMs") });
    expect(bus.describe().state).toBe("open");
  });

  it("refuses an unknown option", async () => {
    const { bus } = createBus();

    const error = await rejectionOf(bus.drain({ timeoutMs: 5 } as object));

    expect(error).toMatchObject({ code: "INVALID_OPTION", message: expect.stringContaining("timeoutMs") });
  });

  it("says draining while it drains", async () => {
    const { bus } = createBus();
    bus.subscribe("a", () => new Promise(() => {}));
    void bus.publish("a");

    void bus.drain();

    expect(bus.describe().state).toBe("draining");
  });

  it("ends every subscription", async () => {
    const { bus } = createBus();
    const subscription = bus.subscribe("a", () => {});

    const drained = bus.drain();
    await vi.advanceTimersByTimeAsync(1);
    await drained;

    expect(subscription.isActive).toBe(false);
  });

  it("resolves when close cuts it short, and does not call that complete", async () => {
    const { bus } = createBus();
    bus.subscribe("a", () => new Promise(() => {}));
    void bus.publish("a");
    const drained = bus.drain();

    await bus.close();
    await vi.advanceTimersByTimeAsync(1);

    expect(await drained).toMatchObject({ isComplete: false });
  });

  it("resolves on a bus that is closed", async () => {
    const { bus } = createBus();
    await bus.close();

    const drained = bus.drain();
    await vi.advanceTimersByTimeAsync(1);

    expect(await drained).toMatchObject({ aborted: [] });
  });

  it("ignores what a handler returns after it was cut", async () => {
    const { bus } = createBus();
    const done = deferred();
    bus.subscribe("a", () => done.promise);
    void bus.publish("a");
    void bus.drain({ deadlineMs: 10 });
    await vi.advanceTimersByTimeAsync(10);

    done.resolve();
    await settleTurns();

    expect(bus.stats()).toMatchObject({ handled: 0, aborted: 1, lateResults: 1 });
    expect(conservationViolations(bus.stats())).toEqual([]);
  });
});

describe("EventBus.close", () => {
  it("does not name what an aborted handler skipped by unsubscribing", async () => {
    const { bus } = createBus();
    const subscription = bus.subscribe(
      "a",
      (_event, { signal }) =>
        new Promise(() => signal.addEventListener("abort", () => void subscription.unsubscribe())),
      { concurrency: 1 },
    );
    const published = [1, 2].map((n) => bus.publish("a", n));

    const { aborted } = await bus.close();

    const [first, second] = await Promise.all(published);
    expect(aborted.map(({ eventId }) => eventId)).toEqual([first?.id]);
    expect(second?.deliveries).toMatchObject([{ outcome: "skipped" }]);
    expect(bus.stats()).toMatchObject({ aborted: 1, skipped: 1 });
  });

  it("aborts what runs, and names it", async () => {
    const { bus } = createBus();
    const reasons: unknown[] = [];
    const hang = (_: unknown, { signal }: HandlerContext<unknown>): Promise<void> => {
      signal.addEventListener("abort", () => reasons.push(signal.reason));
      return new Promise(() => {});
    };
    bus.subscribe("a", hang, { name: "slow" });
    const published = bus.publish("a");

    const report = await bus.close();

    const { id, deliveries } = await published;
    expect(report).toMatchObject({ aborted: [{ eventId: id, eventName: "a", subscription: "slow" }] });
    expect(deliveries).toMatchObject([{ outcome: "aborted", reason: "close", error: { code: "ABORTED" } }]);
    expect(reasons).toMatchObject([{ code: "ABORTED" }]);
  });

  it("dead-letters nothing", async () => {
    const { bus } = createBus();
    bus.subscribe("a", () => new Promise(() => {}));
    void bus.publish("a");

    await bus.close();

    expect(bus.deadLetters.size).toBe(0);
    expect(bus.stats()).toMatchObject({ aborted: 1, attemptsAborted: 1, cutByDeadline: 0 });
    expect(conservationViolations(bus.stats())).toEqual([]);
  });

  it("cancels a retry that waits", async () => {
    const { bus } = createBus();
    const timers = vi.getTimerCount();
    let calls = 0;
    bus.subscribe(
      "a",
      () => {
        calls++;
        fail();
      },
      { retry: RETRY },
    );
    const published = bus.publish("a");

    await bus.close();
    await vi.advanceTimersByTimeAsync(10_000);

    expect(calls).toBe(1);
    expect((await published).deliveries).toMatchObject([{ outcome: "aborted", attempts: 1 }]);
    expect(vi.getTimerCount()).toBe(timers);
  });

  it("clears the timers of running attempts", async () => {
    const { bus } = createBus();
    const timers = vi.getTimerCount();
    bus.subscribe("a", () => new Promise(() => {}), { timeoutMs: 60_000 });
    void bus.publish("a");

    await bus.close();

    expect(vi.getTimerCount()).toBe(timers);
  });

  it("is idempotent", async () => {
    const { bus } = createBus();
    bus.subscribe("a", () => new Promise(() => {}));
    void bus.publish("a");

    const reports = await Promise.all([bus.close(), bus.close()]);

    expect(reports[0]?.aborted).toHaveLength(1);
    expect(reports[1]).toBe(reports[0]);
  });

  it("may be called by a synchronous handler, which then counts as handled", async () => {
    const { bus } = createBus();
    bus.subscribe("a", () => void bus.close());

    const { deliveries } = await bus.publish("a");

    expect(deliveries).toMatchObject([{ outcome: "handled" }]);
    expect(bus.describe().state).toBe("closed");
  });

  it("aborts the deliveries that have not started when a handler calls it", async () => {
    const { bus } = createBus();
    let calls = 0;
    bus.subscribe("a", () => void bus.close());
    bus.subscribe("a", () => calls++, { name: "later" });

    const { deliveries } = await bus.publish("a");

    expect(calls).toBe(0);
    expect(deliveries[1]).toMatchObject({ subscription: "later", outcome: "aborted", reason: "close", attempts: 0 });
    expect(conservationViolations(bus.stats())).toEqual([]);
  });

  it.each(["before", "after"] as const)(
    "aborts the asynchronous handler that calls it %s an await",
    async (when) => {
      const { bus } = createBus();
      const signals: AbortSignal[] = [];
      bus.subscribe("a", async (_, { signal }) => {
        signals.push(signal);
        if (when === "after") await null;
        void bus.close();
        await new Promise(() => {});
      });
      const published = bus.publish("a");

      await settleTurns();

      expect(signals[0]?.aborted).toBe(true);
      expect((await published).deliveries).toMatchObject([{ outcome: "aborted" }]);
    },
    2000,
  );

  it.each(["sync", "async"] as const)(
    "called by onAttemptError, aborts the retry that was decided: %s handler",
    async (kind) => {
      const { bus } = createBus();
      const timers = vi.getTimerCount();
      bus.onAttemptError(() => bus.close());
      bus.subscribe("a", kind === "sync" ? fail : async () => fail(), { retry: RETRY });

      const { deliveries } = await bus.publish("a");

      expect(deliveries).toMatchObject([
        { outcome: "aborted", reason: "close", attempts: 1, error: { code: "ABORTED" } },
      ]);
      expect(conservationViolations(bus.stats())).toEqual([]);
      expect(vi.getTimerCount()).toBe(timers);
    },
  );

  it("called by a synchronous handler that then fails, aborts its retry", async () => {
    const { bus } = createBus();
    bus.subscribe(
      "a",
      () => {
        void bus.close();
        fail();
      },
      { retry: RETRY },
    );

    const { deliveries } = await bus.publish("a");

    expect(deliveries).toMatchObject([{ outcome: "aborted", error: { code: "ABORTED" } }]);
    expect(conservationViolations(bus.stats())).toEqual([]);
  });

  it("keeps in balance when an abort listener calls it again", async () => {
    const { bus } = createBus();
    const hang = (_: unknown, { signal }: HandlerContext<unknown>): Promise<void> => {
      signal.addEventListener("abort", () => void bus.close());
      return new Promise(() => {});
    };
    bus.subscribe("a", hang, { name: "first" });
    bus.subscribe("a", hang, { name: "second" });
    void bus.publish("a");

    const { aborted } = await bus.close();

    expect(aborted).toHaveLength(2);
    expect(conservationViolations(bus.stats())).toEqual([]);
  });
});

describe("a closed bus", () => {
  async function createClosedBus(): Promise<EventBus> {
    const { bus } = createBus();
    await bus.close();
    return bus;
  }

  it("refuses to publish", async () => {
    const bus = await createClosedBus();

    const error = await rejectionOf(bus.publish("a"));

    expect(error).toMatchObject({
      code: "BUS_CLOSED",
      message: "the bus is closed: publish and subscribe before close() or drain()",
    });
    expect(bus.stats().refused).toEqual({ bus_closed: 1 });
  });

  it.each(["subscribe", "once"] as const)("refuses %s", async (method) => {
    const bus = await createClosedBus();

    const error = thrownBy(() => bus[method]("a", () => {}));

    expect(error).toMatchObject({ code: "BUS_CLOSED" });
  });

  it("refuses waitFor", async () => {
    const bus = await createClosedBus();

    expect(await rejectionOf(bus.waitFor("a"))).toMatchObject({ code: "BUS_CLOSED" });
  });

  it("refuses events", async () => {
    const bus = await createClosedBus();

    expect(thrownBy(() => bus.events("a"))).toMatchObject({ code: "BUS_CLOSED" });
  });

  it("still answers what may be asked", async () => {
    const bus = await createClosedBus();

    expect(bus.describe()).toMatchObject({ state: "closed", subscriptions: [] });
    expect(bus.explain("a").subscriptions).toEqual([]);
    expect(bus.unsubscribe("a", () => {})).toBe(false);
  });

  it("refuses what was still being validated when it was closed", async () => {
    const gate = deferred();
    const { bus } = createBus({ events: defineEvents({ a: { schema: schemaBehind(gate.promise) } }) });
    const error = rejectionOf(bus.publish("a"));
    await bus.close();

    gate.resolve();

    expect(await error).toMatchObject({ code: "BUS_CLOSED" });
    expect(conservationViolations(bus.stats())).toEqual([]);
  });
});

describe("await using", () => {
  beforeEach(() => void vi.useRealTimers());

  it("drains the bus at the end of the block", async () => {
    let isHandled = false;
    let kept: EventBus | undefined;
    {
      await using bus = createBus().bus;
      kept = bus;
      bus.subscribe("a", async () => {
        await settleTurns();
        isHandled = true;
      });
      void bus.publish("a");
    }

    expect(isHandled).toBe(true);
    expect(kept.describe().state).toBe("closed");
  });

  it("takes a bus that was closed inside the block", async () => {
    let kept: EventBus | undefined;
    {
      await using bus = createBus().bus;
      kept = bus;
      await bus.close();
    }

    expect(kept.describe().state).toBe("closed");
  });
});
