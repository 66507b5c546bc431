import * as api from "@opentelemetry/api";
import { afterEach, describe, expect, it } from "vitest";
import { startTelemetry, type Telemetry } from "../../instrumentation/index.ts";
import { type ReceiverBehaviour, startOtlpReceiver } from "../support/otlp-receiver.ts";
import { createRecordingLogger } from "../support/recording-logger.ts";

const logger = createRecordingLogger();

afterEach(() => {
  logger.clear();
});

function endSpans(count: number): void {
  const tracer = api.trace.getTracer("test");
  for (let i = 0; i < count; i++) tracer.startSpan(`span ${i}`).end();
}

function countOf({
  exported,
  dropped,
  failed,
  notDelivered,
}: Awaited<ReturnType<Telemetry["shutdown"]>>["spans"]): number {
  return exported + dropped + failed + notDelivered;
}

describe("Telemetry.shutdown", () => {
  it("delivers a full queue", async () => {
    await using receiver = await startOtlpReceiver();
    const telemetry = startTelemetry({ endpoint: receiver.url, queueSize: 8192, batchSize: 128, logger });

    endSpans(8192);
    const before = telemetry.stats().spans;
    const report = await telemetry.shutdown();

    expect(before).toEqual({ exported: 0, dropped: 0, failed: 0, queued: 8192 });
    expect(report).toMatchObject({
      ok: true,
      timedOut: false,
      spans: { exported: 8192, dropped: 0, failed: 0, notDelivered: 0 },
    });
    expect(new Set(receiver.spans().map(({ name }) => name)).size).toBe(8192);
    expect(receiver.requests().filter(({ signal }) => signal === "traces")).toHaveLength(64);
  });

  it("delivers to a slow collector", async () => {
    await using receiver = await startOtlpReceiver({ behaviour: "slow" });
    const telemetry = startTelemetry({ endpoint: receiver.url, batchSize: 10, logger });

    endSpans(400);
    const report = await telemetry.shutdown();

    expect(report).toMatchObject({ ok: true, spans: { exported: 400 }, metrics: "delivered" });
    expect(receiver.spans()).toHaveLength(400);
  });

  it.each([
    ["refuse", /ECONNREFUSED/],
    ["reset", /ECONNRESET/],
    ["hang", /not finished/],
    ["drip", /not finished/],
    ["4xx", /HTTP 400/],
    ["404", /HTTP 404/],
    ["429-retry-after", /retryable|not finished/],
    ["5xx", /retryable|not finished/],
    ["500", /HTTP 500/],
    ["redirect", /HTTP 30[27]/],
    ["garbage", /no OTLP collector/],
  ] as const)(
    "reports what it could not deliver to a collector that answers with %s, in time",
    async (behaviour, error) => {
      await using receiver = await startOtlpReceiver({ behaviour });
      const telemetry = startTelemetry({ endpoint: receiver.url, exportTimeoutMs: 2000, logger });
      endSpans(300);
      api.metrics.getMeter("test").createCounter("a.counter").add(1);

      const startedAt = performance.now();
      const report = await telemetry.shutdown({ deadlineMs: 1000 });

      expect(performance.now() - startedAt).toBeLessThan(3000);
      expect(report.ok).toBe(false);
      expect(report.spans.exported).toBe(0);
      expect(countOf(report.spans)).toBe(300);
      expect(["failed", "timed out"]).toContain(report.metrics);
      expect(report.errors.join()).toMatch(error);
      expect(receiver.spans()).toEqual([]);
    },
  );

  it("counts what the collector rejected as failed", async () => {
    await using receiver = await startOtlpReceiver({ behaviour: "partial" });
    const telemetry = startTelemetry({ endpoint: receiver.url, batchSize: 100, logger });

    endSpans(250);
    const report = await telemetry.shutdown();

    expect(report).toMatchObject({ ok: false, spans: { exported: 247, dropped: 0, failed: 3, notDelivered: 0 } });
    expect(receiver.spans()).toHaveLength(247);
    expect(report.errors).toContain("spans: the collector rejected 1: the last record was rejected");
  });

  it("resolves with the default deadline whatever deadline it is given", async () => {
    await using receiver = await startOtlpReceiver();
    const telemetry = startTelemetry({ endpoint: receiver.url, logger });
    endSpans(1);

    const report = await telemetry.shutdown({ deadlineMs: Number.NaN });

    expect(report).toMatchObject({ ok: true, spans: { exported: 1 } });
  });

  it("gives up at once with a deadline of 0, and counts what it gave up", async () => {
    await using receiver = await startOtlpReceiver({ behaviour: "hang" });
    const telemetry = startTelemetry({ endpoint: receiver.url, logger });
    api.metrics.getMeter("test").createCounter("a.counter").add(1);
    endSpans(10);

    const report = await telemetry.shutdown({ deadlineMs: 0 });

    const spans = { exported: 0, notDelivered: 10 };
    expect(report).toMatchObject({ ok: false, timedOut: true, spans, metrics: "timed out" });
    expect(telemetry.stats().spans).toEqual({ exported: 0, dropped: 0, failed: 0, queued: 10 });
  });

  it("is idempotent: concurrent and later calls share the first one's report", async () => {
    await using receiver = await startOtlpReceiver();
    const telemetry = startTelemetry({ endpoint: receiver.url, logger });
    endSpans(1);

    const first = telemetry.shutdown();
    const second = telemetry.shutdown({ deadlineMs: 1 });
    const report = await first;
    const third = telemetry.shutdown();
    const flushed = await telemetry.flush();

    expect(second).toBe(first);
    expect(third).toBe(first);
    expect(flushed).toBe(report);
    expect(receiver.spans()).toHaveLength(1);
  });

  it("drops, and counts, spans that end after it was called", async () => {
    await using receiver = await startOtlpReceiver();
    const telemetry = startTelemetry({ endpoint: receiver.url, logger });
    const open = api.trace.getTracer("test").startSpan("open");
    endSpans(2);

    const stopping = telemetry.shutdown();
    open.end();
    const report = await stopping;

    expect(report.spans).toEqual({ exported: 2, dropped: 1, failed: 0, notDelivered: 0 });
    expect(receiver.spans()).toHaveLength(2);
  });

  it("counts this process's spans in the last collection of metrics", async () => {
    await using receiver = await startOtlpReceiver();
    const telemetry = startTelemetry({ endpoint: receiver.url, logger });
    const exported = api.metrics.getMeter("test").createObservableCounter("exported");
    exported.addCallback((result) => result.observe(telemetry.stats().spans.exported));

    endSpans(700);
    await telemetry.shutdown();

    expect(receiver.counter("exported")).toBe(700);
  });

  it("runs at the end of a block", async () => {
    await using receiver = await startOtlpReceiver();
    {
      await using _ = startTelemetry({ endpoint: receiver.url, logger });
      endSpans(1);
    }

    expect(receiver.spans()).toHaveLength(1);
  });
});

describe("Telemetry.flush", () => {
  it("delivers what is waiting, and goes on", async () => {
    await using receiver = await startOtlpReceiver();
    await using telemetry = startTelemetry({ endpoint: receiver.url, batchDelayMs: 60_000, logger });
    api.metrics.getMeter("test").createCounter("a.counter").add(1);

    endSpans(3);
    const first = await telemetry.flush();
    endSpans(4);
    const second = await telemetry.flush();

    expect(first).toMatchObject({ ok: true, spans: { exported: 3 }, metrics: "delivered" });
    expect(second).toMatchObject({ ok: true, spans: { exported: 7 }, metrics: "delivered" });
    expect(receiver.spans()).toHaveLength(7);
  });

  it("leaves to later what it cannot deliver in time", async () => {
    await using receiver = await startOtlpReceiver({ behaviour: "hang" });
    await using telemetry = startTelemetry({ endpoint: receiver.url, exportTimeoutMs: 2000, logger });
    endSpans(3);

    const early = await telemetry.flush({ deadlineMs: 50 });
    await receiver.behave("healthy");
    endSpans(2);
    await expect.poll(() => telemetry.stats().spans.queued, { timeout: 10_000 }).toBe(0);
    const late = await telemetry.flush();

    expect(early).toMatchObject({ ok: false, spans: { exported: 0, failed: 0, notDelivered: 3 } });
    expect(late).toMatchObject({ ok: true, spans: { exported: 2, failed: 3, notDelivered: 0 }, metrics: "delivered" });
  });

  it("reports success when a collector has recovered, whatever was lost before", async () => {
    await using receiver = await startOtlpReceiver({ behaviour: "500" });
    await using telemetry = startTelemetry({ endpoint: receiver.url, logger });
    api.metrics.getMeter("test").createCounter("a.counter").add(1);
    endSpans(3);

    const broken = await telemetry.flush();
    await receiver.behave("healthy");
    endSpans(1);
    const recovered = await telemetry.flush();

    expect(broken).toMatchObject({ ok: false, spans: { exported: 0, failed: 3 }, metrics: "failed" });
    expect(recovered).toMatchObject({ ok: true, spans: { exported: 1, failed: 3 }, metrics: "delivered", errors: [] });
  });
});

describe("a collector that drips its answers", () => {
  it("does not use up the exports: once it has recovered, spans arrive again", async () => {
    await using receiver = await startOtlpReceiver({ behaviour: "drip" satisfies ReceiverBehaviour });
    await using telemetry = startTelemetry({
      endpoint: receiver.url,
      exportTimeoutMs: 500,
      batchSize: 1,
      queueSize: 100,
      logger,
    });

    endSpans(70);
    const dripping = await telemetry.flush({ deadlineMs: 30_000 });
    await receiver.behave("healthy");
    endSpans(50);
    const recovered = await telemetry.flush();

    expect(dripping.spans).toEqual({ exported: 0, dropped: 0, failed: 70, notDelivered: 0 });
    expect(recovered.spans).toEqual({ exported: 50, dropped: 0, failed: 70, notDelivered: 0 });
    expect(receiver.spans()).toHaveLength(50);
  });
});
