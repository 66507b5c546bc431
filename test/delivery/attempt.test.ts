import { createContext, runInContext } from "node:vm";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BusError } from "../../src/errors.ts";
import type { HandlerContext } from "../../src/handler.ts";
import type { DeliveryReport } from "../../src/outcome.ts";
import { conservationViolations } from "../support/conservation.ts";
import { createBus, deferred, settleTurns, watchUnhandled } from "../support/test-bus.ts";

function hostileProxy(): unknown {
  const trap = (): never => {
    throw new Error("trapped");
  };
  return new Proxy(new Error("inner"), { get: trap, getPrototypeOf: trap, has: trap, ownKeys: trap });
}

function revokedProxy(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function errorWithGetter(field: "message" | "stack" | "name" | "constructor"): Error {
  return Object.defineProperty(new Error("plain"), field, {
    get() {
      throw new Error("no reading");
    },
  });
}

function errorReadableOnce(field: "message" | "stack" | "name"): Error {
  let reads = 0;
  return Object.defineProperty(new Error("plain"), field, {
    get() {
      if (reads++ > 0) throw new Error("no second reading");
      return "once";
    },
  });
}

const NOT_ERRORS: readonly (readonly [what: string, thrown: unknown])[] = [
  ["undefined", undefined],
  ["null", null],
  ["a string", "boom"],
  ["an empty string", ""],
  ["a number", Number.NaN],
  ["a bigint", 10n],
  ["a symbol", Symbol("boom")],
  ["a function", () => {}],
  ["an object without prototype", Object.create(null)],
  ["an array", [new Error("inside")]],
  ["a hostile Proxy", hostileProxy()],
  ["a revoked Proxy", revokedProxy()],
  ["an Error whose message throws", errorWithGetter("message")],
  ["an Error whose stack throws", errorWithGetter("stack")],
  ["an Error whose name throws", errorWithGetter("name")],
  ["an Error whose message is an object", Object.assign(new Error("x"), { message: {} })],
];

const ERRORS: readonly (readonly [what: string, thrown: unknown])[] = [
  ["an Error", new Error("boom")],
  ["a frozen Error", Object.freeze(new TypeError("frozen"))],
  ["an Error of another realm", runInContext("new RangeError('afar')", createContext({}))],
  ["a DOMException", new DOMException("gone", "AbortError")],
  ["an Error without a stack", Object.assign(new Error("bare"), { stack: undefined })],
  ["an Error whose constructor throws", errorWithGetter("constructor")],
  ["a circular Error", Object.assign(new Error("round"), { cause: undefined as unknown })],
  ["an Error from Object.create", Object.create(Error.prototype)],
];

async function deliverThrowing(thrown: unknown, kind: "sync" | "async"): Promise<DeliveryReport> {
  const { bus } = createBus();
  const throwing = (): never => {
    throw thrown;
  };
  bus.subscribe("a", kind === "sync" ? throwing : async () => throwing());
  const { deliveries } = await bus.publish("a");
  return deliveries[0]!;
}

describe("the error boundary", () => {
  describe.each(["sync", "async"] as const)("around %s handlers", (kind) => {
    it.each(NOT_ERRORS)("wraps %s that was thrown into a BusError, the original as its cause", async (_, thrown) => {
      const report = await deliverThrowing(thrown, kind);

      expect(report.outcome).toBe("failed");
      expect(report.error).toBeInstanceOf(BusError);
      expect((report.error as BusError).code).toBe("NON_ERROR_THROWN");
      expect(Object.is((report.error as BusError).cause, thrown)).toBe(true);
    });

    it.each(ERRORS)("reports %s that was thrown as it is", async (_, thrown) => {
      const report = await deliverThrowing(thrown, kind);

      expect(report).toMatchObject({ outcome: "failed", disposition: "dead_lettered", attempts: 1 });
      expect(Object.is(report.error, thrown)).toBe(true);
    });

    it.each(["message", "stack", "name"] as const)(
      "contains an Error whose %s can be read only once",
      async (field) => {
        const report = await deliverThrowing(errorReadableOnce(field), kind);

        expect(report.outcome).toBe("failed");
      },
    );

    it("contains a BusError that was made without a code", async () => {
      const report = await deliverThrowing(Object.create(BusError.prototype), kind);

      expect(report.outcome).toBe("failed");
    });
  });

  it("does not keep a synchronous throw from the siblings", async () => {
    const { bus } = createBus();
    const order: string[] = [];
    bus.subscribe("a", () => void order.push("first"), { name: "first" });
    bus.subscribe(
      "a",
      () => {
        order.push("second");
        throw new Error("boom");
      },
      { name: "second" },
    );
    bus.subscribe("a", () => void order.push("third"), { name: "third" });

    const { deliveries } = await bus.publish("a");

    expect(order).toEqual(["first", "second", "third"]);
    expect(deliveries.map((each) => each.outcome)).toEqual(["handled", "failed", "handled"]);
  });

  it("does not let a slow handler delay the start of the next", () => {
    const { bus } = createBus();
    const started: string[] = [];
    bus.subscribe("a", async () => {
      started.push("slow");
      await new Promise(() => {});
    });
    bus.subscribe("a", () => void started.push("next"));

    void bus.publish("a");

    expect(started).toEqual(["slow", "next"]);
  });

  it("awaits what a handler returns when it is thenable without being a Promise", async () => {
    const { bus } = createBus();
    bus.subscribe("a", () => ({
      // biome-ignore lint/suspicious/noThenProperty: a thenable is what this is about
      then: (_resolve: unknown, reject: (error: unknown) => void) => reject(new Error("later")),
    }));

    const { deliveries } = await bus.publish("a");

    expect(deliveries[0]).toMatchObject({ outcome: "failed", error: { message: "later" } });
  });

  it("fails a handler that returns an object whose then throws when it is read", async () => {
    const { bus } = createBus();
    const hostile = new Proxy(
      {},
      {
        get(): never {
          throw new Error("no then");
        },
      },
    );
    bus.subscribe("a", () => hostile);

    const { deliveries } = await bus.publish("a");

    expect(deliveries[0]).toMatchObject({ outcome: "failed", error: { message: "no then" } });
  });

  it("ignores the value a handler returns", async () => {
    const { bus } = createBus();
    bus.subscribe("a", () => 42);

    const { deliveries } = await bus.publish("a");

    expect(deliveries[0]).toEqual({ subscription: "a", outcome: "handled", attempts: 1 });
  });

  it("raises no unhandled rejection when a handler rejects", async () => {
    const { bus } = createBus();
    using unhandled = watchUnhandled();
    bus.subscribe("a", async () => {
      throw new Error("boom");
    });

    await bus.publish("a");
    await settleTurns();

    expect(unhandled.rejections).toEqual([]);
  });
});

describe("timeoutMs", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("ends the delivery as timed_out, dead-lettered", async () => {
    const { bus } = createBus();
    bus.subscribe("a", () => new Promise(() => {}), { timeoutMs: 50 });

    const result = bus.publish("a");
    await vi.advanceTimersByTimeAsync(50);

    expect((await result).deliveries).toMatchObject([
      { outcome: "timed_out", disposition: "dead_lettered", reason: "attempts_exhausted", error: { code: "TIMEOUT" } },
    ]);
  });

  it("lets a handler run until the last millisecond", async () => {
    const { bus } = createBus();
    bus.subscribe("a", () => new Promise((resolve) => void setTimeout(resolve, 49)), { timeoutMs: 50 });

    const result = bus.publish("a");
    await vi.advanceTimersByTimeAsync(49);

    expect((await result).deliveries).toMatchObject([{ outcome: "handled" }]);
  });

  it("aborts ctx.signal with the timeout as its reason", async () => {
    const { bus } = createBus();
    const reasons: unknown[] = [];
    const hang = (_: unknown, { signal }: HandlerContext): Promise<void> => {
      signal.addEventListener("abort", () => reasons.push(signal.reason));
      return new Promise(() => {});
    };
    bus.subscribe("a", hang, { timeoutMs: 50 });

    void bus.publish("a");
    await vi.advanceTimersByTimeAsync(50);

    expect(reasons).toMatchObject([{ code: "TIMEOUT" }]);
  });

  it("gives an aborted signal to a handler that asks for it only after the timeout", async () => {
    const { bus } = createBus();
    const seen: boolean[] = [];
    const late = deferred();
    bus.subscribe(
      "a",
      async (_, ctx) => {
        await late.promise;
        seen.push(ctx.signal.aborted);
      },
      { timeoutMs: 50 },
    );
    void bus.publish("a");
    await vi.advanceTimersByTimeAsync(50);

    late.resolve();
    await settleTurns();

    expect(seen).toEqual([true]);
  });

  it("counts a result that comes late, and changes nothing else", async () => {
    const { bus } = createBus();
    const late = deferred();
    bus.subscribe("a", () => late.promise, { timeoutMs: 50 });
    const result = bus.publish("a");
    await vi.advanceTimersByTimeAsync(50);
    const before = bus.stats();

    late.resolve();
    await settleTurns();

    expect(bus.stats()).toEqual({ ...before, lateResults: 1 });
    expect((await result).deliveries).toMatchObject([{ outcome: "timed_out" }]);
  });

  it("raises no unhandled rejection when the late result is a failure", async () => {
    const { bus } = createBus();
    using unhandled = watchUnhandled();
    const late = deferred();
    bus.subscribe("a", () => late.promise, { timeoutMs: 50 });
    void bus.publish("a");
    await vi.advanceTimersByTimeAsync(50);

    late.reject(new Error("too late"));
    await settleTurns();

    expect(unhandled.rejections).toEqual([]);
    expect(bus.stats().lateResults).toBe(1);
  });

  it("leaves no timer behind when the handler is in time", async () => {
    const { bus } = createBus();
    const timers = vi.getTimerCount();
    bus.subscribe("a", async () => {}, { timeoutMs: 50 });

    await bus.publish("a");

    expect(vi.getTimerCount()).toBe(timers);
  });

  it("holds for each attempt anew", async () => {
    const { bus } = createBus();
    const signals: AbortSignal[] = [];
    const hang = (_: unknown, ctx: HandlerContext): Promise<void> => {
      signals.push(ctx.signal);
      return new Promise(() => {});
    };
    bus.subscribe("a", hang, {
      timeoutMs: 50,
      retry: { maxAttempts: 2, backoff: { initialMs: 100, jitter: "none" } },
    });

    const result = bus.publish("a");
    await vi.advanceTimersByTimeAsync(50 + 100);
    const second = signals.map((signal) => signal.aborted);
    await vi.advanceTimersByTimeAsync(50);

    expect(second).toEqual([true, false]);
    expect((await result).deliveries).toMatchObject([{ outcome: "timed_out", attempts: 2 }]);
    expect(bus.stats()).toMatchObject({ attemptsTimedOut: 2, timedOut: 1, retries: 1 });
  });

  it("covers the middleware too", async () => {
    const { bus } = createBus();
    bus.use(() => new Promise(() => {}));
    bus.subscribe("a", () => {}, { timeoutMs: 50 });

    const result = bus.publish("a");
    await vi.advanceTimersByTimeAsync(50);

    expect((await result).deliveries).toMatchObject([{ outcome: "timed_out" }]);
  });
});

describe("HandlerContext", () => {
  it("tells the subscription and the attempt", async () => {
    const { bus } = createBus();
    const seen: unknown[] = [];
    bus.subscribe("a", (_, { subscription, attempt }) => void seen.push({ subscription, attempt }), {
      name: "billing",
    });

    await bus.publish("a");

    expect(seen).toEqual([{ subscription: "billing", attempt: 1 }]);
  });

  it("hands out the same signal each time, not aborted", async () => {
    const { bus } = createBus();
    const seen: unknown[] = [];
    bus.subscribe("a", (_, ctx) => {
      const { signal } = ctx;
      seen.push(signal === ctx.signal, signal.aborted);
    });

    await bus.publish("a");

    expect(seen).toEqual([true, false]);
  });

  it("logs with the ids of the event and the subscription", async () => {
    const { bus, logger } = createBus();
    bus.subscribe("a", (_, { log }) => log.info({ step: 1 }, "in a handler"), { name: "billing" });

    const { id, correlationId } = await bus.publish("a");

    expect(logger.lines()).toEqual([
      {
        level: "info",
        message: "in a handler",
        fields: { correlation_id: correlationId, event_id: id, event_name: "a", subscription: "billing", step: 1 },
      },
    ]);
  });

  it("logs the causation id of an effect", async () => {
    const { bus, logger } = createBus();
    bus.subscribe("a", (_, ctx) => ctx.publish("b"));
    bus.subscribe("b", (_, { log }) => log.info("effect"));

    const { id } = await bus.publish("a");

    expect(logger.lines()[0]?.fields).toMatchObject({ causation_id: id });
  });

  it("dead-letters at once on deadLetter, retries left or not", async () => {
    const { bus } = createBus();
    bus.subscribe("a", (_, { deadLetter }) => deadLetter("unreadable"), { retry: { maxAttempts: 3 } });

    const { deliveries } = await bus.publish("a");

    expect(deliveries).toMatchObject([
      {
        outcome: "failed",
        disposition: "dead_lettered",
        reason: "unreadable",
        attempts: 1,
        error: { code: "HANDLER_DEAD_LETTERED", message: "unreadable" },
      },
    ]);
    expect(bus.deadLetters.list()).toMatchObject([{ reason: "unreadable" }]);
  });

  it("discards on discard, without dead letter or error handler", async () => {
    const { bus } = createBus();
    const heard: unknown[] = [];
    bus.onError((failure) => heard.push(failure));
    bus.onAttemptError((failure) => heard.push(failure));
    bus.subscribe("a", (_, { discard }) => discard("not mine"), { retry: { maxAttempts: 3 } });

    const { deliveries } = await bus.publish("a");

    expect(deliveries).toMatchObject([
      {
        outcome: "failed",
        disposition: "discarded",
        reason: "not mine",
        attempts: 1,
        error: { code: "HANDLER_DISCARDED" },
      },
    ]);
    expect(bus.deadLetters.size).toBe(0);
    expect(heard).toEqual([]);
  });

  it("counts the first verdict only", async () => {
    const { bus } = createBus();
    bus.subscribe("a", (_, { discard, deadLetter }) => {
      discard("first");
      deadLetter("second");
    });

    const { deliveries } = await bus.publish("a");

    expect(deliveries).toMatchObject([{ disposition: "discarded", reason: "first" }]);
  });

  it("lets a verdict stand when the handler throws after it", async () => {
    const { bus } = createBus();
    bus.subscribe("a", (_, { discard }) => {
      discard("not mine");
      throw new Error("boom");
    });

    const { deliveries } = await bus.publish("a");

    expect(deliveries).toMatchObject([{ outcome: "failed", disposition: "discarded", reason: "not mine" }]);
  });

  it.each(["deadLetter", "discard"] as const)("ignores %s after the handler has returned", async (method) => {
    const { bus } = createBus();
    let kept: HandlerContext<unknown> | undefined;
    bus.subscribe("a", (_, ctx) => {
      kept = ctx;
    });
    const result = await bus.publish("a");

    kept?.[method]("too late");

    expect(result.deliveries).toMatchObject([{ outcome: "handled" }]);
    expect(conservationViolations(bus.stats())).toEqual([]);
  });

  it("ignores retryAfter after the handler has returned", async () => {
    const { bus } = createBus();
    let kept: HandlerContext<unknown> | undefined;
    bus.subscribe(
      "a",
      (_, ctx) => {
        kept = ctx;
      },
      { retry: { maxAttempts: 3 } },
    );
    await bus.publish("a");

    kept?.retryAfter(1);

    expect(bus.stats()).toMatchObject({ handled: 1, waitingForRetry: 0, attempts: 1 });
  });

  it.each([undefined, "", 7, null])("fails a handler that gives %j as the reason", async (reason) => {
    const { bus } = createBus();
    bus.subscribe("a", (_, ctx) => ctx.deadLetter(reason as string));

    const { deliveries } = await bus.publish("a");

    expect(deliveries).toMatchObject([{ reason: "attempts_exhausted", error: { code: "INVALID_OPTION" } }]);
  });

  it.each<readonly [what: string, delayMs: unknown]>([
    ["-1", -1],
    ["NaN", Number.NaN],
    ["Infinity", Number.POSITIVE_INFINITY],
    ["2 ** 31", 2 ** 31],
    ["undefined", undefined],
    ["null", null],
    ["a numeric string", "5"],
    ["a bigint", 10n],
    ["an empty array", []],
    ["a Date", new Date(5)],
  ])("refuses %s as the delay of retryAfter", async (_, delayMs) => {
    const { bus } = createBus();
    bus.subscribe("a", (_, ctx) => ctx.retryAfter(delayMs as never), { retry: { maxAttempts: 1 } });

    const { deliveries } = await bus.publish("a");

    expect(deliveries).toMatchObject([{ outcome: "failed", error: { code: "INVALID_OPTION" } }]);
  });

  it("cuts a reason of the handler to a bounded length", async () => {
    const { bus } = createBus();
    bus.subscribe("a", (_, ctx) => ctx.deadLetter("x".repeat(10_000)));

    await bus.publish("a");

    expect(bus.deadLetters.list()[0]?.reason).toHaveLength(1024);
  });
});
