import { assertType, describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { type BusEvent, defineEvents, EventBus, type PublishResult } from "../../src/index.ts";
import { createTestBus, recordingHandler, type TestRun, testEvent } from "../../src/testing/index.ts";
import "../../src/testing/vitest.ts";

const events = defineEvents({
  "order.placed": { schema: z.object({ orderId: z.string() }) },
  "order.paid": { schema: z.object({ by: z.string() }) },
});
const harness = createTestBus({ events });

describe("createTestBus", () => {
  it("has a bus with the types of its catalog", () => {
    expectTypeOf(harness.bus).toEqualTypeOf<EventBus<typeof events>>();
    // @ts-expect-error no event is called so
    void harness.bus.publish("order.lost", {});
  });

  it("takes no options that neither it nor the bus has", () => {
    // @ts-expect-error no such option
    createTestBus({ retries: 3 });
  });

  it("has records whose events narrow by their name", () => {
    const [record] = harness.published;
    if (record?.event.name === "order.placed") expectTypeOf(record.event.data.orderId).toEqualTypeOf<string>();
    if (record?.event.name === "order.paid") expectTypeOf(record.event.data.by).toEqualTypeOf<string>();
    expectTypeOf(harness.failed[0]?.outcome).toEqualTypeOf<"failed" | "timed_out" | undefined>();
    // @ts-expect-error readonly
    harness.published.push();
  });

  it("has any events without a catalog", () => {
    expectTypeOf(createTestBus().published[0]?.event).toEqualTypeOf<BusEvent | undefined>();
  });
});

describe("harness.run", () => {
  it("has the result of its call, awaited", async () => {
    const run = await harness.run(() => harness.bus.publish("order.placed", { orderId: "o-1" }));

    expectTypeOf(run.result).toEqualTypeOf<PublishResult>();
    expectTypeOf((await harness.run(() => 5)).result).toEqualTypeOf<number>();
    assertType<TestRun<BusEvent>>(await createTestBus().run(() => undefined));
  });
});

describe("recordingHandler", () => {
  it("subscribes to any event of any catalog", () => {
    harness.bus.subscribe("order.*", recordingHandler());
    createTestBus().bus.subscribe("order.*", recordingHandler());
    new EventBus().subscribe("order.*", recordingHandler<BusEvent<"order.placed", { orderId: string }>>());
  });

  it("has the events it is told to have", () => {
    const billing = recordingHandler<BusEvent<"order.placed", { orderId: string }>>();

    harness.bus.subscribe("order.placed", billing);
    expectTypeOf(billing.events[0]?.data.orderId).toEqualTypeOf<string | undefined>();
    // @ts-expect-error another event
    harness.bus.subscribe("order.paid", billing);
  });
});

describe("testEvent", () => {
  it("has the types of what it is made of", () => {
    expectTypeOf(testEvent({ name: "order.placed", data: { orderId: "o-1" } })).toEqualTypeOf<
      BusEvent<"order.placed", { orderId: string }>
    >();
    expectTypeOf(testEvent().name).toEqualTypeOf<"test.happened">();
  });
});

describe("the vitest matchers", () => {
  it("are typed", async () => {
    const run = await harness.run(() => undefined);

    expect(run.trace).toMatchTree("publish a");
    expect(run.metrics).not.toHaveGrown("spanbus.deliveries", { by: 1, labels: { outcome: "handled" } });
    expect(run.logs).toHaveLogged({ level: "info" });
    expect(harness).toBeConserved();
    // @ts-expect-error no such metric
    expect(run.metrics).toHaveGrown("spanbus.delivery", { by: 1 });
    // @ts-expect-error no such level
    expect(run.logs).toHaveLogged({ level: "loud" });
    // @ts-expect-error a tree is text
    expect(run.trace).toMatchTree(["publish a"]);
  });
});
