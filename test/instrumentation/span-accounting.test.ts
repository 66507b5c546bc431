import * as api from "@opentelemetry/api";
import type { ExportResult } from "@opentelemetry/core";
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace";
import { afterEach, describe, expect, it, vi } from "vitest";
import { startTelemetry } from "../../instrumentation/index.ts";
import { telemetryState } from "../../src/telemetry/process.ts";
import { startOtlpReceiver } from "../support/otlp-receiver.ts";
import { createRecordingLogger } from "../support/recording-logger.ts";

const logger = createRecordingLogger();

afterEach(() => {
  logger.clear();
});

function endSpans(count: number): void {
  const tracer = api.trace.getTracer("test");
  for (let i = 0; i < count; i++) tracer.startSpan(`span ${i}`).end();
}

/** An exporter that takes what it is given as it is told to, and remembers it. */
class ScriptedExporter implements SpanExporter {
  readonly taken: ReadableSpan[] = [];
  readonly #answer: (done: (result: ExportResult) => void) => unknown;

  constructor(answer: (done: (result: ExportResult) => void) => unknown) {
    this.#answer = answer;
  }

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): undefined {
    this.taken.push(...spans);
    return this.#answer(done) as undefined; // or whatever the script says: exporters are not always what their type is
  }

  async shutdown(): Promise<void> {}
}

const succeed = (done: (result: ExportResult) => void) => done({ code: 0 });
const fail = (done: (result: ExportResult) => void) => done({ code: 1, error: new Error("refused") });

describe("span accounting", () => {
  it("places every span of a burst beyond the queue, to the unit", async () => {
    await using receiver = await startOtlpReceiver();
    await using telemetry = startTelemetry({ endpoint: receiver.url, queueSize: 8192, metrics: false, logger });

    endSpans(10_000);
    const atOnce = telemetry.stats().spans;
    await telemetry.flush();
    endSpans(10_000);
    const report = await telemetry.shutdown();

    expect(atOnce).toEqual({ exported: 0, dropped: 1808, failed: 0, queued: 8192 });
    expect(report.spans).toEqual({ exported: 16_384, dropped: 3616, failed: 0, notDelivered: 0 });
    expect(receiver.spans()).toHaveLength(16_384);
  });

  it("places every span of bursts that go on while exports go on", async () => {
    await using receiver = await startOtlpReceiver();
    const telemetry = startTelemetry({
      endpoint: receiver.url,
      queueSize: 1000,
      batchSize: 64,
      metrics: false,
      logger,
    });

    for (let burst = 0; burst < 40; burst++) {
      endSpans(250);
      await new Promise((resolve) => setImmediate(resolve));
      const { exported, dropped, failed, queued } = telemetry.stats().spans;
      expect(exported + dropped + failed + queued).toBe(250 * (burst + 1));
    }
    const { spans } = await telemetry.shutdown();

    expect(spans.exported + spans.dropped).toBe(10_000);
    expect(receiver.spans()).toHaveLength(spans.exported);
  });

  it("counts sampled spans only", async () => {
    const exporter = new ScriptedExporter(succeed);
    const telemetry = startTelemetry({ spanExporter: exporter, sampleRatio: 0.5, metrics: false, logger });
    let sampled = 0;

    for (let i = 0; i < 1000; i++) {
      const span = api.trace.getTracer("test").startSpan("one");
      if (span.isRecording()) sampled++;
      span.end();
    }
    const { spans } = await telemetry.shutdown();

    expect(sampled).toBeGreaterThan(300);
    expect(spans).toEqual({ exported: sampled, dropped: 0, failed: 0, notDelivered: 0 });
    expect(exporter.taken).toHaveLength(sampled);
  });

  it.each([
    ["fails", fail],
    ["answers with nothing", (done: (result: never) => void) => done(undefined as never)],
    [
      "throws",
      () => {
        throw new Error("broken");
      },
    ],
    ["rejects", () => Promise.reject(new Error("broken"))],
    ["never answers", () => undefined],
  ])("counts what an exporter that %s was given as failed", async (_, answer) => {
    const exporter = new ScriptedExporter(answer);
    const telemetry = startTelemetry({ spanExporter: exporter, exportTimeoutMs: 100, metrics: false, logger });

    endSpans(600);
    const report = await telemetry.shutdown();

    expect(report).toMatchObject({ ok: false, spans: { exported: 0, dropped: 0, failed: 600, notDelivered: 0 } });
    expect(exporter.taken).toHaveLength(600);
    expect(report.errors).toHaveLength(1);
  });

  it("takes the first answer of an exporter that answers twice, and none that comes too late", async () => {
    const late: (() => void)[] = [];
    let calls = 0;
    const exporter = new ScriptedExporter((done) => {
      calls++;
      if (calls === 1) {
        done({ code: 1 });
        done({ code: 0 });
      } else late.push(() => done({ code: 0 }));
    });
    const telemetry = startTelemetry({
      spanExporter: exporter,
      batchSize: 10,
      exportTimeoutMs: 50,
      metrics: false,
      logger,
    });

    endSpans(20);
    const flushed = await telemetry.flush();
    for (const answer of late) answer();
    const { spans } = await telemetry.shutdown();

    expect(flushed.spans).toEqual({ exported: 0, dropped: 0, failed: 20, notDelivered: 0 });
    expect(spans).toEqual(flushed.spans);
  });

  it("hands no more than a batch to an exporter at a time, and few batches at once", async () => {
    let underWay = 0;
    let most = 0;
    const sizes: number[] = [];
    const exporter: SpanExporter = {
      export(spans, done) {
        sizes.push(spans.length);
        most = Math.max(most, ++underWay);
        setTimeout(() => {
          underWay--;
          done({ code: 0 });
        }, 1);
      },
      shutdown: async () => undefined,
    };
    const telemetry = startTelemetry({ spanExporter: exporter, batchSize: 100, metrics: false, logger });

    endSpans(8150);
    const report = await telemetry.shutdown();

    expect(report).toMatchObject({ ok: true, spans: { exported: 8150 } });
    expect(Math.max(...sizes)).toBe(100);
    expect(sizes).toHaveLength(82);
    expect(most).toBeLessThanOrEqual(16);
  });

  it("sends a batch that is not full after the delay, and one that is at once", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const exporter = new ScriptedExporter(succeed);
    const telemetry = startTelemetry({
      spanExporter: exporter,
      batchSize: 10,
      batchDelayMs: 500,
      metrics: false,
      logger,
    });
    const tick = () => new Promise((resolve) => setImmediate(resolve));

    endSpans(25);
    await tick();
    await tick();
    await tick();
    const full = exporter.taken.length;
    await vi.advanceTimersByTimeAsync(499);
    const early = exporter.taken.length;
    await vi.advanceTimersByTimeAsync(1);
    await tick();
    const delayed = exporter.taken.length;
    vi.useRealTimers();
    await telemetry.shutdown();

    expect([full, early, delayed]).toEqual([20, 20, 25]);
  });

  it("does not export inside the call that ends a span", async () => {
    const exporter = new ScriptedExporter(succeed);
    await using _ = startTelemetry({ spanExporter: exporter, batchSize: 1, metrics: false, logger });

    endSpans(5);

    expect(exporter.taken).toHaveLength(0);
  });

  it("does not let exports be traced", async () => {
    const inside: boolean[] = [];
    const exporter = new ScriptedExporter((done) => {
      inside.push(api.trace.getTracer("http").startSpan("POST").isRecording());
      succeed(done);
    });
    const telemetry = startTelemetry({ spanExporter: exporter, metrics: false, logger });

    endSpans(1);
    await telemetry.shutdown();

    expect(inside).toEqual([false]);
  });

  it("warns at the first drop, and not again within a minute", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    await using _ = startTelemetry({
      spanExporter: new ScriptedExporter(succeed),
      queueSize: 10,
      metrics: false,
      logger,
    });
    const told = () => logger.lines().filter(({ message }) => message.startsWith("spans are being dropped"));

    endSpans(10);
    const before = told().length;
    endSpans(1);
    const first = told().length;
    endSpans(100);
    vi.advanceTimersByTime(59_000);
    endSpans(1);
    const soon = told().length;
    vi.advanceTimersByTime(2000);
    endSpans(1);
    const later = told().map(({ message }) => message);
    vi.useRealTimers();

    expect([before, first, soon]).toEqual([0, 1, 1]);
    expect(later).toHaveLength(2);
    expect(later[1]).toContain("103 dropped so far (and 101 more like it before)");
  });

  it("shows the buses of the process the same numbers", async () => {
    const telemetry = startTelemetry({
      spanExporter: new ScriptedExporter(fail),
      queueSize: 10,
      metrics: false,
      logger,
    });

    endSpans(12);
    const queued = { ...telemetryState().spans };
    await telemetry.flush();
    const flushed = { ...telemetryState().spans };
    await telemetry.shutdown();
    const afterwards = { ...telemetryState().spans };

    expect(queued).toEqual({ exported: 0, dropped: 2, failed: 0, queued: 10 });
    expect(flushed).toEqual({ exported: 0, dropped: 2, failed: 10, queued: 0 });
    expect(afterwards).toEqual({ exported: 0, dropped: 0, failed: 0, queued: 0 });
  });
});
