import { describe, expect, it } from "vitest";
import { createTestBus, recordingHandler, UnexpectedFailuresError } from "../../src/testing/index.ts";
import { rejectionOf } from "../support/test-bus.ts";

const noMoney = new Error("no money");

describe("a handler that fails", () => {
  it("fails the test where the harness is disposed", async () => {
    const harness = createTestBus();
    harness.bus.subscribe("order.placed", recordingHandler({ throws: noMoney }), { name: "billing" });
    await harness.bus.publish("order.placed");

    const error = await rejectionOf(harness[Symbol.asyncDispose]());

    expect(error).toBeInstanceOf(AggregateError);
    expect(error).toBeInstanceOf(UnexpectedFailuresError);
    expect((error as UnexpectedFailuresError).errors).toMatchObject([{ code: "DELIVERY_FAILED", cause: noMoney }]);
    expect((error as UnexpectedFailuresError).failures[0]).toMatchObject({ subscription: "billing", attempts: 1 });
    expect((error as Error).message).toBe(
      [
        "the test did not expect these failures:",
        "  [billing] failed order.placed in attempt 1: Error: no money (if it is to fail, call harness.expectFailures())",
      ].join("\n"),
    );
    expect(harness.bus.describe().state).toBe("closed");
  });

  it("fails it even where nobody awaited the publish", async () => {
    const harness = createTestBus();
    harness.bus.subscribe("order.placed", recordingHandler({ throws: noMoney, delayMs: 5 }), { name: "billing" });

    void harness.bus.publish("order.placed");

    await expect(harness[Symbol.asyncDispose]()).rejects.toThrow("no money");
  });

  it("fails settled(), once", async () => {
    await using harness = createTestBus();
    harness.bus.subscribe("order.placed", recordingHandler({ throws: noMoney }), { name: "billing" });
    void harness.bus.publish("order.placed");

    await expect(harness.settled()).rejects.toThrow("[billing] failed order.placed");
    await expect(harness.settled()).resolves.toBeUndefined();
  });

  it("does not fail it when a retry mends it", async () => {
    await using harness = createTestBus();
    const billing = recordingHandler({ throws: noMoney, times: 1 });
    harness.bus.subscribe("order.placed", billing, { name: "billing", retry: { maxAttempts: 2 } });

    await harness.bus.publish("order.placed");

    await expect(harness.settled()).resolves.toBeUndefined();
  });

  it("is told with whatever it threw", async () => {
    const harness = createTestBus();
    harness.bus.subscribe("order.placed", recordingHandler({ throws: () => "just text" }), { name: "billing" });

    await harness.bus.publish("order.placed");

    await expect(harness[Symbol.asyncDispose]()).rejects.toThrow('the handler threw "just text"');
  });
});

describe("harness.expectFailures", () => {
  it("lets handlers fail, when it is called before and when it is called after", async () => {
    await using harness = createTestBus();
    harness.bus.subscribe("order.placed", recordingHandler({ throws: noMoney }), { name: "billing" });

    await harness.bus.publish("order.placed");
    harness.expectFailures();
    await harness.bus.publish("order.placed");

    await expect(harness.settled()).resolves.toBeUndefined();
  });

  it.each([
    { fits: true, expected: {} },
    { fits: true, expected: { subscription: "billing" } },
    { fits: true, expected: { event: "order.placed", message: "no mon" } },
    { fits: true, expected: { message: /^no/ } },
    { fits: false, expected: { subscription: "mailer" } },
    { fits: false, expected: { event: "order.lost" } },
    { fits: false, expected: { subscription: "billing", message: "no time" } },
  ])("takes %o", async ({ fits, expected }) => {
    await using harness = createTestBus({ expectFailures: expected });
    harness.bus.subscribe("order.placed", recordingHandler({ throws: noMoney }), { name: "billing" });

    await harness.bus.publish("order.placed");
    const outcome = await harness.settled().then(
      () => true,
      () => false,
    );

    expect(outcome).toBe(fits);
  });
});

describe("a run whose call throws", () => {
  it("fails the test that does not look", async () => {
    const harness = createTestBus();
    await harness.run(() => harness.bus.publish("no such name"));

    const error = await rejectionOf(harness[Symbol.asyncDispose]());

    expect((error as Error).message).toContain("  the call given to harness.run() threw BusError: cannot publish");
    expect((error as Error).message).toContain("look at run.error");
  });

  it("does not fail a test that looks", async () => {
    await using harness = createTestBus();

    const run = await harness.run(() => {
      throw noMoney;
    });

    expect(run.error).toBe(noMoney);
  });
});
