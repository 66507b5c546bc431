import { SeverityNumber } from "@opentelemetry/api";
import type { ReadableLogRecord } from "@opentelemetry/sdk-logs";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { BusOptions, DefaultCatalog, EventBus } from "../../src/index.ts";
import { exceptionSignal } from "../../src/telemetry/exceptions.ts";
import { createRecordingLogger } from "../support/recording-logger.ts";
import { droppingSampler, recordSdk, resetProcessState } from "./recorded-sdk.ts";

beforeEach(resetProcessState);
afterEach(() => vi.unstubAllEnvs());

describe("OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN", () => {
  it.each([
    [undefined, "spans"],
    ["", "spans"],
    ["http,database", "spans"],
    ["logs", "logs"],
    ["http, logs", "logs"],
    ["logs/dup", "both"],
    ["logs,logs/dup", "both"],
    ["LOGS", "spans"],
  ])("%j means %s", (env, signal) => {
    expect(exceptionSignal(env)).toBe(signal);
  });
});

describe("an exception", () => {
  it("is a span event, and no log record, where the switch is unset", async () => {
    using sdk = recordSdk();
    const bus = await freshBus(undefined);
    bus.subscribe("a", failing);

    await bus.publish("a");
    await bus.publish("not a name").catch(() => undefined);

    expect(sdk.spans().flatMap((span) => span.events.map((event) => event.name))).toEqual(["exception", "exception"]);
    expect(sdk.logs()).toEqual([]);
  });

  it('is a log record, and no span event, with "logs"', async () => {
    using sdk = recordSdk();
    const bus = await freshBus("logs");
    bus.subscribe("a", failing);

    await bus.publish("a");

    const [span] = sdk.named("process a");
    expect(span?.events).toEqual([]);
    expect(span?.status.code).toBe("ERROR");
    expect(span?.attributes["error.type"]).toBe("TypeError");
    expect(sdk.logs().map(summary)).toEqual([
      {
        eventName: "messaging.process.exception",
        severity: SeverityNumber.ERROR,
        scope: "spanbus",
        spanId: span?.spanId,
        attributes: {
          "exception.type": "TypeError",
          "exception.message": "broken",
          "exception.stacktrace": expect.stringContaining("exceptions.test.ts"),
        },
      },
    ]);
  });

  it('is both with "logs/dup"', async () => {
    using sdk = recordSdk();
    const bus = await freshBus("logs/dup");
    bus.subscribe("a", failing);

    await bus.publish("a");

    expect(sdk.named("process a")[0]?.events.map((event) => event.name)).toEqual(["exception"]);
    expect(sdk.logs().map((record) => record.eventName)).toEqual(["messaging.process.exception"]);
  });

  it("of publishing is a WARN of its own name, in the publish span's context", async () => {
    using sdk = recordSdk();
    const bus = await freshBus("logs");
    bus.subscribe("a", failing);

    await bus.publish("not a name").catch(() => undefined);
    await bus.publish("a", undefined, { strict: true }).catch(() => undefined);

    const sent = sdk.logs().filter((record) => record.eventName === "messaging.send.exception");
    expect(sent.map(summary)).toMatchObject([
      { severity: SeverityNumber.WARN, spanId: sdk.named("publish _other")[0]?.spanId },
      { severity: SeverityNumber.WARN, spanId: sdk.named("publish a")[0]?.spanId },
    ]);
  });

  it("is logged for each attempt that threw, once for what is rethrown", async () => {
    using sdk = recordSdk();
    const bus = await freshBus("logs");
    bus.subscribe("a", async (_event, ctx) => {
      const { deliveries } = await ctx.publish("b");
      throw deliveries[0]?.error;
    });
    bus.subscribe("b", failing, { retry: { maxAttempts: 2, backoff: { initialMs: 0 } } });

    await bus.publish("a");

    expect(sdk.logs()).toHaveLength(2);
  });

  it("is logged although its span is not sampled", async () => {
    using sdk = recordSdk({ sampler: droppingSampler() });
    const bus = await freshBus("logs");
    bus.subscribe("a", failing);

    await bus.publish("a");

    expect(sdk.logs().map((record) => record.eventName)).toEqual(["messaging.process.exception"]);
  });

  it.each<readonly [detail: string, options: BusOptions<DefaultCatalog>, keys: readonly string[]]>([
    ["type", { errors: "type" }, ["exception.type"]],
    ["message", { errors: "message" }, ["exception.type", "exception.message"]],
    ["full", {}, ["exception.type", "exception.message", "exception.stacktrace"]],
  ])('is logged in the detail "%s" that the bus allows', async (_detail, options, keys) => {
    using sdk = recordSdk();
    const bus = await freshBus("logs", options);
    bus.subscribe("a", failing);

    await bus.publish("a");

    expect(sdk.logs().map((record) => Object.keys(record.attributes))).toEqual([keys]);
  });

  it('is logged with spans: "events" too, from asynchronous handlers as well', async () => {
    using sdk = recordSdk();
    const bus = await freshBus("logs", { spans: "events" });
    bus.subscribe("a", failing, { name: "sync" });
    bus.subscribe("a", async () => Promise.resolve().then(failing), { name: "async" });

    await bus.publish("a");

    expect(sdk.logs().map((record) => record.eventName)).toEqual(Array(2).fill("messaging.process.exception"));
  });

  it("harms nobody where the API has no logs", async () => {
    using sdk = recordSdk({ parts: ["context"] });
    const bus = await freshBus("logs");
    bus.subscribe("a", failing);

    const { deliveries } = await bus.publish("a");

    expect(deliveries).toMatchObject([{ outcome: "failed", disposition: "dead_lettered" }]);
    expect(sdk.logs()).toEqual([]);
  });
});

/** A bus of a copy of src that was loaded with this value of the switch. */
async function freshBus(switchValue: string | undefined, options: BusOptions<DefaultCatalog> = {}): Promise<EventBus> {
  vi.stubEnv("OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN", switchValue);
  vi.resetModules();
  const { EventBus: FreshBus } = await import("../../src/index.ts");
  return new FreshBus({ source: "shop", logger: createRecordingLogger(), ...options });
}

function summary({ eventName, severityNumber, instrumentationScope, spanContext, attributes }: ReadableLogRecord) {
  const { name: scope } = instrumentationScope;
  return { eventName, severity: severityNumber, scope, spanId: spanContext?.spanId, attributes };
}

function failing(): never {
  throw new TypeError("broken");
}
