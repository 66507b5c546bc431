import { describe, expect, it, vi } from "vitest";
import { createTestBus, recordingHandler, testEvent } from "../../src/testing/index.ts";
import { rejectionOf, thrownBy } from "../support/test-bus.ts";

describe("recordingHandler", () => {
  it("remembers events and calls, attempts too", async () => {
    await using harness = createTestBus();
    const billing = recordingHandler({ throws: new Error("down"), times: 1 });
    harness.bus.subscribe("order.placed", billing, { name: "billing", retry: { maxAttempts: 2 } });

    await harness.bus.publish("order.placed", 1);
    await harness.bus.publish("order.placed", 2);

    expect(billing.events.map((event) => event.data)).toEqual([1, 1, 2]);
    expect(billing.calls.map((call) => call.attempt)).toEqual([1, 2, 1]);
    expect(billing.calls[1]?.ctx?.subscription).toBe("billing");
  });

  it("is synchronous unless something makes it wait", () => {
    expect(recordingHandler()(testEvent())).toBeUndefined();
    expect(recordingHandler({ delayMs: 1 })(testEvent())).toBeInstanceOf(Promise);
  });

  it("throws what it is told, to the very object, and what a function makes of the event", () => {
    const error = new Error("no");
    const picky = recordingHandler({ throws: (event: { data: unknown }) => (event.data === 1 ? error : undefined) });

    expect(thrownBy(() => recordingHandler({ throws: error })(testEvent()))).toBe(error);
    expect(thrownBy(() => picky(testEvent({ data: 1 })))).toBe(error);
    expect(picky(testEvent({ data: 2 }))).toBeUndefined();
  });

  it("gives its name to the subscription, else the pattern does", async () => {
    await using harness = createTestBus();

    const named = harness.bus.subscribe("order.placed", recordingHandler({ name: "billing" }));
    const unnamed = harness.bus.subscribe("order.*", recordingHandler());

    expect([named.name, unnamed.name]).toEqual(["billing", "order.*"]);
  });

  it("waits for calls, those before included", async () => {
    const handler = recordingHandler();
    void handler(testEvent({ data: 1 }));

    const first = await handler.waitForCalls(1);
    const waiting = handler.waitForCalls(2);
    void handler(testEvent({ data: 2 }));

    expect(first).toHaveLength(1);
    expect((await waiting).map((call) => call.event.data)).toEqual([1, 2]);
  });

  it("gives up waiting after timeoutMs, fake timers or not", async () => {
    vi.useFakeTimers();
    const error = await rejectionOf(recordingHandler({ name: "billing" }).waitForCalls(2, { timeoutMs: 5 }));
    vi.useRealTimers();

    expect(error).toMatchObject({ code: "TIMEOUT", message: 'waited 5 ms for 2 calls of "billing", there were 0' });
  });

  it("refuses options it does not have", () => {
    expect(() => recordingHandler({ throw: new Error("no") } as never)).toThrow('no option "throw"');
    expect(() => recordingHandler({ times: -1 })).toThrow("recordingHandler: times");
  });
});

describe("testEvent", () => {
  it("fills in what is left out", () => {
    expect(testEvent().toJSON()).toMatchObject({
      name: "test.happened",
      source: "test",
      timestamp: "2000-01-01T00:00:00.000Z",
      depth: 0,
    });
  });

  it("keeps what it is given, and gives each an id of its own", () => {
    const event = testEvent({ name: "order.placed", data: { orderId: "o-1" }, id: "e-1", correlationId: "c-1" });

    expect(event).toMatchObject({ name: "order.placed", data: { orderId: "o-1" }, id: "e-1", correlationId: "c-1" });
    expect(testEvent().id).not.toBe(testEvent().id);
  });

  it("can be published", async () => {
    await using harness = createTestBus();

    const run = await harness.run(() => harness.bus.publish(testEvent({ name: "order.placed", id: "e-1" })));

    expect(run.result.id).toBe("e-1");
  });

  it("refuses what no event may be", () => {
    expect(() => testEvent({ name: "no such name" })).toThrow("cannot create event");
  });
});
