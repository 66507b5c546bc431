import { describe, expect, it } from "vitest";
import { busSettings } from "../../src/bus/bus-settings.ts";
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

  it("names the value and the range", () => {
    const error = thrownBy(() => new EventBus({ maxDepth: -1 }));

    expect(error).toMatchObject({ message: "new EventBus: maxDepth must be an integer from 0 to 256, got -1" });
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
