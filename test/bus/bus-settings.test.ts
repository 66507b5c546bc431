import { describe, expect, it } from "vitest";
import { type BusSettings, busSettings } from "../../src/bus/bus-settings.ts";
import { EventBus } from "../../src/event-bus.ts";
import { createBus, thrownBy } from "../support/test-bus.ts";

const BAD: readonly (readonly [named: string, options: unknown])[] = [
  ["source", { source: "" }],
  ["source", { source: 7 }],
  ["source", { source: "a\nb" }],
  ["source", { source: "x".repeat(256) }],
  ["events", { events: 5 }],
  ["events", { events: null }],
  ["events", { events: "order.placed" }],
  ["events", { events: [] }],
  ["unknownEvents", { unknownEvents: "warn" }],
  ["logger", { logger: console.log }],
  ["logger", { logger: {} }],
  ["logger", { logger: { debug() {}, info() {}, warn() {} } }],
  ["logger", { logger: null }],
  ["generateId", { generateId: "uuid" }],
  ["now", { now: 5 }],
  ["random", { random: 0.5 }],
  ["redact", { redact: /x/ }],
  ["maxDepth", { maxDepth: -1 }],
  ["maxDepth", { maxDepth: 0.5 }],
  ["maxDepth", { maxDepth: 10_001 }],
  ["ambient", { ambient: "yes" }],
  ["freeze", { freeze: true }],
  ["trace", { trace: "none" }],
  ["spans", { spans: true }],
  ["incoming", { incoming: "yes" }],
  ["assumeParentBased", { assumeParentBased: 1 }],
  ["errors", { errors: "none" }],
  ["maxDestinations", { maxDestinations: 0 }],
  ["maxDestinations", { maxDestinations: 1501 }],
  ["maxScheduled", { maxScheduled: 0 }],
  ["maxScheduled", { maxScheduled: 10_000_001 }],
  ["deadLetters", { deadLetters: 5 }],
  ["deadLetters", { deadLetters: null }],
  ["capacity", { deadLetters: { capacity: 0 } }],
  ["capacity", { deadLetters: { capacity: 1.5 } }],
  ["size", { deadLetters: { size: 5 } }],
  ["catalog", { catalog: {} }],
  ["options", null],
  ["options", "shop"],
];

describe("new EventBus", () => {
  it.each(BAD)("refuses with INVALID_OPTION, naming it, a bad %s: %j", (named, options) => {
    const error = thrownBy(() => new EventBus(options as never));

    expect(error).toMatchObject({ code: "INVALID_OPTION", message: expect.stringContaining(named) });
  });

  it.each([
    [{ source: "" }, 'source must be 1 to 255 characters without control characters, got ""'],
    [{ logger: {} }, "logger must be a pino-shaped logger with debug, info, warn and error, got an object"],
    [{ events: 5 }, "events must be an object, got 5"],
    [{ unknownEvents: "x" }, 'unknownEvents must be one of "refuse", "allow", got "x"'],
    [{ trace: "x" }, 'trace must be one of "child", "link", "auto", got "x"'],
    [{ maxDepth: -1 }, "maxDepth must be an integer from 0 to 256, got -1"],
    [{ maxDestinations: 1.5 }, "maxDestinations must be an integer from 1 to 1500, got 1.5"],
    [{ maxScheduled: 1.5 }, "maxScheduled must be an integer from 1 to 10000000, got 1.5"],
    [{ deadLetters: 5 }, "deadLetters must be an object, got 5"],
    [{ deadLetters: { capacity: 0 } }, "deadLetters: capacity must be an integer from 1 to 10000000, got 0"],
  ])("says of %j what is asked for", (options, message) => {
    const error = thrownBy(() => new EventBus(options as never));

    expect(error).toMatchObject({ message: `new EventBus: ${message}` });
  });

  it.each<[option: keyof BusSettings, values: readonly string[]]>([
    ["unknownEvents", ["refuse", "allow"]],
    ["freeze", ["shallow", "deep"]],
    ["trace", ["child", "link", "auto"]],
    ["spans", ["handlers", "events", "off"]],
    ["incoming", ["trust", "link", "ignore"]],
    ["errors", ["type", "message", "full"]],
  ])("takes each value of %s", (option, values) => {
    const taken = values.map((value) => busSettings({ [option]: value })[option as "trace"]);

    expect(taken).toEqual(values);
  });

  it("refuses a definition that no catalog would take", () => {
    const error = thrownBy(() => new EventBus({ events: { "a b": {} } }));

    expect(error).toMatchObject({ code: "INVALID_NAME", message: expect.stringContaining("a b") });
  });

  it("takes a plain object of definitions for a catalog", async () => {
    const { bus } = createBus({ events: { "order.placed": {} } });

    const { deliveries } = await bus.publish("order.placed");

    expect(deliveries).toEqual([]);
  });

  it("needs no option at all", () => {
    expect(new EventBus().describe()).toMatchObject({ source: undefined, state: "open" });
  });
});

describe("busSettings", () => {
  it("fills in every default", () => {
    expect(busSettings({})).toEqual({
      source: undefined,
      unknownEvents: "refuse",
      generateId: expect.any(Function),
      now: Date.now,
      random: Math.random,
      maxDepth: 64,
      ambient: true,
      freeze: "shallow",
      trace: "auto",
      spans: "handlers",
      incoming: "link",
      assumeParentBased: false,
      errors: "full",
      redact: undefined,
      maxDestinations: 500,
      maxScheduled: 10_000,
      deadLetterCapacity: 1000,
    });
  });
});
