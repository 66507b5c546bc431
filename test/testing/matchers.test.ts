import { describe, expect, it } from "vitest";
import "../../src/testing/vitest.ts";
import {
  assertConserved,
  assertLogged,
  assertMetric,
  createTestBus,
  recordingHandler,
  spanbusMatchers,
  type TestRun,
} from "../../src/testing/index.ts";
import { thrownBy } from "../support/test-bus.ts";

async function orderRun(): Promise<TestRun> {
  await using harness = createTestBus();
  harness.bus.subscribe("order.placed", (_, ctx) => ctx.log.info({ total: 12 }, "charging o-1"), { name: "billing" });
  return await harness.run(() => harness.bus.publish("order.placed"));
}

const messageOf = (call: () => unknown): string => (thrownBy(call) as Error).message;

describe("the matchers", () => {
  it("pass where the functions do, and fail where they do", async () => {
    const run = await orderRun();
    await using harness = createTestBus();

    expect(run.trace).toMatchTree("publish order.placed > process order.placed [billing]");
    expect(run.trace).not.toMatchTree("publish order.lost");
    expect(run.metrics).toHaveGrown("spanbus.deliveries", { by: 1, labels: { subscription: "billing" } });
    expect(run.metrics).not.toHaveGrown("spanbus.handler.retries", { by: 1 });
    expect(run.logs).toHaveLogged({ level: "info", message: /^charging/, fields: { subscription: "billing" } });
    expect(run.logs).not.toHaveLogged({ level: "error" });
    expect(harness).toBeConserved();
  });

  it("show the trace where it differs, and where it should", async () => {
    const { trace } = await orderRun();

    expect(messageOf(() => expect(trace).toMatchTree("publish order.placed > publish invoice.created"))).toBe(
      [
        "the trace does not hold the path",
        "  publish order.placed > publish invoice.created",
        "",
        "  publish order.placed   <- here it ends: nothing below is publish invoice.created",
        "    process order.placed [billing]",
      ].join("\n"),
    );
    expect(messageOf(() => expect(trace).not.toMatchTree("publish order.placed"))).toBe(
      [
        "the trace was expected not to hold the path publish order.placed:",
        "",
        "  publish order.placed",
        "    process order.placed [billing]",
      ].join("\n"),
    );
    expect(messageOf(() => expect(trace).not.toMatchTree("publish order.placed\n  ..."))).toContain(
      "expected not to be this tree",
    );
  });

  it("show what grew, and the lines there are", async () => {
    const { metrics, logs } = await orderRun();

    const metric = messageOf(() => expect(metrics).toHaveGrown("spanbus.handler.retries", { by: 2 }));
    const log = messageOf(() => expect(logs).toHaveLogged({ message: "paid" }));

    expect(metric).toContain("spanbus.handler.retries was expected to grow by 2, it grew by 0; what grew:\n");
    expect(metric).toContain(
      '  spanbus.delivery.matched{messaging.destination.name="order.placed", messaging.destination.subscription.name="billing"} 1',
    );
    expect(log).toMatch(
      /^a log line like \{ message: 'paid' \} was expected; the lines:\n {2}info charging o-1 \{ .+ \}$/,
    );
  });

  it("refuse what they are not for", () => {
    expect(() => spanbusMatchers.toMatchTree("publish a", "publish a")).toThrow(
      'toMatchTree is for run.trace, got "publish a"',
    );
    expect(() => spanbusMatchers.toHaveGrown({}, "spanbus.deliveries", { by: 1 })).toThrow("is for run.metrics");
    expect(() => spanbusMatchers.toHaveLogged("a", {})).toThrow("is for run.logs");
    expect(() => spanbusMatchers.toBeConserved(null)).toThrow("is for a harness");
  });
});

describe("the assertions", () => {
  it("throw AssertionErrors that show expected and actual", async () => {
    const { metrics, logs } = await orderRun();
    const broken = { conservation: () => ["published 2 is not accepted 1"] };

    const errors = [
      thrownBy(() => assertMetric(metrics, "spanbus.event.unrouted", { by: 1, labels: { destination: "x" } })),
      thrownBy(() => assertLogged(logs, { level: "warn" })),
      thrownBy(() => assertConserved(broken)),
    ];

    expect(errors).toMatchObject([
      { name: "AssertionError", expected: 1, actual: 0, operator: "assertMetric" },
      { name: "AssertionError", expected: { level: "warn" }, operator: "assertLogged" },
      { name: "AssertionError", message: "the accounts of the bus do not balance:\n  published 2 is not accepted 1" },
    ]);
  });

  it("see a bus whose accounts differ from what happened", async () => {
    await using harness = createTestBus();
    harness.bus.subscribe("order.placed", recordingHandler(), { name: "billing" });
    await harness.bus.publish("order.placed");
    const { bus } = harness;
    const stats = bus.stats();
    bus.stats = () => ({
      ...stats,
      handled: stats.handled + 1,
      matched: stats.matched + 1,
      attempts: stats.attempts + 1,
    });

    expect(harness.conservation()).toEqual([
      "attempts 2 is not deliveriesStarted 1 + retries 0 (1)",
      "delivered: 1 were seen, the bus counted 2",
    ]);
  });

  it("take labels short and in full, and count no labels as any", async () => {
    const { metrics } = await orderRun();

    expect(metrics.value("spanbus.deliveries", { "messaging.destination.subscription.name": "billing" })).toBe(1);
    expect(metrics.value("spanbus.deliveries", { outcome: "handled", destination: "order.placed" })).toBe(1);
    expect(metrics.value("spanbus.deliveries", { outcome: "failed" })).toBe(0);
    expect(metrics.value("spanbus.deliveries")).toBe(1);
  });
});
