import { describe, expect, it } from "vitest";
import { createTestBus, NotSettledError, recordingHandler } from "../../src/testing/index.ts";
import { rejectionOf } from "../support/test-bus.ts";

describe("createTestBus, with a subscription that has a queue", () => {
  it("lists what found no room, with its reason, and counts it", async () => {
    await using harness = createTestBus();
    const queue = { capacity: 1, policy: "drop-newest" } as const;
    const options = { name: "billing", concurrency: 1, queue };
    harness.bus.subscribe("order.placed", recordingHandler({ delayMs: 1 }), options);

    const run = await harness.run(() => Promise.all([1, 2, 3].map((n) => harness.bus.publish("order.placed", n))));

    expect(run.delivered).toHaveLength(2);
    expect(run.cut).toMatchObject([
      { subscription: "billing", outcome: "dropped", reason: "drop_newest", attempts: 0 },
    ]);
    expect(run.metrics.value("spanbus.deliveries", { "spanbus.delivery.outcome": "dropped" })).toBe(1);
    expect(harness.conservation()).toEqual([]);
  });

  it("says of a delivery that waits in a paused queue where it is", async () => {
    await using harness = createTestBus();
    const billing = harness.bus.subscribe("order.placed", recordingHandler(), { name: "billing" });
    billing.pause();
    void harness.bus.publish("order.placed", undefined, { correlationId: "checkout-42" });

    const error = await rejectionOf(harness.settled({ idleMs: 20, totalMs: 200 }));

    expect(error).toBeInstanceOf(NotSettledError);
    expect((error as Error).message).toContain(
      "order.placed -> [billing] waits in the queue, correlation id checkout-42",
    );
    billing.resume();
  });
});
