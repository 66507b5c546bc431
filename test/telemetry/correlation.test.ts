import * as api from "@opentelemetry/api";
import { type IdGenerator, RandomIdGenerator } from "@opentelemetry/sdk-trace";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type BusEvent, createEvent, type EventHeaders } from "../../src/index.ts";
import { telemetryState } from "../../src/telemetry/process.ts";
import { recordSdk, resetProcessState } from "./recorded-sdk.ts";
import { failOnOpenSpans, testBus } from "./test-bus.ts";

beforeEach(resetProcessState);
afterEach(failOnOpenSpans);

const UUID_V4 = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff";
const HEX_OF_UUID_V4 = "6f9619ff8b864d01b42d00cf4fc964ff";

describe("the correlation id of an event", () => {
  it("is the trace id where the publish starts the trace", async () => {
    using sdk = recordSdk();
    const bus = testBus();

    const result = await bus.publish("a");

    expect(result.correlationId).toMatch(/^[0-9a-f]{32}$/);
    expect(result.correlationId).toBe(sdk.spans()[0]?.traceId);
    expect(result.traceId).toBe(result.correlationId);
  });

  it("is the active trace's id where there is one", async () => {
    using _sdk = recordSdk();
    const bus = testBus();

    const { result, traceId } = await api.trace.getTracer("test").startActiveSpan("request", async (span) => {
      span.end();
      return { result: await bus.publish("a"), traceId: span.spanContext().traceId };
    });

    expect(result.correlationId).toBe(traceId);
  });

  it("is a UUID without an SDK", async () => {
    const bus = testBus();

    const result = await bus.publish("a");

    expect(result.correlationId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(result.traceId).toBeUndefined();
  });

  it("is the caller's before all others, and the trace keeps an id of its own", async () => {
    using sdk = recordSdk();
    const bus = testBus();

    const result = await bus.publish("a", undefined, { correlationId: UUID_V4 });

    expect(result.correlationId).toBe(UUID_V4);
    expect(result.traceId).toBe(sdk.spans()[0]?.traceId);
    expect(result.traceId).not.toBe(HEX_OF_UUID_V4);
  });

  it("travels as baggage where it is not the trace id", async () => {
    using _sdk = recordSdk();
    const bus = testBus();
    const seen: { readonly headers: EventHeaders; readonly active: string | undefined }[] = [];
    bus.subscribe("a", async (event) => {
      await Promise.resolve();
      const active = api.propagation.getActiveBaggage()?.getEntry("spanbus.correlation_id")?.value;
      seen.push({ headers: event.headers, active });
    });

    await bus.publish("a", undefined, { correlationId: "order-7" });
    await bus.publish("a");

    expect(seen).toMatchObject([
      { headers: { baggage: "spanbus.correlation_id=order-7" }, active: "order-7" },
      { active: undefined },
    ]);
    expect(seen[1]?.headers).not.toHaveProperty("baggage");
  });

  it("keeps what else is in the baggage", async () => {
    using _sdk = recordSdk();
    const bus = testBus();
    const headers: EventHeaders[] = [];
    bus.subscribe("a", (event) => headers.push(event.headers));
    const baggage = api.propagation.createBaggage({ tenant: { value: "acme" } });

    await api.context.with(api.propagation.setBaggage(api.context.active(), baggage), () =>
      bus.publish("a", undefined, { correlationId: "order-7" }),
    );

    expect(headers[0]?.baggage?.split(",").sort()).toEqual(["spanbus.correlation_id=order-7", "tenant=acme"]);
  });

  it("is never taken from baggage", async () => {
    using _sdk = recordSdk();
    const bus = testBus({ incoming: "trust" });
    const headers = {
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      baggage: "spanbus.correlation_id=forged",
    };

    const result = await bus.publish("a", undefined, { headers });

    expect(result.correlationId).toBe("0af7651916cd43dd8448eb211c80319c");
  });

  it.each(["ctx", "bus"] as const)(
    "is inherited by what a handler publishes with %s.publish, after await too",
    async (how) => {
      using _sdk = recordSdk();
      const bus = testBus();
      const nested: BusEvent[] = [];
      bus.subscribe("a", async (_event, ctx) => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        await (how === "ctx" ? ctx : bus).publish("b");
      });
      bus.subscribe("b", (event) => nested.push(event));

      const result = await bus.publish("a", undefined, { correlationId: "order-7" });

      expect(nested).toMatchObject([{ correlationId: "order-7", causationId: result.id, depth: 1 }]);
    },
  );

  it("is inherited across buses", async () => {
    using _sdk = recordSdk();
    const [one, two] = [testBus(), testBus()];
    one.subscribe("a", () => two.publish("b"));
    const nested: BusEvent[] = [];
    two.subscribe("b", (event) => nested.push(event));

    const result = await one.publish("a");

    expect(nested).toMatchObject([{ correlationId: result.correlationId, causationId: result.id }]);
  });

  it("is inherited without an SDK, and with an SDK without a context manager", async () => {
    const bus = testBus();
    const ids: string[] = [];
    bus.subscribe("a", async () => {
      await Promise.resolve();
      await bus.publish("b");
    });
    bus.subscribe("b", (event) => ids.push(event.correlationId));

    const without = await bus.publish("a");
    using _sdk = recordSdk({ parts: [] });
    const alone = await bus.publish("a");

    expect(ids).toEqual([without.correlationId, alone.correlationId]);
  });

  it("is that of the published event on the object that createEvent made", async () => {
    using _sdk = recordSdk();
    const bus = testBus();
    const event = createEvent({ name: "a", data: {}, source: "test" });

    const result = await bus.publish(event);

    expect(event.correlationId).toBe(result.correlationId);
  });
});

describe("a trusted correlation id", () => {
  it("gives the trace it starts its id", async () => {
    using sdk = recordSdk({ idGenerator: trustingIdGenerator() });
    telemetryState().trustCorrelationId = true;
    const bus = testBus();
    bus.subscribe("a", () => undefined);

    const result = await bus.publish("a", undefined, { correlationId: UUID_V4 });

    expect(result.correlationId).toBe(UUID_V4);
    expect(sdk.spans().map((span) => span.traceId)).toEqual([HEX_OF_UUID_V4, HEX_OF_UUID_V4]);
    expect(sdk.named("publish a")[0]?.parentSpanId).toBeUndefined();
  });

  it.each([
    ["a v4 UUID", UUID_V4, HEX_OF_UUID_V4],
    ["32 random hex digits", "0af7651916cd43dd0448eb211c80319c", "0af7651916cd43dd0448eb211c80319c"],
    ["a v4 UUID without dashes", HEX_OF_UUID_V4, HEX_OF_UUID_V4],
  ])("may be %s", async (_form, correlationId, traceId) => {
    using sdk = recordSdk({ idGenerator: trustingIdGenerator() });
    telemetryState().trustCorrelationId = true;

    await testBus().publish("a", undefined, { correlationId });

    expect(sdk.spans()[0]?.traceId).toBe(traceId);
  });

  it.each([
    ["a v1 UUID, which holds a clock", "72d3162e-cc78-11e3-81ab-4c9367dc0958"],
    ["a v7 UUID, which holds a clock", "01890a5d-ac96-774b-bcce-b302099a8057"],
    ["a v7 UUID without dashes", "01890a5dac96774bbcceb302099a8057"],
    ["a word", "order-7"],
    ["zeros", "0".repeat(32)],
    ["too short", "0af7651916cd43dd"],
  ])("is not %s", async (_form, correlationId) => {
    using sdk = recordSdk({ idGenerator: trustingIdGenerator() });
    telemetryState().trustCorrelationId = true;

    const result = await testBus().publish("a", undefined, { correlationId });

    expect(result.correlationId).toBe(correlationId);
    expect(sdk.spans()[0]?.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(sdk.spans()[0]?.traceId).not.toBe(correlationId.replaceAll("-", ""));
  });

  it("changes nothing where a span is active", async () => {
    using sdk = recordSdk({ idGenerator: trustingIdGenerator() });
    telemetryState().trustCorrelationId = true;
    const bus = testBus();

    await api.trace.getTracer("test").startActiveSpan("request", async (span) => {
      await bus.publish("a", undefined, { correlationId: UUID_V4 });
      span.end();
    });

    const [publish, request] = sdk.spans();
    expect(publish?.traceId).toBe(request?.traceId);
    expect(telemetryState().nextTraceId).toBeUndefined();
  });

  it("does not reach deliveries in link mode: their traces get ids of their own", async () => {
    using sdk = recordSdk({ idGenerator: trustingIdGenerator() });
    telemetryState().trustCorrelationId = true;
    const bus = testBus({ trace: "link" });
    bus.subscribe("a", () => undefined);

    await bus.publish("a", undefined, { correlationId: UUID_V4 });

    expect(sdk.named("publish a")[0]?.traceId).toBe(HEX_OF_UUID_V4);
    expect(sdk.named("process a")[0]?.traceId).not.toBe(HEX_OF_UUID_V4);
  });

  it("does not leak into somebody else's trace when the sampler throws", async () => {
    const shouldSample = (): never => {
      throw new Error("no");
    };
    using _sdk = recordSdk({ idGenerator: new RandomIdGenerator(), sampler: { shouldSample, toString: () => "x" } });
    telemetryState().trustCorrelationId = true;

    await testBus().publish("a", undefined, { correlationId: UUID_V4 });

    expect(telemetryState().nextTraceId).toBeUndefined();
  });

  it("is not there unless the SDK says so", async () => {
    using sdk = recordSdk({ idGenerator: trustingIdGenerator() });

    await testBus().publish("a", undefined, { correlationId: UUID_V4 });

    expect(sdk.spans()[0]?.traceId).not.toBe(HEX_OF_UUID_V4);
  });

  it("makes the trace id again where each publish names it: one trace, several roots", async () => {
    using sdk = recordSdk({ idGenerator: trustingIdGenerator() });
    telemetryState().trustCorrelationId = true;
    const bus = testBus();

    await bus.publish("a", undefined, { correlationId: UUID_V4 });
    await bus.publish("b");
    await bus.publish("c", undefined, { correlationId: UUID_V4 });

    const ids = sdk.spans().map((span) => span.traceId === HEX_OF_UUID_V4);
    expect(ids).toEqual([true, false, true]);
  });
});

/** What `startTelemetry` does with the slot: takes the id for the first trace, and empties it. */
function trustingIdGenerator(): IdGenerator {
  const random = new RandomIdGenerator();
  return {
    generateTraceId: () => {
      const state = telemetryState();
      const { nextTraceId } = state;
      state.nextTraceId = undefined;
      return nextTraceId ?? random.generateTraceId();
    },
    generateSpanId: random.generateSpanId,
  };
}
