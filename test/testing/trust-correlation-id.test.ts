import { InMemorySpanExporter } from "@opentelemetry/sdk-trace";
import { describe, expect, it } from "vitest";
import { startTelemetry } from "../../instrumentation/index.ts";
import { telemetryState } from "../../src/telemetry/process.ts";
import { createTestBus } from "../../src/testing/index.ts";

const CORRELATION_ID = "0af76519-16cd-4dd8-8448-eb211c80319c";
const TRACE_ID = "0af7651916cd4dd88448eb211c80319c";

describe("a test bus that trusts correlation ids", () => {
  it("starts the trace of a random id with its bits, and of no other id", async () => {
    await using harness = createTestBus({ trustCorrelationId: true });
    harness.bus.subscribe("order.placed", (_event, ctx) => ctx.publish("invoice.created"), { name: "billing" });

    const run = await harness.run(() => harness.bus.publish("order.placed", {}, { correlationId: CORRELATION_ID }));
    const named = await harness.bus.publish("order.placed", {}, { correlationId: "order-7" });

    expect(run.result).toMatchObject({ correlationId: CORRELATION_ID, traceId: TRACE_ID });
    expect(new Set(run.trace.spans.map((span) => span.traceId))).toEqual(new Set([TRACE_ID]));
    expect(named.traceId).toBe("1".padStart(32, "0"));
    expect(telemetryState()).toMatchObject({ nextTraceId: undefined, trustCorrelationId: false });
  });

  it("leaves a trace that has begun as it is", async () => {
    await using harness = createTestBus({ trustCorrelationId: true });
    harness.bus.subscribe("order.placed", (_event, ctx) => {
      return ctx.publish("invoice.created", {}, { correlationId: CORRELATION_ID });
    });

    const { trace } = await harness.run(() => harness.bus.publish("order.placed"));

    expect(new Set(trace.spans.map((span) => span.traceId)).size).toBe(1);
    expect(trace.spans[0]?.traceId).not.toBe(TRACE_ID);
  });

  it("is one where the application's startTelemetry says so", async () => {
    const spanExporter = new InMemorySpanExporter();
    await using telemetry = startTelemetry({ spanExporter, metrics: false, trustCorrelationId: true });
    await using harness = createTestBus();

    const { traceId } = await harness.bus.publish("order.placed", {}, { correlationId: CORRELATION_ID });
    await telemetry.flush();

    expect(traceId).toBe(TRACE_ID);
    expect(spanExporter.getFinishedSpans().map((span) => span.spanContext().traceId)).toEqual([TRACE_ID]);
  });

  it.each([
    ["by itself", {}],
    ["where it is told not to", { trustCorrelationId: false }],
  ])("is none %s", async (_how, options) => {
    await using harness = createTestBus(options);

    const { traceId } = await harness.bus.publish("order.placed", {}, { correlationId: CORRELATION_ID });

    expect(traceId).toBe("1".padStart(32, "0"));
  });
});
