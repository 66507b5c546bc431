import { describe, expect, it } from "vitest";
import { subscribeTo } from "../../src/index.ts";
import { recordingHandler } from "../../src/testing/index.ts";
import { createBus, thrownBy } from "../support/test-bus.ts";

describe("subscribeTo(pattern, { bus })", () => {
  it("subscribes a function at once and returns that function", async () => {
    const { bus } = createBus();
    const handler = recordingHandler();

    const returned = subscribeTo("order.*", { bus })(handler);
    await bus.publish("order.placed");

    expect(returned).toBe(handler);
    expect(handler.events.map((event) => event.name)).toEqual(["order.placed"]);
  });

  it("hands its other options to the subscription", () => {
    const { bus } = createBus();

    subscribeTo("*", { bus, name: "monitor" })(() => {});

    expect(bus.describe().subscriptions.map((each) => [each.name, each.pattern])).toEqual([["monitor", "*"]]);
  });

  it("names the subscription after the function", () => {
    const { bus } = createBus();

    subscribeTo("order.placed", { bus })(function charge() {});

    expect(bus.describe().subscriptions.map((each) => each.name)).toEqual(["charge"]);
  });

  it("is undone by bus.unsubscribe with the same pattern and function", async () => {
    const { bus } = createBus();
    const handler = subscribeTo("order.placed", { bus })(recordingHandler());

    const hasEnded = bus.unsubscribe("order.placed", handler);
    await bus.publish("order.placed");

    expect(hasEnded).toBe(true);
    expect(handler.events).toEqual([]);
  });

  it("ends when its signal is aborted", async () => {
    const { bus } = createBus();
    const controller = new AbortController();
    const handler = subscribeTo("order.placed", { bus, signal: controller.signal })(recordingHandler());

    controller.abort();
    await bus.publish("order.placed");

    expect(handler.events).toEqual([]);
  });

  it("can be stacked: one function, several patterns and buses", async () => {
    const { bus: orders } = createBus();
    const { bus: audit } = createBus();
    const handler = recordingHandler();

    subscribeTo("order.placed", { bus: orders })(subscribeTo("*", { bus: audit })(handler));
    await orders.publish("order.placed");
    await audit.publish("user.created");

    expect(handler.events.map((event) => event.name)).toEqual(["order.placed", "user.created"]);
  });

  it("can map over functions", async () => {
    const { bus } = createBus();
    const calls: string[] = [];
    const handlers = [() => void calls.push("first"), () => void calls.push("second")];

    handlers.map(subscribeTo("order.placed", { bus }));
    await bus.publish("order.placed");

    expect(calls).toEqual(["first", "second"]);
  });

  it("refuses what is no function", () => {
    const { bus } = createBus();

    const error = thrownBy(() => subscribeTo("order.placed", { bus })("charge" as never));

    expect(error).toMatchObject({
      code: "INVALID_HANDLER",
      message: 'subscribeTo goes around a function or on a method, not on "charge"',
    });
  });

  it("refuses a bus that is none, with the value", () => {
    const error = thrownBy(() => subscribeTo("order.placed", { bus: null as never }));

    expect(error).toMatchObject({
      code: "INVALID_OPTION",
      message: "subscribeTo: bus must be an EventBus, got null",
    });
  });

  it("refuses to subscribe on a closed bus", async () => {
    const { bus } = createBus();
    await bus.close();

    const error = thrownBy(() => subscribeTo("order.placed", { bus })(() => {}));

    expect(error).toMatchObject({ code: "BUS_CLOSED" });
  });
});

describe("subscribeTo(pattern)", () => {
  it("refuses an invalid pattern where it is written", () => {
    expect(thrownBy(() => subscribeTo("order..placed"))).toMatchObject({ code: "INVALID_PATTERN" });
  });

  it("refuses an invalid option where it is written", () => {
    expect(thrownBy(() => subscribeTo("order.placed", { timeoutMs: -1 }))).toMatchObject({ code: "INVALID_OPTION" });
  });

  it("refuses a pattern that is missing", () => {
    expect(thrownBy(() => subscribeTo(undefined as never))).toMatchObject({ code: "INVALID_PATTERN" });
  });

  it("refuses a plain function without a bus, and says what to do", () => {
    const onFunction = subscribeTo("order.placed") as unknown as (handler: () => void) => void;

    const error = thrownBy(() => onFunction(function charge() {}));

    expect(error).toMatchObject({
      code: "INVALID_OPTION",
      message:
        'cannot subscribe the function "charge" to "order.placed": give the option bus, or decorate a method and call bus.attach(instance)',
    });
  });
});
