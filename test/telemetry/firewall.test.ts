import * as api from "@opentelemetry/api";
import { NoopSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type DefaultCatalog, defineEvents } from "../../src/index.ts";
import { telemetryCells } from "../../src/telemetry/cells.ts";
import { brokenLoggers, matrix } from "../support/broken-sdk.ts";
import { conservationViolations } from "../support/conservation.ts";
import { settleTurns, watchUnhandled } from "../support/test-bus.ts";
import { type BusinessResults, runBusiness, useSdkOnce } from "./business.ts";
import { recordSdk, resetProcessState, unregisterSdk } from "./recorded-sdk.ts";
import { testBus } from "./test-bus.ts";

// Exceptions as log events too, so that a broken OpenTelemetry logger is met; the switch is read when src is loaded.
vi.hoisted(() => {
  process.env.OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN = "logs/dup";
});

beforeEach(resetProcessState);
afterEach(unregisterSdk);

const expected: BusinessResults = await runBusiness();

describe("the business", () => {
  it("does without telemetry what it is meant to do", () => {
    const results = expected.story.filter((line) => !/^(middleware|attempt failed)/.test(line));
    expect(results).toEqual(expect.arrayContaining([...EXPECTED_STORY]));
    expect(expected.story).toHaveLength(137);
    expect(expected.deadLetters).toEqual([
      "slow for slow: attempts_exhausted, timeout",
      "order for dead-lettering: unreadable, handler_dead_lettered, handler_dead_lettered",
    ]);
    expect(conservationViolations({ ...expected.ledger, spansStarted: 0, spansEnded: 0 })).toEqual([]);
  });

  it("is the same under a healthy SDK, and trips nothing", async () => {
    using sdk = recordSdk();

    const results = await runBusiness();

    expect(results).toEqual(expected);
    expect(sdk.spans().length).toBeGreaterThan(30);
    expect(trips()).toBe(0);
  });
});

describe("the firewall keeps business results identical when the", () => {
  it.each([...matrix()])("%s", async (label, install) => {
    using unhandled = watchUnhandled();
    const uninstall = install();
    if (label.endsWith("throws sometimes")) useSdkOnce();

    const results = await runBusiness();
    const sabotaged = uninstall();
    await settleTurns();

    expect(results).toEqual(expected);
    expect(sabotaged).toBeGreaterThan(0);
    expect(unhandled.rejections).toEqual([]);
    expect(trips() > 0 || !/ throws/.test(label)).toBe(true);
  });

  it.each([...brokenLoggers()])("%s", async (label, logger, saboteur) => {
    using unhandled = watchUnhandled();

    const results = await runBusiness({ logger });
    await settleTurns();

    expect(results).toEqual(expected);
    expect(saboteur.trips).toBeGreaterThan(0);
    expect(unhandled.rejections).toEqual([]);
    expect(telemetryCells().guardTrips.get("logger") ?? 0).toBeGreaterThan(/ throws/.test(label) ? 0 : -1);
  });

  it.each([...brokenLoggers()])("%s, under a healthy SDK", async (_label, logger, saboteur) => {
    using _sdk = recordSdk();

    const results = await runBusiness({ logger });

    expect(results).toEqual(expected);
    expect(saboteur.trips).toBeGreaterThan(0);
  });
});

describe("a span that breaks after it was started", () => {
  it.each(["spanContext", "isRecording"] as const)(
    "by throwing from %s leaves the business results as they are",
    async (method) => {
      const breakage = breakSpansLater(method);
      const bus = testBus();
      const logged: unknown[] = [];
      bus.subscribe(
        "a",
        (_event, ctx) => {
          breakage.isOn = true;
          ctx.log.info("still here");
          logged.push(ctx.attempt);
          throw new TypeError("broken");
        },
        { name: "bad" },
      );

      const { deliveries } = await bus.publish("a");
      breakage.isOn = false;

      expect(logged).toEqual([1]);
      expect(deliveries).toMatchObject([
        { outcome: "failed", disposition: "dead_lettered", error: new TypeError("broken") },
      ]);
      expect(bus.deadLetters.size).toBe(1);
      expect(conservationViolations(bus.stats())).toEqual([]);
    },
    3_000,
  );

  it("by throwing from spanContext still lets a publish be refused with its reason", async () => {
    const breakage = breakSpansLater("spanContext");
    const validate = () => {
      breakage.isOn = true;
      return { issues: [{ message: "no" }] };
    };
    const schema = { "~standard": { version: 1, vendor: "test", validate } } as const;
    const bus = testBus({ events: defineEvents({ a: { schema } }) as DefaultCatalog });

    const refusal = await new Promise((resolve) => resolve(bus.publish("a"))).catch((error: unknown) => error);
    breakage.isOn = false;

    expect(refusal).toMatchObject({ code: "INVALID_DATA" });
    expect(conservationViolations(bus.stats())).toEqual([]);
  });
});

function trips(): number {
  return [...telemetryCells().guardTrips.values()].reduce((sum, count) => sum + count, 0);
}

/** Registers an SDK whose spans work until `isOn`, and from then on throw from one method. */
function breakSpansLater(method: "spanContext" | "isRecording"): { isOn: boolean } {
  const breakage = { isOn: false };
  const real = new TracerProvider({ spanProcessors: [new NoopSpanProcessor()] });
  const breakSpan = (span: api.Span): api.Span =>
    new Proxy(span, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== "function") return value;
        return (...values: unknown[]): unknown => {
          if (breakage.isOn && key === method) throw new Error(`${method}() was sabotaged`);
          return Reflect.apply(value, target, values);
        };
      },
    });
  api.trace.setGlobalTracerProvider({
    getTracer: (...wanted) => {
      const tracer = real.getTracer(...wanted);
      const startSpan: api.Tracer["startSpan"] = (...values) => breakSpan(tracer.startSpan(...values));
      return { startSpan, startActiveSpan: tracer.startActiveSpan.bind(tracer) } as api.Tracer;
    },
  });
  return breakage;
}

const EXPECTED_STORY: readonly string[] = [
  'async handles order 1: event 1, correlation correlation 2, cause undefined, depth 0, {"id":"o-1"}, object, number',
  "invoice handles invoice.paper 1: event 3, correlation correlation 2, cause event 1, depth 1, undefined, object, number",
  "nested without ctx: event 4, correlation correlation 2: audit handled   1 ",
  "nested on another bus: event 5, correlation correlation 2: elsewhere handled   1 ",
  "failed: failing attempts_exhausted TypeError: broken",
  "order: event 1, correlation correlation 2: sync handled   1 ; async handled   1 ; failing failed dead_lettered " +
    "attempts_exhausted 1 TypeError: broken; dead-lettering failed dead_lettered unreadable 1 BusError " +
    "HANDLER_DEAD_LETTERED: unreadable; discarding failed discarded not ours 1 BusError HANDLER_DISCARDED: not ours",
  "invoice handles invoice.paper 1: event 7, correlation caller-7, cause event 6, depth 1, undefined, object, number",
  "flaky: event 25, correlation correlation 26: flaky handled   3 ",
  'slow: event 27, correlation correlation 28: slow timed_out dead_lettered attempts_exhausted 1 BusError TIMEOUT: the handler "slow" took longer than 1 ms',
  "replay: failed",
  "endless: event 34, correlation correlation 35: endless aborted  close 1 BusError ABORTED: the delivery was cut short: the bus was closed",
  "closed threw BusError BUS_CLOSED: the bus is closed: publish and subscribe before close() or drain()",
];
