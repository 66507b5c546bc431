import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { conservationViolations } from "../support/conservation.ts";
import { createBus, settleTurns, thrownBy, watchUnhandled } from "../support/test-bus.ts";

function fail(): never {
  throw new Error("boom");
}

const NO_WAIT = { maxAttempts: 3, backoff: { initialMs: 0 } } as const;

describe("bus.onError", () => {
  it("hears once of each delivery that fails for good", async () => {
    const { bus } = createBus();
    const failures: unknown[] = [];
    bus.onError((failure) => failures.push(failure));
    bus.subscribe("a", fail, { name: "billing", retry: NO_WAIT });

    const { id } = await bus.publish("a");

    expect(failures).toEqual([
      {
        event: expect.objectContaining({ id }),
        subscription: "billing",
        error: expect.objectContaining({ message: "boom" }),
        outcome: "failed",
        disposition: "dead_lettered",
        reason: "attempts_exhausted",
        attempts: 3,
        deadLetterId: bus.deadLetters.list()[0]?.id,
      },
    ]);
  });

  it("hears of timeouts", async () => {
    const { bus } = createBus();
    const failures: unknown[] = [];
    bus.onError((failure) => failures.push(failure));
    bus.subscribe("a", () => new Promise(() => {}), { timeoutMs: 1 });

    await bus.publish("a");

    expect(failures).toMatchObject([{ outcome: "timed_out", error: { code: "TIMEOUT" } }]);
  });

  it("hears nothing of a failure that a retry mended", async () => {
    const { bus } = createBus();
    const failures: unknown[] = [];
    bus.onError((failure) => failures.push(failure));
    bus.subscribe("a", (_, { attempt }) => (attempt === 1 ? fail() : undefined), { retry: NO_WAIT });

    await bus.publish("a");

    expect(failures).toEqual([]);
  });

  it("hears of each of several failing deliveries", async () => {
    const { bus } = createBus();
    const heard: string[] = [];
    bus.onError(({ subscription }) => heard.push(subscription));
    bus.subscribe("a", fail, { name: "first" });
    bus.subscribe("a", fail, { name: "second" });

    await bus.publish("a");

    expect(heard).toEqual(["first", "second"]);
  });

  it("hears of the entry in the dead letters when it is already there", async () => {
    const { bus } = createBus();
    const found: unknown[] = [];
    bus.onError(({ deadLetterId }) => found.push(bus.deadLetters.get(deadLetterId!)?.reason));
    bus.subscribe("a", fail);

    await bus.publish("a");

    expect(found).toEqual(["attempts_exhausted"]);
  });
});

describe("bus.onAttemptError", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("hears of each failed attempt, and when the next one comes", async () => {
    const { bus } = createBus();
    const failures: unknown[] = [];
    bus.onAttemptError((failure) => failures.push(failure));
    bus.subscribe("a", fail, { name: "billing", retry: { maxAttempts: 2, backoff: { jitter: "none" } } });

    const result = bus.publish("a");
    await vi.advanceTimersByTimeAsync(100);

    const { id } = await result;
    const common = {
      event: expect.objectContaining({ id }),
      subscription: "billing",
      error: expect.objectContaining({ message: "boom" }),
      errorClass: "retryable",
      outcome: "failed",
    };
    expect(failures).toEqual([
      { ...common, attempt: 1, retryInMs: 100 },
      { ...common, attempt: 2, retryInMs: undefined },
    ]);
  });

  it("hears of an attempt before onError hears of the delivery", async () => {
    const { bus } = createBus();
    const order: string[] = [];
    bus.onError(() => order.push("delivery"));
    bus.onAttemptError(() => order.push("attempt"));
    bus.subscribe("a", fail);

    await bus.publish("a");

    expect(order).toEqual(["attempt", "delivery"]);
  });

  it("tells fatal errors apart", async () => {
    const { bus } = createBus();
    const classes: string[] = [];
    bus.onAttemptError(({ errorClass }) => classes.push(errorClass));
    bus.subscribe("a", fail, { classify: () => "fatal" });

    await bus.publish("a");

    expect(classes).toEqual(["fatal"]);
  });

  it("hears nothing of deliveries that are aborted", async () => {
    const { bus } = createBus();
    const failures: unknown[] = [];
    bus.onAttemptError((failure) => failures.push(failure));
    bus.onError((failure) => failures.push(failure));
    bus.subscribe("a", () => new Promise(() => {}));
    void bus.publish("a");

    await bus.close();

    expect(failures).toEqual([]);
  });
});

describe.each(["onError", "onAttemptError"] as const)("bus.%s", (method) => {
  it("stops when it is disposed", async () => {
    const { bus } = createBus();
    let calls = 0;
    const listening = bus[method](() => ++calls);
    bus.subscribe("a", fail);
    await bus.publish("a");

    listening[Symbol.dispose]();
    await bus.publish("a");

    expect(calls).toBe(1);
  });

  it("lets a listener throw without harm to the others or the delivery", async () => {
    const { bus } = createBus();
    let calls = 0;
    bus[method](fail);
    bus[method](() => ++calls);
    bus.subscribe("a", fail);

    const { deliveries } = await bus.publish("a");

    expect(calls).toBe(1);
    expect(deliveries).toMatchObject([{ outcome: "failed", disposition: "dead_lettered" }]);
    expect(conservationViolations(bus.stats())).toEqual([]);
  });

  it("lets a listener reject without an unhandled rejection", async () => {
    const { bus, logger } = createBus();
    using unhandled = watchUnhandled();
    bus[method](async () => fail());
    bus.subscribe("a", fail);

    await bus.publish("a");
    await settleTurns();

    expect(unhandled.rejections).toEqual([]);
    expect(logger.lines()).toContainEqual(
      expect.objectContaining({ fields: expect.objectContaining({ part: "error_handler" }) }),
    );
  });

  it("lets a listener return a hostile thenable", async () => {
    const { bus } = createBus();
    const hostile = new Proxy({}, { get: fail });
    bus[method](() => hostile);
    bus.subscribe("a", fail);

    const { deliveries } = await bus.publish("a");

    expect(deliveries).toMatchObject([{ outcome: "failed" }]);
  });

  it("keeps a failing error handler of a failing handler from calling itself for ever", async () => {
    const { bus } = createBus();
    let calls = 0;
    bus[method](() => {
      calls++;
      return bus.publish("a").catch(() => {});
    });
    bus.subscribe("a", fail);

    await bus.publish("a");
    await settleTurns(20);

    expect(calls).toBeLessThan(100); // the limit of depth ends it
  });

  it.each([undefined, null, "log", {}])("refuses %j as a listener", (listener) => {
    const { bus } = createBus();

    const error = thrownBy(() => bus[method](listener as never));

    expect(error).toMatchObject({ code: "INVALID_HANDLER" });
  });
});
