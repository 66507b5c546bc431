import * as api from "@opentelemetry/api";
import { InMemorySpanExporter, type SpanProcessor } from "@opentelemetry/sdk-trace";
import { afterEach, describe, expect, it, vi } from "vitest";
import { startTelemetry } from "../../instrumentation/index.ts";
import type { TelemetryOptions } from "../../instrumentation/options.ts";
import { createRecordingLogger } from "../support/recording-logger.ts";

const logger = createRecordingLogger();

afterEach(() => {
  logger.clear();
});

const throws = (): never => {
  throw new Error("broken");
};
const rejects = () => Promise.reject(new Error("broken"));

function processor(parts: Partial<SpanProcessor>): SpanProcessor {
  const resolves = async () => undefined;
  return { onStart: () => undefined, onEnd: () => undefined, forceFlush: resolves, shutdown: resolves, ...parts };
}

const BROKEN: Record<string, TelemetryOptions> = {
  "span processor's onStart": { spanProcessors: [processor({ onStart: throws })] },
  "span processor's onStart, asynchronously": { spanProcessors: [processor({ onStart: rejects })] },
  "span processor's onEnding": { spanProcessors: [processor({ onEnding: throws })] },
  "span processor's onEnd": { spanProcessors: [processor({ onEnd: throws })] },
  "span processor's onEnd, asynchronously": { spanProcessors: [processor({ onEnd: rejects })] },
  "span processor's forceFlush and shutdown": {
    spanProcessors: [processor({ forceFlush: rejects, shutdown: throws })],
  },
  sampler: { sampler: { shouldSample: throws, toString: throws } },
  "sampler that decides nothing": { sampler: { shouldSample: () => ({}) as never, toString: () => "" } },
  "id generator": { idGenerator: { generateTraceId: throws, generateSpanId: throws } },
  "id generator of malformed ids": { idGenerator: { generateTraceId: () => "xyz", generateSpanId: () => 7 as never } },
  propagator: { propagators: [{ inject: throws, extract: throws, fields: throws }] },
  "metric reader": {
    metricReaders: [
      {
        setMetricProducer: throws,
        selectAggregation: throws,
        selectAggregationTemporality: throws,
        selectCardinalityLimit: throws,
        collect: rejects,
        forceFlush: rejects,
        shutdown: throws,
      },
    ],
  },
  "log record processor": {
    logRecordProcessors: [{ onEmit: throws, forceFlush: throws, shutdown: rejects, enabled: throws }],
  },
  logger: { logger: { debug: throws, info: throws, warn: throws, error: throws }, queueSize: 1 },
  "context manager": {
    contextManager: { active: throws, with: throws, bind: throws, enable: throws, disable: throws },
  },
};

describe("telemetry with a broken part", () => {
  it.each(Object.keys(BROKEN))("lets spans, metrics and logs through: %s", async (part) => {
    const spanExporter = new InMemorySpanExporter();
    const telemetry = startTelemetry({ spanExporter, metrics: false, logger, ...BROKEN[part] });

    const span = api.trace.getTracer("test").startSpan("a span", { attributes: { key: "value" } });
    api.propagation.inject(api.trace.setSpan(api.ROOT_CONTEXT, span), {});
    api.propagation.extract(api.ROOT_CONTEXT, { traceparent: "x" });
    api.metrics.getMeter("test").createCounter("a.counter").add(1);
    api.logs.getLogger("test").emit({ body: "a record" });
    span.end();
    await telemetry.flush();
    const exported = spanExporter.getFinishedSpans().map(({ name }) => name);
    const { spans } = await telemetry.shutdown();

    expect(exported).toEqual(["a span"]);
    expect(spans).toEqual({ exported: 1, dropped: 0, failed: 0, notDelivered: 0 });
    expect(api.isSpanContextValid(span.spanContext())).toBe(true);
  });

  it.each([
    ["throws before it calls", throws],
    [
      "throws after it called",
      (_: unknown, run: () => unknown) => {
        run();
        throws();
      },
    ],
    ["never calls", () => undefined],
    [
      "calls twice",
      (_: unknown, run: () => unknown) => {
        run();
        return run();
      },
    ],
  ])("runs what is run in a context once under a context manager that %s", async (_, broken) => {
    const contextManager = { active: throws, with: broken as never, bind: throws, enable: throws, disable: throws };
    await using __ = startTelemetry({ traces: false, metrics: false, contextManager, logger });
    const run = vi.fn((word: string) => `${word}!`);
    const failing = vi.fn(() => {
      throw new RangeError("its own");
    });

    const result = api.context.with(api.ROOT_CONTEXT, run, undefined, "done");
    const attempt = () => api.context.with(api.ROOT_CONTEXT, failing);

    expect(result).toBe("done!");
    expect(attempt).toThrowError("its own");
    expect(run).toHaveBeenCalledTimes(1);
    expect(failing).toHaveBeenCalledTimes(1);
  });

  it("counts what was caught, and tells it", async () => {
    const spanExporter = new InMemorySpanExporter();
    await using _ = startTelemetry({ spanExporter, metrics: false, logger, ...BROKEN.sampler });

    api.trace.getTracer("test").startSpan("a span").end();

    expect(logger.lines()).toMatchObject([
      { level: "warn", fields: { event: "spanbus.telemetry.guard_tripped", part: "tracer" } },
    ]);
  });

  it("reports a metric reader that rejects", async () => {
    const telemetry = startTelemetry({ traces: false, logger, ...BROKEN["metric reader"] });

    const report = await telemetry.shutdown();

    expect(report).toMatchObject({ ok: false, metrics: "failed", errors: ["metrics: broken"] });
  });

  it("reports a span processor that never finishes", async () => {
    const never = () => new Promise<void>(() => undefined);
    const spanExporter = new InMemorySpanExporter();
    const spanProcessors = [processor({ shutdown: never })];
    const telemetry = startTelemetry({ spanExporter, metrics: false, spanProcessors, logger });
    api.trace.getTracer("test").startSpan("a span").end();

    const report = await telemetry.shutdown({ deadlineMs: 200 });

    expect(report).toMatchObject({
      ok: false,
      spans: { exported: 1, notDelivered: 0 },
      errors: ["spans: not finished within 200 ms"],
    });
  });

  it("calls the application's span processors, flushes and shuts them and the exporter down", async () => {
    const calls: string[] = [];
    const note = (call: string) => async () => void calls.push(call);
    const spanProcessors = [
      processor({
        onStart: (span) => void span.setAttribute("added", "at start"),
        onEnd: () => void calls.push("onEnd"),
        forceFlush: note("forceFlush"),
        shutdown: note("shutdown"),
      }),
    ];
    const spanExporter = new InMemorySpanExporter();
    vi.spyOn(spanExporter, "forceFlush").mockImplementation(note("exporter.forceFlush"));
    vi.spyOn(spanExporter, "shutdown").mockImplementation(note("exporter.shutdown"));
    const telemetry = startTelemetry({ spanExporter, metrics: false, spanProcessors, logger });

    api.trace.getTracer("test").startSpan("a span").end();
    await telemetry.flush();
    await telemetry.shutdown();

    expect(calls).toEqual(["onEnd", "forceFlush", "exporter.forceFlush", "shutdown", "exporter.shutdown"]);
    expect(spanExporter.getFinishedSpans()).toMatchObject([{ attributes: { added: "at start" } }]);
  });
});
