import * as api from "@opentelemetry/api";
import { InMemorySpanExporter } from "@opentelemetry/sdk-trace";
import { describe, expect, it } from "vitest";
import { startTelemetry } from "../../instrumentation/index.ts";
import { EventBus } from "../../src/index.ts";
import { telemetryState } from "../../src/telemetry/process.ts";

const TRUSTED = "0af7651916cd43dd8448eb211c80319c";

function startRoot(): string {
  const span = api.trace.getTracer("test").startSpan("root", {}, api.ROOT_CONTEXT);
  span.end();
  return span.spanContext().traceId;
}

describe("trustCorrelationId", () => {
  it("gives the preset trace id to the next trace, and to no other", async () => {
    await using _ = startTelemetry({
      spanExporter: new InMemorySpanExporter(),
      metrics: false,
      trustCorrelationId: true,
    });

    telemetryState().nextTraceId = TRUSTED;
    const ids = [startRoot(), startRoot()];

    expect(ids[0]).toBe(TRUSTED);
    expect(ids[1]).toMatch(/^[0-9a-f]{32}$/);
    expect(ids[1]).not.toBe(TRUSTED);
    expect(telemetryState().nextTraceId).toBeUndefined();
  });

  it("makes a publisher's v4 UUID the trace id of the trace it starts", async () => {
    const spanExporter = new InMemorySpanExporter();
    await using telemetry = startTelemetry({ spanExporter, metrics: false, trustCorrelationId: true });
    await using bus = new EventBus({ source: "shop" });

    await bus.publish("order.placed", {}, { correlationId: "0af76519-16cd-4dd8-8448-eb211c80319c" });
    await bus.publish("order.placed", {}, { correlationId: "order-7" });
    await telemetry.flush();

    const traceIds = spanExporter.getFinishedSpans().map((span) => span.spanContext().traceId);
    expect(traceIds).toEqual(["0af7651916cd4dd88448eb211c80319c", expect.not.stringContaining("0af76519")]);
  });

  it("leaves the preset to a root: a child keeps its parent's trace", async () => {
    await using _ = startTelemetry({
      spanExporter: new InMemorySpanExporter(),
      metrics: false,
      trustCorrelationId: true,
    });
    const tracer = api.trace.getTracer("test");
    const parent = tracer.startSpan("parent");

    telemetryState().nextTraceId = TRUSTED;
    const child = tracer.startSpan("child", {}, api.trace.setSpan(api.ROOT_CONTEXT, parent));
    telemetryState().nextTraceId = undefined;

    expect(child.spanContext().traceId).toBe(parent.spanContext().traceId);
  });

  it.each(["", "xyz", "0".repeat(32), TRUSTED.toUpperCase(), `${TRUSTED}0`])(
    "ignores a preset that is no trace id: %j",
    async (preset) => {
      await using _ = startTelemetry({
        spanExporter: new InMemorySpanExporter(),
        metrics: false,
        trustCorrelationId: true,
      });

      telemetryState().nextTraceId = preset;
      const id = startRoot();

      expect(id).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
      expect(id).not.toBe(preset);
    },
  );

  it("is off by default: a preset has no effect", async () => {
    await using _ = startTelemetry({ spanExporter: new InMemorySpanExporter(), metrics: false });

    telemetryState().nextTraceId = TRUSTED;
    const id = startRoot();
    telemetryState().nextTraceId = undefined;

    expect(id).not.toBe(TRUSTED);
  });

  it("samples by the preset id, as by any other", async () => {
    const spanExporter = new InMemorySpanExporter();
    await using telemetry = startTelemetry({
      spanExporter,
      metrics: false,
      trustCorrelationId: true,
      sampleRatio: 0.5,
    });
    const high = `f${TRUSTED.slice(1, 16)}ffffffffffffffff`;
    const low = `1${TRUSTED.slice(1, 16)}0000000000000001`;

    for (const id of [low, high]) {
      telemetryState().nextTraceId = id;
      startRoot();
    }
    await telemetry.flush();

    expect(spanExporter.getFinishedSpans().map((span) => span.spanContext().traceId)).toHaveLength(1);
  });
});
