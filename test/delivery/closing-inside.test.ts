import { describe, expect, it } from "vitest";
import type { EventBus } from "../../src/event-bus.ts";
import type { BusOptions } from "../../src/options.ts";
import { conservationViolations } from "../support/conservation.ts";
import { createRecordingLogger } from "../support/recording-logger.ts";
import { createBus, settleTurns } from "../support/test-bus.ts";

const failing = (): never => {
  throw new Error("broken");
};
const failingLater = async (): Promise<never> => {
  await null;
  throw new Error("broken");
};

/** A bus with options that may close it: `close` does so, once there is a bus. */
function closableBus(optionsOf: (close: () => void) => BusOptions<never>): { bus: EventBus } {
  let bus: EventBus | undefined;
  const made = createBus(optionsOf(() => void bus?.close()) as object);
  bus = made.bus;
  return { bus };
}

describe("closing the bus", () => {
  it.each([
    ["a synchronous handler", failing],
    ["an asynchronous handler", failingLater],
  ])("from the logger that hears of a dead letter of %s settles it once", async (_, handler) => {
    const { bus } = closableBus((close) => ({ logger: { ...createRecordingLogger(), error: close } }));
    bus.subscribe("a", handler, { name: "failing" });
    const pending = bus.subscribe("a", () => new Promise(() => undefined), { name: "pending" });

    const { deliveries } = await bus.publish("a");

    expect(deliveries.map((each) => each.outcome)).toEqual(["failed", "aborted"]);
    expect(conservationViolations(bus.stats())).toEqual([]);
    expect(pending.isActive).toBe(false);
  });

  it("from the redactor settles what it cuts once", async () => {
    const { bus } = closableBus((close) => ({
      redact: (text) => {
        close();
        return text;
      },
    }));
    bus.subscribe("a", failingLater, { name: "failing" });

    const { deliveries } = await bus.publish("a");

    expect(deliveries.map((each) => each.outcome)).toEqual(["aborted"]);
    expect(conservationViolations(bus.stats())).toEqual([]);
    expect(bus.stats()).toMatchObject({ running: 0, attemptsRunning: 0 });
  });

  it("from the id generator settles a dead letter once", async () => {
    const { bus } = closableBus((close) => ({
      generateId: () => {
        close();
        return "id";
      },
    }));
    bus.subscribe("a", failingLater, { name: "failing" });

    const { deliveries } = await bus.publish("a");
    await settleTurns();

    expect(deliveries.map((each) => each.outcome)).toEqual(["failed"]);
    expect(conservationViolations(bus.stats())).toEqual([]);
  });
});

describe("the error boundary", () => {
  it.each([
    ["a BusError whose code throws", "code"],
    ["a BusError whose constructor throws", "constructor"],
  ])("contains %s", async (_, key) => {
    const { bus } = createBus();
    const { BusError } = await import("../../src/errors.ts");
    const hostile = Object.defineProperty(new BusError("TIMEOUT", "x"), key, { get: failing });
    bus.subscribe("a", () => {
      throw hostile;
    });
    bus.subscribe("a", () => undefined, { name: "sibling" });

    const { deliveries } = await bus.publish("a");

    expect(deliveries.map((each) => each.outcome)).toEqual(["failed", "handled"]);
  });

  it("contains a Proxy that is an Error only the first time it is asked", async () => {
    const { bus } = createBus();
    let asked = 0;
    const flickering = new Proxy(new Error("x"), {
      getPrototypeOf: (target) => (asked++ === 0 ? Object.getPrototypeOf(target) : failing()),
    });
    bus.subscribe("a", async () => {
      throw flickering;
    });

    const { deliveries } = await bus.publish("a");

    expect(deliveries.map((each) => each.outcome)).toEqual(["failed"]);
  });
});

describe("middleware", () => {
  it("does not run a lazy thenable that a handler returns", async () => {
    const { bus } = createBus();
    let runs = 0;
    const query = {
      // biome-ignore lint/suspicious/noThenProperty: the shape of a query builder, which runs when it is awaited
      then(settle: () => void): void {
        runs++;
        settle();
      },
    };
    bus.use((_event, _ctx, next) => next());
    bus.subscribe("a", () => query);

    await bus.publish("a");

    expect(runs).toBe(1);
  });
});

describe("a logger that rejects", () => {
  it("is counted, and ends nothing", async () => {
    const reject = async (): Promise<never> => {
      throw new Error("log is down");
    };
    const { bus } = createBus({ logger: { debug: reject, info: reject, warn: reject, error: reject } });
    bus.subscribe("a", failing, { name: "failing" });

    const { deliveries } = await bus.publish("a");
    await settleTurns();

    expect(deliveries[0]?.outcome).toBe("failed");
  });
});

describe("publish options", () => {
  it("are read once: what the caller does to them later changes nothing", async () => {
    const { bus } = createBus();
    bus.subscribe("a", failingLater, { name: "failing" });
    const options = { strict: true };

    const published = bus.publish("a", undefined, options);
    options.strict = false;

    await expect(published).rejects.toMatchObject({ code: "DELIVERY_FAILED" });
  });
});
