import { afterEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { defineEvents } from "../../src/index.ts";
import { createTestBus, NotSettledError, recordingHandler } from "../../src/testing/index.ts";
import { deferred, rejectionOf } from "../support/test-bus.ts";

const QUICK = { totalMs: 60, idleMs: 60 };

afterEach(() => void vi.useRealTimers());

describe("harness.settled", () => {
  it("waits for handlers, retries and publishes that nobody awaited", async () => {
    await using harness = createTestBus();
    const billing = recordingHandler({
      throws: new Error("down"),
      times: 2,
      run: (_, ctx) => void ctx.publish("invoice.created"),
    });
    const mailer = recordingHandler({ delayMs: 5 });
    const backoff = { initialMs: 4, jitter: "none" } as const;
    harness.bus.subscribe("order.placed", billing, { name: "billing", retry: { maxAttempts: 3, backoff } });
    harness.bus.subscribe("invoice.created", mailer, { name: "mailer" });

    void harness.bus.publish("order.placed", undefined, { wait: "accepted" });
    await harness.settled();

    expect([billing.calls.length, mailer.calls.length]).toEqual([3, 1]);
    expect(harness.inFlight).toEqual([]);
  });

  it("resolves on a bus where nothing happens", async () => {
    await using harness = createTestBus();

    await expect(harness.settled()).resolves.toBeUndefined();
  });

  it("waits as long as quietMs for code that publishes later", async () => {
    await using harness = createTestBus();
    harness.bus.subscribe("order.placed", () => {
      setTimeout(() => void harness.bus.publish("invoice.created"), 20);
    });

    await harness.bus.publish("order.placed");
    await harness.settled({ quietMs: 200 });

    expect(harness.published).toHaveLength(2);
  });

  it("waits for a replay, and for a publish that outlives its caller's interest", async () => {
    await using harness = createTestBus({ expectFailures: true });
    const billing = recordingHandler({ throws: new Error("down"), times: 1, delayMs: 3 });
    harness.bus.subscribe("order.placed", billing, { name: "billing" });
    await harness.bus.publish("order.placed");

    void harness.bus.deadLetters.replay(harness.deadLettered[0]?.deadLetterId ?? "");
    await harness.settled();

    expect(harness.delivered).toHaveLength(1);
  });

  it("names a handler that hangs when nothing has happened for idleMs", async () => {
    await using harness = createTestBus();
    harness.bus.subscribe("order.placed", recordingHandler({ hangs: true }), { name: "billing" });
    void harness.bus.publish("order.placed", undefined, { correlationId: "checkout-42" });

    const error = await rejectionOf(harness.settled({ idleMs: 30 }));

    expect(error).toBeInstanceOf(NotSettledError);
    expect((error as Error).message).toMatch(
      /^the bus has not settled: nothing has happened for 30 ms \(idleMs\); still in flight:\n {2}order\.placed -> \[billing\] attempt 1 running for \d+ ms, correlation id checkout-42$/,
    );
    expect(error).toMatchObject({
      code: "TIMEOUT",
      inFlight: [
        {
          state: "running",
          eventName: "order.placed",
          correlationId: "checkout-42",
          subscription: "billing",
          attempt: 1,
          retryInMs: undefined,
        },
      ],
    });
  });

  it("names a delivery that waits for its retry, which is not idle but has a total", async () => {
    await using harness = createTestBus();
    const backoff = { initialMs: 20_000, jitter: "none" } as const;
    const billing = recordingHandler({ throws: new Error("down") });
    harness.bus.subscribe("order.placed", billing, { name: "billing", retry: { maxAttempts: 3, backoff } });
    void harness.bus.publish("order.placed");

    const error = await rejectionOf(harness.settled({ totalMs: 60, idleMs: 10 }));

    expect((error as Error).message).toMatch(
      /60 ms are over \(totalMs\); still in flight:\n {2}order\.placed -> \[billing\] attempt 1 failed, waiting for its retry for \d+ of 20000 ms, correlation id 0+1$/,
    );
  });

  it("names a publish whose schema does not answer", async () => {
    const { promise, resolve } = deferred();
    const schema = z.unknown().refine(() => promise.then(() => true));
    await using harness = createTestBus({ events: defineEvents({ "order.placed": { schema } }), settle: QUICK });
    void harness.bus.publish("order.placed", 1);

    const error = await rejectionOf(harness.settled());
    resolve();

    expect((error as Error).message).toMatch(/order\.placed: its publish has not finished for \d+ ms$/);
  });

  it("does not fail again, at the end of the test, over what it has told", async () => {
    const harness = createTestBus({ settle: QUICK });
    harness.bus.subscribe("order.placed", recordingHandler({ hangs: true }), { name: "billing" });
    void harness.bus.publish("order.placed");
    await rejectionOf(harness.settled());

    await harness[Symbol.asyncDispose]();

    expect(harness.cut.map((record) => record.outcome)).toEqual(["aborted"]);
  });

  it("fails the end of a test that leaves a handler hanging, and closes the bus all the same", async () => {
    const harness = createTestBus({ settle: QUICK });
    harness.bus.subscribe("order.placed", recordingHandler({ hangs: true }), { name: "billing" });
    void harness.bus.publish("order.placed");

    const error = await rejectionOf(harness[Symbol.asyncDispose]());

    expect(error).toBeInstanceOf(NotSettledError);
    expect(harness.bus.describe().state).toBe("closed");
  });

  it("refuses a deadline that is none", async () => {
    await using harness = createTestBus();

    await expect(harness.settled({ totalMs: -1 })).rejects.toThrow("settled: totalMs must be a number from 0");
    expect(() => createTestBus({ settle: { idle: 5 } as never })).toThrow("createTestBus: settle: there is no option");
  });
});

describe("harness.run with a deadline", () => {
  it("names what of the run is in flight, and nothing else", async () => {
    await using harness = createTestBus({ settle: QUICK });
    harness.bus.subscribe("order.placed", recordingHandler({ hangs: true }), { name: "billing" });
    harness.bus.subscribe("stock.moved", recordingHandler({ hangs: true }), { name: "stock" });
    void harness.bus.publish("stock.moved");

    const error = await rejectionOf(harness.run(() => harness.bus.publish("order.placed")));

    expect((error as NotSettledError).inFlight.map((each) => each.subscription)).toEqual(["billing"]);
    await rejectionOf(harness.settled());
  });

  it("says so where it is the call that does not return", async () => {
    await using harness = createTestBus({ settle: QUICK });

    const error = await rejectionOf(harness.run(() => new Promise(() => undefined)));

    expect((error as Error).message).toMatch(/the call given to harness\.run\(\) has not returned for \d+ ms$/);
  });

  it("does not wait for other runs", async () => {
    await using harness = createTestBus({ settle: QUICK });
    harness.bus.subscribe("stock.moved", recordingHandler({ hangs: true }), { name: "stock" });
    void harness.bus.publish("stock.moved");

    const run = await harness.run(() => harness.bus.publish("order.placed"));

    expect(run.published).toHaveLength(1);
    await rejectionOf(harness.settled());
  });
});

describe("fake timers", () => {
  it("let a test play through retries and timeouts, and keep the run together", async () => {
    vi.useFakeTimers();
    await using harness = createTestBus({ expectFailures: true });
    const backoff = { initialMs: 30_000, factor: 2, jitter: "none" } as const;
    const slow = recordingHandler({ delayMs: 60_000 });
    const options = { name: "billing", timeoutMs: 5_000, retry: { maxAttempts: 2, backoff } };
    harness.bus.subscribe("order.placed", slow, options);

    const running = harness.run(() => harness.bus.publish("order.placed"));
    await vi.advanceTimersByTimeAsync(5_000 + 30_000 + 5_000);
    const run = await running;

    expect(run.retried.map((record) => record.retryInMs)).toEqual([30_000]);
    expect(run.failed.map((record) => record.outcome)).toEqual(["timed_out"]);
    expect(run.trace.text).toBe(
      [
        "publish order.placed",
        "  process order.placed [billing #1 retry]",
        "  process order.placed [billing #2 timed_out]",
      ].join("\n"),
    );
    expect(harness.conservation()).toEqual([]);
  });

  it("do not stop the deadlines, and are named where they are what is waited for", async () => {
    vi.useFakeTimers();
    await using harness = createTestBus({ settle: QUICK });
    harness.bus.subscribe("order.placed", recordingHandler({ delayMs: 1_000 }), { name: "billing" });
    void harness.bus.publish("order.placed");

    const error = await rejectionOf(harness.settled());

    expect((error as Error).message).toContain("timers are faked: advance them while this waits");
  });

  it("keep what a retry publishes in its run", async () => {
    vi.useFakeTimers();
    await using harness = createTestBus();
    const backoff = { initialMs: 1_000, jitter: "none" } as const;
    const billing = recordingHandler({
      throws: new Error("down"),
      times: 1,
      run: () => harness.bus.publish("invoice.created"),
    });
    harness.bus.subscribe("order.placed", billing, { name: "billing", retry: { maxAttempts: 2, backoff } });

    const running = harness.run(() => harness.bus.publish("order.placed"));
    await vi.advanceTimersByTimeAsync(1_000);
    const run = await running;

    expect(run.published.map(({ event }) => event.name)).toEqual(["order.placed", "invoice.created"]);
    expect(run.trace.text).toContain("  process order.placed [billing #2]\n    publish invoice.created");
  });
});
