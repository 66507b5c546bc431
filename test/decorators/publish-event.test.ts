import { runInNewContext } from "node:vm";
import * as api from "@opentelemetry/api";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { defineEvents } from "../../src/catalog/catalog.ts";
import { systemEvents } from "../../src/catalog/system-events.ts";
import type { BusEvent } from "../../src/event/event.ts";
import { publishEvent } from "../../src/index.ts";
import type { RecordingLogger } from "../support/recording-logger.ts";
import { createBus, deferred, rejectionOf, settleTurns, thrownBy, watchUnhandled } from "../support/test-bus.ts";
import { recordSdk } from "../telemetry/recorded-sdk.ts";

interface Recording {
  readonly bus: ReturnType<typeof createBus>["bus"];
  readonly logger: RecordingLogger;
  readonly events: BusEvent[];
}

function recordEvents(): Recording {
  const { bus, logger } = createBus();
  const events: BusEvent[] = [];
  bus.subscribe("*", (event) => void events.push(event), { name: "recorder" });
  return { bus, logger, events };
}

function namesOf(events: readonly BusEvent[]): string[] {
  return events.map((event) => event.name);
}

const DURATION: unknown = expect.any(Number);

describe("publishEvent with a plain name", () => {
  it("publishes before the call, with the function's name and not its arguments", () => {
    const { bus, events } = recordEvents();
    const order: string[] = [];
    bus.subscribe("action.start", () => void order.push("event"));
    const transfer = publishEvent("action.start", { bus, source: "bank" })(function transfer(_amount: number) {
      order.push("call");
    });

    transfer(100);

    expect(order).toEqual(["event", "call"]);
    expect(events.map(({ name, source, data }) => ({ name, source, data }))).toEqual([
      { name: "action.start", source: "bank", data: { action: "transfer" } },
    ]);
  });

  it("publishes what `data` makes of the arguments", () => {
    const { bus, events } = recordEvents();
    const data = (orderId: string, total: number): object => ({ orderId, total });
    const place = publishEvent("order.placed", { bus, data })((orderId: string, _total: number) => orderId);

    place("o-1", 12);

    expect(events.map((event) => event.data)).toEqual([{ orderId: "o-1", total: 12 }]);
  });

  it("takes the bus's source where it is given none", () => {
    const { bus, events } = recordEvents();

    publishEvent("order.placed", { bus })(() => {})();

    expect(events.map((event) => event.source)).toEqual(["test"]);
  });

  it("publishes nothing when the call ends, however it ends", async () => {
    const { bus, events } = recordEvents();
    const failing = publishEvent("order.placed", { bus })(async () => {
      throw new Error("declined");
    });

    await rejectionOf(failing());

    expect(namesOf(events)).toEqual(["order.placed"]);
  });
});

describe("publishEvent with action.{name}", () => {
  it("publishes start before, and success with the duration after a synchronous call", () => {
    const { bus, events } = recordEvents();
    const add = publishEvent("action.{name}", { bus })(function add(a: number, b: number) {
      return a + b;
    });

    const sum = add(1, 2);

    expect(sum).toBe(3);
    expect(events.map(({ name, data }) => ({ name, data }))).toEqual([
      { name: "action.add.start", data: { action: "add" } },
      { name: "action.add.success", data: { action: "add", durationMs: DURATION } },
    ]);
  });

  it("publishes success when the promise has settled, before the caller goes on", async () => {
    const { bus, events } = recordEvents();
    const gate = deferred<string>();
    const load = publishEvent("action.{name}", { bus })(async function load() {
      return gate.promise;
    });

    const loading = load();
    const before = namesOf(events);
    gate.resolve("loaded");
    const value = await loading;
    const after = namesOf(events);

    expect(value).toBe("loaded");
    expect(before).toEqual(["action.load.start"]);
    expect(after).toEqual(["action.load.start", "action.load.success"]);
  });

  it("publishes failure with type and message, and rethrows the same error", () => {
    const { bus, events } = recordEvents();
    const thrown = new RangeError("too much");
    const spend = publishEvent("action.{name}", { bus })(function spend() {
      throw thrown;
    });

    const error = thrownBy(spend);

    expect(error).toBe(thrown);
    expect(events.map(({ name, data }) => ({ name, data }))[1]).toEqual({
      name: "action.spend.failure",
      data: { action: "spend", durationMs: DURATION, error: { type: "RangeError", message: "too much" } },
    });
  });

  it("publishes failure when the promise rejects, and rejects with the same error", async () => {
    const { bus, events } = recordEvents();
    const thrown = new TypeError("not a number");
    const parse = publishEvent("action.{name}", { bus })(async function parse() {
      throw thrown;
    });

    const error = await rejectionOf(parse());

    expect(error).toBe(thrown);
    expect(namesOf(events)).toEqual(["action.parse.start", "action.parse.failure"]);
  });

  it("describes anything that is thrown, and rethrows it as it is", () => {
    const { bus, events } = recordEvents();
    const spend = publishEvent("action.{name}", { bus })(function spend() {
      throw undefined;
    });

    const error = thrownBy(spend);

    expect(error).toBeUndefined();
    expect(events.at(-1)?.data).toMatchObject({
      error: { type: "non_error_thrown", message: "the handler threw undefined instead of a readable Error" },
    });
  });

  it("adds what `data` makes of the arguments to each event, under its own fields", () => {
    const { bus, events } = recordEvents();
    const data = (orderId: string): Record<string, unknown> => ({ orderId, action: "mine", durationMs: -1 });
    const charge = publishEvent("action.{name}", { bus, data })(function charge(_orderId: string) {});

    charge("o-1");

    expect(events.map((event) => event.data)).toEqual([
      { orderId: "o-1", action: "charge", durationMs: -1 },
      { orderId: "o-1", action: "charge", durationMs: DURATION },
    ]);
  });

  it("publishes what the system events' schemas accept", async () => {
    const { bus, logger } = createBus({ events: systemEvents });
    const events: unknown[] = [];
    bus.subscribe("action.**", (event) => void events.push([event.name, event.data]));
    const charge = publishEvent("action.{name}", { bus })(async function charge(isDeclined: boolean) {
      if (isDeclined) throw new Error("declined");
    });

    await charge(false);
    await rejectionOf(charge(true));

    expect(events).toEqual([
      ["action.charge.start", { action: "charge" }],
      ["action.charge.success", { action: "charge", durationMs: DURATION }],
      ["action.charge.start", { action: "charge" }],
      [
        "action.charge.failure",
        { action: "charge", durationMs: DURATION, error: { type: "Error", message: "declined" } },
      ],
    ]);
    expect(logger.lines()).toEqual([]);
  });

  it.each([
    ["charge", "charge"],
    ["bound charge", "charge"],
    ["#charge", "charge"],
    ["_charge$", "_charge"],
    ["billing.charge card", "billing_charge_card"],
    ["größe", "gr_e"],
    ["a".repeat(70), "a".repeat(64)],
    ["", "anonymous"],
    ["???", "anonymous"],
  ])("makes one token of the function's name %j: %s", (name, token) => {
    const { bus, events } = recordEvents();
    const fn = Object.defineProperty(() => {}, "name", { value: name });

    publishEvent("action.{name}", { bus })(fn)();

    expect(namesOf(events)).toEqual([`action.${token}.start`, `action.${token}.success`]);
  });

  it("takes the option `name` for the function's name", () => {
    const { bus, events } = recordEvents();

    publishEvent("action.{name}", { bus, name: "charge.card" })(function other() {})();

    expect(events.map((event) => [event.name, (event.data as { action: string }).action])).toEqual([
      ["action.charge_card.start", "charge_card"],
      ["action.charge_card.success", "charge_card"],
    ]);
  });
});

describe("an action that a handler runs", () => {
  it("can publish its end while the bus drains", async () => {
    const { bus, events } = recordEvents();
    const gate = deferred();
    const load = publishEvent("action.{name}", { bus })(async function load() {
      await gate.promise;
    });
    bus.subscribe("order.placed", async () => load());
    const publishing = bus.publish("order.placed");

    const draining = bus.drain();
    gate.resolve();
    await Promise.all([publishing, draining]);

    expect(namesOf(events)).toEqual(["order.placed", "action.load.start", "action.load.success"]);
    expect(bus.stats().refused).toEqual({});
  });
});

describe("the correlation id of an action", () => {
  it("is one for all its events, and another for the next call", async () => {
    const { bus, events } = recordEvents();
    const load = publishEvent("action.{name}", { bus })(async function load() {});

    await load();
    await load();

    const [first, second, third, fourth] = events.map((event) => event.correlationId);
    expect(second).toBe(first);
    expect(fourth).toBe(third);
    expect(third).not.toBe(first);
  });

  it("is that of the event being handled, which is also the cause", async () => {
    const { bus, events } = recordEvents();
    const load = publishEvent("action.{name}", { bus })(async function load() {
      await settleTurns(1);
    });
    bus.subscribe("order.placed", async () => load());

    const { id, correlationId } = await bus.publish("order.placed");

    expect(events.map((event) => [event.name, event.correlationId, event.causationId])).toEqual([
      ["order.placed", correlationId, undefined],
      ["action.load.start", correlationId, id],
      ["action.load.success", correlationId, id],
    ]);
  });

  it("is the active trace's outside handlers", async () => {
    using _sdk = recordSdk();
    const { bus, events } = recordEvents();
    const load = publishEvent("action.{name}", { bus })(async function load() {
      await settleTurns(1);
    });

    const traceId = await api.trace.getTracer("test").startActiveSpan("request", async (span) => {
      await load();
      span.end();
      return span.spanContext().traceId;
    });

    expect(events.map((event) => event.correlationId)).toEqual([traceId, traceId]);
  });
});

describe("a function inside publishEvent", () => {
  it.each(["order.placed", "action.{name}"] as const)(
    "keeps name, length, this and properties, %s around it",
    (name) => {
      const { bus } = recordEvents();
      const charge = Object.assign(
        function charge(this: { rate: number }, amount: number, times: number): number {
          return this.rate * amount * times;
        },
        { version: 2 },
      );

      const wrapped = publishEvent(name, { bus })(charge);

      expect([wrapped.name, wrapped.length, wrapped.version]).toEqual(["charge", 2, 2]);
      expect(wrapped.call({ rate: 3 }, 5, 7)).toBe(105);
    },
  );

  it.each(["order.placed", "action.{name}"] as const)("returns what it returns, %s around it", (name) => {
    const { bus } = recordEvents();
    const results = [undefined, null, 0, { a: 1 }, Symbol("s")];
    const wrapped = publishEvent(name, { bus })((index: number) => results[index]);

    const returned = results.map((_, index) => wrapped(index));

    expect(returned.every((value, index) => value === results[index])).toBe(true);
  });

  it("does not run a lazy thenable it returns", () => {
    const { bus, events } = recordEvents();
    let runs = 0;
    // biome-ignore lint/suspicious/noThenProperty: a query builder is what this is about
    const query = { then: () => void runs++ };

    const returned = publishEvent("action.{name}", { bus })(function select() {
      return query;
    })();

    expect(returned).toBe(query);
    expect(runs).toBe(0);
    expect(namesOf(events)).toEqual(["action.select.start", "action.select.success"]);
  });

  it("does not start a lazy promise it returns", () => {
    const { bus } = recordEvents();
    let starts = 0;
    class Lazy extends Promise<string> {
      // biome-ignore lint/suspicious/noThenProperty: a promise that starts when it is awaited is what this is about
      override then(): never {
        starts++;
        throw new Error("started");
      }
    }
    const lazy = new Lazy(() => {});

    const returned = publishEvent("action.{name}", { bus })(function get() {
      return lazy;
    })();

    expect(returned).toBe(lazy);
    expect(starts).toBe(0);
  });

  it("returns the very promise where that has properties of its own", async () => {
    const { bus, events } = recordEvents();
    const request = Object.assign(Promise.resolve("body"), { cancel: () => {} });

    const returned = publishEvent("action.{name}", { bus })(function get() {
      return request;
    })();
    const body = await returned;

    expect(returned).toBe(request);
    expect(body).toBe("body");
    expect(namesOf(events)).toEqual(["action.get.start", "action.get.success"]);
  });

  it("returns the very promise where that is of another class, and follows it", async () => {
    const { bus, events } = recordEvents();
    class Cancellable<Value> extends Promise<Value> {}
    const failing = Cancellable.reject(new Error("gone"));

    const returned = publishEvent("action.{name}", { bus })(function get() {
      return failing;
    })();
    await rejectionOf(failing);

    expect(returned).toBe(failing);
    expect(namesOf(events)).toEqual(["action.get.start", "action.get.failure"]);
  });

  it("returns the very promise where that is of another realm, and follows it", async () => {
    const { bus, events } = recordEvents();
    const foreign: Promise<string> = runInNewContext('Promise.reject("foreign")');

    const returned = publishEvent("action.{name}", { bus })(function get() {
      return foreign;
    })();
    await rejectionOf(foreign);

    expect(returned).toBe(foreign);
    expect(namesOf(events)).toEqual(["action.get.start", "action.get.failure"]);
  });

  it("leaves alone a promise whose class cannot make another", async () => {
    using unhandled = watchUnhandled();
    const { bus } = recordEvents();
    class Picky extends Promise<string> {
      constructor(executor: ConstructorParameters<typeof Promise<string>>[0], word?: string) {
        if (word !== "please") throw new TypeError("say please");
        super(executor);
      }
    }
    const picky = new Picky((resolve) => resolve("value"), "please");

    const returned = publishEvent("action.{name}", { bus })(function get() {
      return picky;
    })();
    await settleTurns();

    expect(returned).toBe(picky);
    expect(unhandled.rejections).toEqual([]);
  });

  it("leaves a rejection that nobody handles unhandled", async () => {
    using unhandled = watchUnhandled();
    const { bus } = recordEvents();
    const forgotten = publishEvent("action.{name}", { bus })(async function forgotten() {
      throw new Error("forgotten");
    });

    void forgotten();
    await settleTurns();

    expect(unhandled.rejections).toMatchObject([{ message: "forgotten" }]);
  });

  it("does not wait for handlers of its events", async () => {
    const { bus } = createBus();
    const gate = deferred();
    bus.subscribe("action.**", () => gate.promise);
    const load = publishEvent("action.{name}", { bus })(async () => "loaded");

    const value = await load();
    gate.resolve();

    expect(value).toBe("loaded");
  });
});

describe("a publish that goes wrong around a function", () => {
  it("changes nothing when the bus is closed; the bus logs and counts both refusals", async () => {
    using unhandled = watchUnhandled();
    const { bus, logger } = recordEvents();
    await bus.close();
    const load = publishEvent("action.{name}", { bus })(async () => "loaded");

    const value = await load();
    await settleTurns();

    expect(value).toBe("loaded");
    expect(unhandled.rejections).toEqual([]);
    expect(bus.stats().refused).toEqual({ bus_closed: 2 });
    expect(logger.lines().map((line) => line.level)).toEqual(["warn", "warn"]);
  });

  it("changes nothing when the data does not match the schema", async () => {
    using unhandled = watchUnhandled();
    const events = defineEvents({ "order.placed": { schema: z.object({ total: z.number() }) } });
    const { bus } = createBus({ events });
    const data = (): { total: number } => ({ total: "many" as never });
    const place = publishEvent("order.placed", { bus, data })(() => "placed");

    const value = place();
    await settleTurns();

    expect(value).toBe("placed");
    expect(unhandled.rejections).toEqual([]);
    expect(bus.stats().refused).toEqual({ invalid_data: 1 });
  });

  it.each([
    ["order.placed", 1, []],
    ["action.{name}", 1, ["action.place.success"]],
  ] as const)("changes nothing when `data` throws around %s", async (name, refused, published) => {
    using unhandled = watchUnhandled();
    const { bus, events } = recordEvents();
    const data = (): never => {
      throw new Error("no data");
    };
    const place = publishEvent(name, { bus, data })(function place() {
      return "placed";
    });

    const value = place();
    await settleTurns();

    expect(value).toBe("placed");
    expect(unhandled.rejections).toEqual([]);
    expect(bus.stats().refused).toEqual({ invalid_event: refused });
    expect(namesOf(events)).toEqual(published);
  });

  it("changes nothing when `publish` itself throws", () => {
    const bus = {
      publish: () => {
        throw new Error("no bus");
      },
    };
    const place = publishEvent("order.placed", { bus: bus as never })(() => "placed");

    const value = place();

    expect(value).toBe("placed");
  });

  it("changes nothing when a handler of the event throws", () => {
    const { bus } = createBus();
    bus.subscribe("order.placed", () => {
      throw new Error("handler");
    });
    const place = publishEvent("order.placed", { bus })(() => "placed");

    const value = place();

    expect(value).toBe("placed");
    expect(bus.stats().deadLettered).toBe(1);
  });
});

describe("publishEvent", () => {
  it.each([["order.*"], ["action.{other}"], ["order..placed"], [""], [undefined]])("refuses the name %j", (name) => {
    const { bus } = createBus();

    const error = thrownBy(() => publishEvent(name as never, { bus } as never));

    expect(error).toMatchObject({ code: "INVALID_NAME" });
  });

  it.each([
    ["no options", undefined],
    ["no bus", {}],
    ["a bus that is none", { bus: {} }],
    ["an empty name", { name: "" }],
    ["an empty source", { source: "" }],
    ["data that is no function", { data: {} }],
    ["an option it does not know", { async: true }],
  ])("refuses %s", (_, options) => {
    const { bus } = createBus();
    const given = options === undefined || Object.keys(options).length === 0 ? options : { bus, ...options };

    const error = thrownBy(() => publishEvent("order.placed", given as never));

    expect(error).toMatchObject({ code: "INVALID_OPTION" });
  });

  it("refuses to go around what is no function", () => {
    const { bus } = createBus();

    const error = thrownBy(() => publishEvent("order.placed", { bus })({} as never));

    expect(error).toMatchObject({ code: "INVALID_HANDLER" });
  });
});
