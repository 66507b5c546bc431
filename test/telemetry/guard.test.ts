import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type BusOptions, type DefaultCatalog, defineEvents } from "../../src/index.ts";
import { telemetryCells } from "../../src/telemetry/cells.ts";
import { hostileValue } from "../support/broken-sdk.ts";
import { createRecordingLogger } from "../support/recording-logger.ts";
import { settleTurns, watchUnhandled } from "../support/test-bus.ts";
import { type BusinessResults, runBusiness } from "./business.ts";
import { recordSdk, resetProcessState, unregisterSdk } from "./recorded-sdk.ts";
import { testBus } from "./test-bus.ts";

beforeEach(resetProcessState);
afterEach(unregisterSdk);

const expected: BusinessResults = await runBusiness();

describe("business results are the same when the", () => {
  it.each<readonly [part: string, options: BusOptions<DefaultCatalog>, tripped: string]>([
    ["id generator throws", { generateId: thrower() }, "id_generator"],
    ["id generator throws a hostile value", { generateId: thrower(hostileValue()) }, "id_generator"],
    ["id generator returns nonsense", { generateId: () => "not an id" }, "id_generator"],
    ["id generator returns undefined", { generateId: () => undefined as never }, "id_generator"],
    ["id generator returns a hostile value", { generateId: () => hostileValue() as never }, "id_generator"],
    ["clock throws", { now: thrower() }, "clock"],
    ["jitter's randomness throws", { random: thrower() }, "random"],
    ["redactor throws", { redact: thrower() }, "redactor"],
    ["redactor returns a hostile value", { redact: () => hostileValue() as never }, "redactor"],
  ])("%s", async (_part, options, tripped) => {
    const results = await runBusiness(options);

    expect(results).toEqual(expected);
    expect(telemetryCells().guardTrips.get(tripped) ?? 0).toBeGreaterThan(0);
  });

  it.each<readonly [part: string, options: BusOptions<DefaultCatalog>]>([
    ["clock returns NaN", { now: () => Number.NaN }],
    ["clock returns undefined", { now: () => undefined as never }],
    ["jitter's randomness returns NaN", { random: () => Number.NaN }],
    ["jitter's randomness returns a hostile value", { random: () => hostileValue() as never }],
    ["redactor returns undefined", { redact: () => undefined as never }],
  ])("%s", async (_part, options) => {
    const results = await runBusiness(options);
    await settleTurns();

    expect(results).toEqual(expected);
  });
});

describe("the guard", () => {
  it.each<readonly [part: string, tripped: string, setup: Setup]>([
    ["an error handler that throws", "error_handler", { onError: thrower() }],
    ["an error handler that rejects", "error_handler", { onError: rejecter }],
    ["an error handler that throws a hostile value", "error_handler", { onError: thrower(hostileValue()) }],
    ["an error handler that returns a hostile value", "error_handler", { onError: hostileValue }],
    ["an attempt error handler that throws", "error_handler", { onAttemptError: thrower() }],
    ["a classifier that throws", "classifier", { classify: thrower() }],
    ["a classifier that returns nonsense", "classifier", { classify: () => "whatever" as never }],
    ["a classifier that rejects", "classifier", { classify: rejecter as never }],
    ["an attribute extractor that throws", "attribute_extractor", { extract: thrower() }],
    ["an attribute extractor that rejects", "attribute_extractor", { extract: rejecter as never }],
    ["an attribute extractor that returns a hostile value", "attribute_extractor", { extract: hostileValue as never }],
    ["a redactor that rejects", "redactor", { redact: rejecter as never }],
    ["an id generator that rejects", "id_generator", { generateId: rejecter as never }],
  ])("counts %s, and lets nothing else happen", async (_part, tripped, setup) => {
    using _sdk = recordSdk();
    using unhandled = watchUnhandled();
    const { extract = () => 1, onError = () => 1, onAttemptError = () => 1, classify, ...options } = setup;
    const events = defineEvents({ a: { attributes: { "a.x": extract } } }) as DefaultCatalog;
    const bus = testBus({ events, ...options });
    bus.onError(onError);
    bus.onAttemptError(onAttemptError);
    bus.subscribe("a", failing, { name: "bad", retry: { maxAttempts: 2, backoff: { initialMs: 0 } }, classify });
    bus.subscribe("a", () => undefined, { name: "good" });

    const { deliveries } = await bus.publish("a");
    await settleTurns();

    expect(deliveries).toMatchObject([
      { subscription: "bad", outcome: "failed", disposition: "dead_lettered", attempts: 2 },
      { subscription: "good", outcome: "handled", attempts: 1 },
    ]);
    expect([...telemetryCells().guardTrips.keys()]).toEqual([tripped]);
    expect(unhandled.rejections).toEqual([]);
  });

  it("logs a trip at most once a minute, with what it held back", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    try {
      const logger = createRecordingLogger();
      const bus = testBus({ logger, now: thrower() });
      bus.subscribe("a", (event) => event.timestamp);

      for (let i = 0; i < 5; i++) await bus.publish("a");
      vi.advanceTimersByTime(59_000);
      await bus.publish("a");
      vi.advanceTimersByTime(2_000);
      await bus.publish("a");

      expect(trippedLines(logger)).toMatchObject([
        { level: "warn", fields: { part: "clock", unlogged: 0 } },
        { level: "warn", fields: { part: "clock", unlogged: 5 } },
      ]);
    } finally {
      vi.useRealTimers();
    }
  });

  it("counts one trip for one throw", async () => {
    const bus = testBus({ generateId: thrower() });

    (await bus.publish("a")).id;

    expect(telemetryCells().guardTrips.get("id_generator")).toBe(1);
  });

  it("keeps the log's fixed event name", async () => {
    const logger = createRecordingLogger();
    const bus = testBus({ logger, now: thrower() });
    bus.subscribe("a", (event) => event.timestamp);

    await bus.publish("a");

    expect(logger.lines().map((line) => line.fields.event)).toEqual(["spanbus.telemetry.guard_tripped"]);
  });
});

interface Setup {
  generateId?: () => string;
  redact?: (text: string) => string;
  extract?: () => number;
  classify?: () => "retryable";
  onError?: () => unknown;
  onAttemptError?: () => unknown;
}

function trippedLines(logger: ReturnType<typeof createRecordingLogger>) {
  return logger.lines().filter((line) => line.fields.event === "spanbus.telemetry.guard_tripped");
}

function thrower(thrown: unknown = new Error("broken")): () => never {
  return () => {
    throw thrown;
  };
}

function failing(): never {
  throw new TypeError("broken");
}

function rejecter(): Promise<never> {
  return Promise.reject(new Error("broken"));
}
