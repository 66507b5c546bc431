import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { DiagLogLevel, diag, ROOT_CONTEXT, SeverityNumber, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { type ExportResult, ExportResultCode } from "@opentelemetry/core";
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-http";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { LoggerProvider, SimpleLogRecordProcessor } from "@opentelemetry/sdk-logs";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type OtlpReceiver, type ReceiverBehaviour, startOtlpReceiver } from "./otlp-receiver.ts";

const RESOURCE = resourceFromAttributes({ "service.name": "shop", "service.instance.id": "one" });

/** Ended spans: a producer, and its consumer that failed and links to it. */
async function endedSpans(): Promise<ReadableSpan[]> {
  const memory = new InMemorySpanExporter();
  const provider = new TracerProvider({
    resource: RESOURCE,
    spanProcessors: [new SimpleSpanProcessor({ exporter: memory })],
  });
  const tracer = provider.getTracer("spanbus", "1.2.3", { schemaUrl: "https://example.test/schema" });
  const publish = tracer.startSpan("publish order.placed", {
    kind: SpanKind.PRODUCER,
    attributes: { text: "a", whole: 3, part: 0.5, yes: true, list: ["x", "y"], nested: { deep: [1] } },
  });
  const process = tracer.startSpan(
    "process order.placed",
    { kind: SpanKind.CONSUMER, links: [{ context: publish.spanContext(), attributes: { why: "cause" } }] },
    trace.setSpan(ROOT_CONTEXT, publish),
  );
  process.recordException(new TypeError("no money"));
  process.setStatus({ code: SpanStatusCode.ERROR, message: "no money" });
  process.end();
  publish.end();
  await provider.forceFlush();
  return memory.getFinishedSpans();
}

interface Sender extends AsyncDisposable {
  send(spans?: readonly ReadableSpan[]): Promise<ExportResult>;
}

function traceSender(receiver: OtlpReceiver, timeoutMillis = 5_000): Sender {
  const exporter = new OTLPTraceExporter({ url: `${receiver.url}/v1/traces`, timeoutMillis });
  return {
    send: async (spans) => {
      const batch = [...(spans ?? (await endedSpans()))];
      return new Promise((resolve) => exporter.export(batch, resolve));
    },
    [Symbol.asyncDispose]: () => exporter.shutdown(),
  };
}

interface RawAnswer {
  readonly status: number | undefined;
  readonly body: string;
}

function post(url: string, body: string | Buffer, headers: Record<string, string>): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method: "POST", headers, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode, body: text }));
      response.on("error", reject);
    });
    request.on("error", reject);
    request.end(body);
  });
}

/** Everything the SDK says through its diagnostic logger. */
function recordDiagnostics(): string[] {
  const said: string[] = [];
  const say = (...values: unknown[]): void => {
    said.push(values.map(String).join(" "));
  };
  const logger = { error: say, warn: say, info: say, debug: () => {}, verbose: () => {} };
  diag.setLogger(logger, { logLevel: DiagLogLevel.INFO, suppressOverrideMessage: true });
  return said;
}

afterEach(() => {
  vi.unstubAllEnvs();
  vi.useRealTimers();
  diag.disable();
});

describe("startOtlpReceiver", () => {
  it("reads the spans of the real exporter back", async () => {
    await using receiver = await startOtlpReceiver();
    await using sender = traceSender(receiver);

    const result = await sender.send();
    const [process, publish] = await receiver.waitForSpans(2);

    expect(result.code).toBe(ExportResultCode.SUCCESS);
    expect(publish).toMatchObject({
      name: "publish order.placed",
      parentSpanId: undefined,
      kind: "PRODUCER",
      status: { code: "UNSET", message: undefined },
      attributes: { text: "a", whole: 3, part: 0.5, yes: true, list: ["x", "y"], nested: { deep: [1] } },
      resource: { "service.name": "shop", "service.instance.id": "one" },
      scope: { name: "spanbus", version: "1.2.3", schemaUrl: "https://example.test/schema" },
    });
    expect(process).toMatchObject({
      traceId: publish?.traceId,
      parentSpanId: publish?.spanId,
      kind: "CONSUMER",
      status: { code: "ERROR", message: "no money" },
      events: [{ name: "exception", attributes: { "exception.type": "TypeError", "exception.message": "no money" } }],
      links: [{ traceId: publish?.traceId, spanId: publish?.spanId, attributes: { why: "cause" } }],
    });
    expect(process!.startNs).toBeGreaterThanOrEqual(publish!.startNs);
    expect(process!.endNs).toBeGreaterThan(process!.startNs);
    expect(process!.events[0]!.time).toBeGreaterThanOrEqual(process!.startNs);
  });

  it("reads gzip, and tells the size on the wire", async () => {
    await using receiver = await startOtlpReceiver();
    await using plain = traceSender(receiver);
    vi.stubEnv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip");
    await using zipped = traceSender(receiver);
    const spans = await endedSpans();

    await plain.send(spans);
    await zipped.send(spans);

    const [first, second] = receiver.requests();
    expect(first!.headers["content-encoding"]).toBeUndefined();
    expect(second!.headers["content-encoding"]).toBe("gzip");
    expect(second!.bytes).toBeLessThan(first!.bytes);
    expect(second).toMatchObject({ path: "/v1/traces", signal: "traces", status: 200, records: 2, problem: undefined });
    expect(receiver.spans()).toHaveLength(4);
    expect(receiver.spans().slice(0, 2)).toEqual(receiver.spans().slice(2));
  });

  it("keeps the latest point of each label set of the real metrics exporter", async () => {
    await using receiver = await startOtlpReceiver();
    const exporter = new OTLPMetricExporter({ url: `${receiver.url}/v1/metrics` });
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
    const provider = new MeterProvider({ resource: RESOURCE, readers: [reader] });
    const meter = provider.getMeter("spanbus", "1.2.3");
    const sent = meter.createCounter("sent", { unit: "{message}", description: "messages sent" });
    const depth = meter.createUpDownCounter("depth");
    const level = meter.createGauge("level");
    const duration = meter.createHistogram("duration", { unit: "s", advice: { explicitBucketBoundaries: [1, 2] } });

    sent.add(1, { to: "a", kind: "x" });
    sent.add(2, { to: "b", kind: "x" });
    depth.add(5);
    depth.add(-2);
    level.record(7);
    for (const value of [0.5, 1.5, 9]) duration.record(value, { to: "a" });
    await provider.forceFlush();
    sent.add(10, { kind: "x", to: "a" });
    await provider.forceFlush();

    expect(receiver.metric("sent")).toMatchObject({
      kind: "sum",
      unit: "{message}",
      description: "messages sent",
      monotonic: true,
      temporality: "cumulative",
      scope: { name: "spanbus", version: "1.2.3" },
      points: [
        { attributes: { to: "a", kind: "x" }, value: 11, resource: { "service.name": "shop" } },
        { attributes: { to: "b", kind: "x" }, value: 2 },
      ],
    });
    expect(receiver.metric("sent", { to: "b" })!.points).toHaveLength(1);
    expect(receiver.metric("depth")).toMatchObject({ kind: "sum", monotonic: false, points: [{ value: 3 }] });
    expect(receiver.metric("level")).toMatchObject({ kind: "gauge", points: [{ value: 7 }] });
    expect(receiver.metric("duration")).toMatchObject({
      kind: "histogram",
      points: [{ count: 3, sum: 11, min: 0.5, max: 9, bounds: [1, 2], bucketCounts: [1, 1, 1] }],
    });
    expect(receiver.counter("sent")).toBe(13);
    expect(receiver.counter("sent", { to: "a" })).toBe(11);
    expect(receiver.counter("duration", { to: "a" })).toBe(3);
    expect(receiver.counter("sent", { to: "nobody" })).toBeUndefined();
    expect(receiver.counter("nothing")).toBeUndefined();
    await provider.shutdown();
  });

  it("shows NaN and an undefined label as what they do to a series", async () => {
    await using receiver = await startOtlpReceiver();
    const exporter = new OTLPMetricExporter({ url: `${receiver.url}/v1/metrics` });
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
    const provider = new MeterProvider({ readers: [reader] });
    const meter = provider.getMeter("spanbus");
    const ruined = meter.createCounter("ruined");
    const split = meter.createCounter("split");

    ruined.add(1);
    ruined.add(Number.NaN);
    split.add(1, { "error.type": undefined });
    split.add(1, {});
    await provider.forceFlush();

    expect(receiver.counter("ruined")).toBeNaN();
    expect(receiver.metric("split")!.points.map((point) => point.attributes)).toEqual([{ "error.type": null }, {}]);
    await provider.shutdown();
  });

  it("reads the log records of the real exporter back", async () => {
    await using receiver = await startOtlpReceiver();
    const exporter = new OTLPLogExporter({ url: `${receiver.url}/v1/logs` });
    const processor = new SimpleLogRecordProcessor({ exporter });
    const provider = new LoggerProvider({ resource: RESOURCE, processors: [processor] });
    const [span] = await endedSpans();
    const { traceId, spanId } = span!.spanContext();

    provider.getLogger("spanbus").emit({
      eventName: "spanbus.event.refused",
      severityNumber: SeverityNumber.WARN2,
      body: "refused",
      attributes: { code: "BUS_CLOSED" },
      context: trace.setSpanContext(ROOT_CONTEXT, span!.spanContext()),
    });
    provider.getLogger("spanbus").emit({ severityText: "notice", body: { a: [1, null] } });
    await receiver.waitFor(() => receiver.logs().length === 2); // the processor's forceFlush() does not wait for exports

    expect(receiver.logs()).toMatchObject([
      {
        body: "refused",
        severity: "WARN",
        severityNumber: 14,
        eventName: "spanbus.event.refused",
        attributes: { code: "BUS_CLOSED" },
        traceId,
        spanId,
        resource: { "service.name": "shop" },
        scope: { name: "spanbus" },
      },
      { body: { a: [1, null] }, severity: "notice", eventName: undefined, traceId: undefined, spanId: undefined },
    ]);
    await provider.shutdown();
  });

  it("answers 415 to protobuf, 404, 405 and 400 to what it cannot read, and records why", async () => {
    await using receiver = await startOtlpReceiver();
    const json = { "content-type": "application/json" };

    const answers = [
      await post(`${receiver.url}/v1/traces`, "x", { "content-type": "application/x-protobuf" }),
      await post(`${receiver.url}/v1/traces`, "x", { ...json, "content-encoding": "br" }),
      await post(`${receiver.url}/v1/profiles`, "{}", json),
      await post(`${receiver.url}/v1/traces`, "{", json),
      await post(`${receiver.url}/v1/traces`, "no gzip", { ...json, "content-encoding": "gzip" }),
    ];

    expect(answers.map((each) => each.status)).toEqual([415, 415, 404, 400, 400]);
    expect(receiver.requests().map((each) => each.problem)).toEqual([
      "this receiver speaks JSON, not application/x-protobuf",
      "unknown encoding br",
      "no such path: /v1/profiles",
      expect.stringContaining("SyntaxError"),
      expect.stringContaining("incorrect header check"),
    ]);
    expect(receiver.spans()).toEqual([]);
  });

  it("forgets on clear", async () => {
    await using receiver = await startOtlpReceiver();
    await using sender = traceSender(receiver);
    await sender.send();

    receiver.clear();

    expect([receiver.spans(), receiver.metrics(), receiver.logs(), receiver.requests()]).toEqual([[], [], [], []]);
  });

  it("works under a test's fake timers", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "setInterval", "Date"] });
    await using receiver = await startOtlpReceiver({ behaviour: "slow" });

    const answer = await post(`${receiver.url}/v1/traces`, "{}", { "content-type": "application/json" });

    expect(answer.status).toBe(200);
  });
});

describe("OtlpReceiver.waitForSpans", () => {
  it("resolves when the predicate holds, with every span", async () => {
    await using receiver = await startOtlpReceiver();
    await using sender = traceSender(receiver);

    const waiting = receiver.waitForSpans((spans) => spans.some((span) => span.name.startsWith("publish")));
    await sender.send();

    expect(await waiting).toHaveLength(2);
  });

  it("rejects at the deadline with what there is", async () => {
    await using receiver = await startOtlpReceiver();
    await using sender = traceSender(receiver);
    await sender.send();

    const waiting = receiver.waitForSpans(3, { deadlineMs: 1 });

    await expect(waiting).rejects.toThrow(
      'not within 1 ms; received 2 spans ["process order.placed", "publish order.placed"], 0 metric points, 0 logs in ' +
        "1 requests [/v1/traces 200]",
    );
  });

  it("rejects when the predicate throws, and when the receiver closes", async () => {
    const receiver = await startOtlpReceiver();

    const throwing = receiver.waitForSpans(() => {
      throw new Error("bad predicate");
    });
    const closing = receiver.waitForSpans(1);
    const outcomes = Promise.allSettled([throwing, closing]);
    await receiver.close();

    expect(await outcomes).toMatchObject([
      { status: "rejected", reason: { message: "bad predicate" } },
      { status: "rejected", reason: { message: expect.stringContaining("the receiver was closed") } },
    ]);
  });
});

/** What the real trace exporter reports, and what the SDK says about it, for the behaviours that end. */
const REPORTS: readonly {
  readonly behaviour: ReceiverBehaviour;
  readonly code: ExportResultCode;
  readonly error?: string;
  readonly said?: string;
  readonly kept: number;
  readonly statuses: readonly (number | undefined)[];
}[] = [
  { behaviour: "healthy", code: ExportResultCode.SUCCESS, kept: 2, statuses: [200] },
  { behaviour: "slow", code: ExportResultCode.SUCCESS, kept: 2, statuses: [200] },
  { behaviour: "refuse", code: ExportResultCode.FAILED, error: "ECONNREFUSED", kept: 0, statuses: [] },
  { behaviour: "reset", code: ExportResultCode.FAILED, error: "ECONNRESET", kept: 0, statuses: [undefined] },
  { behaviour: "hang", code: ExportResultCode.FAILED, error: "Request timed out", kept: 0, statuses: [undefined] },
  { behaviour: "4xx", code: ExportResultCode.FAILED, error: "Bad Request", kept: 0, statuses: [400] },
  { behaviour: "404", code: ExportResultCode.FAILED, error: "Not Found", kept: 0, statuses: [404] },
  {
    behaviour: "429-retry-after",
    code: ExportResultCode.FAILED,
    error: "Export failed with retryable status",
    said: "Export retry time 1000ms exceeds remaining timeout",
    kept: 0,
    statuses: [429],
  },
  { behaviour: "5xx", code: ExportResultCode.FAILED, error: "retryable status", kept: 0, statuses: [503] },
  { behaviour: "500", code: ExportResultCode.FAILED, error: "Internal Server Error", kept: 0, statuses: [500] },
  { behaviour: "redirect", code: ExportResultCode.FAILED, error: "Temporary Redirect", kept: 0, statuses: [307] },
  {
    behaviour: "garbage",
    code: ExportResultCode.SUCCESS,
    said: "Failed to parse trace export response",
    kept: 0,
    statuses: [200],
  },
  {
    behaviour: "partial",
    code: ExportResultCode.SUCCESS,
    said: '"rejectedSpans":"1"',
    kept: 1,
    statuses: [200],
  },
];

describe("OtlpReceiver.behave", () => {
  it.each(REPORTS)("makes the real exporter report $behaviour", async (expected) => {
    await using receiver = await startOtlpReceiver({ behaviour: expected.behaviour });
    // Shorter than the exporter's first backoff (0.8 s), so that nothing is tried twice; longer than "slow".
    await using sender = traceSender(receiver, 700);
    const said = recordDiagnostics();

    const result = await sender.send();

    const { error } = result;
    expect(result.code).toBe(expected.code);
    expect(error === undefined ? "" : `${error.message} ${"code" in error ? error.code : ""}`).toContain(
      expected.error ?? "",
    );
    expect(said.join("\n")).toContain(expected.said ?? "");
    expect(receiver.requests().map((each) => each.status)).toEqual(expected.statuses);
    expect(receiver.spans()).toHaveLength(expected.kept);
  });

  it("drips for ever: the exporter's timeout never ends it, and cutting the connection is reported as a success", async () => {
    await using receiver = await startOtlpReceiver({ behaviour: "drip" });
    await using sender = traceSender(receiver, 200);
    let result: ExportResult | undefined;

    const sending = sender.send().then((settled) => {
      result = settled;
    });
    await receiver.waitFor(() => (receiver.requests()[0]?.bytesSent ?? 0) >= 6); // three of the exporter's timeouts
    const resultWhileDripping = result;
    await receiver.close();
    await sending;

    expect(resultWhileDripping).toBeUndefined();
    expect(result).toEqual({ code: ExportResultCode.SUCCESS });
    expect(receiver.spans()).toEqual([]);
  });

  it("redirects with 307 and 302 in turn, and takes the data where it points to", async () => {
    await using receiver = await startOtlpReceiver({ behaviour: "redirect" });
    const json = { "content-type": "application/json" };

    await post(`${receiver.url}/v1/traces`, "{}", json);
    await post(`${receiver.url}/v1/traces`, "{}", json);
    await post(`${receiver.url}/moved/v1/traces`, "{}", json);

    expect(receiver.requests().map((each) => [each.path, each.status, each.signal])).toEqual([
      ["/v1/traces", 307, "traces"],
      ["/v1/traces", 302, "traces"],
      ["/moved/v1/traces", 200, "traces"],
    ]);
  });

  it("recovers at the same port, and the exporter's retry delivers", async () => {
    await using receiver = await startOtlpReceiver({ behaviour: "refuse" });
    await using sender = traceSender(receiver, 10_000);
    const { url } = receiver;

    const sending = sender.send();
    await receiver.behave("5xx");
    await receiver.waitFor(() => receiver.requests().length > 0);
    await receiver.behave("healthy");
    const result = await sending;

    expect(receiver.url).toBe(url);
    expect(result.code).toBe(ExportResultCode.SUCCESS);
    expect(receiver.spans()).toHaveLength(2);
  });

  it("closes the port when it refuses, kept-alive connections too", async () => {
    await using receiver = await startOtlpReceiver();
    await using sender = traceSender(receiver, 300);
    await sender.send();

    await receiver.behave("refuse");
    const result = await sender.send();

    expect(result.error).toMatchObject({ code: expect.stringMatching(/ECONNREFUSED|ECONNRESET/) });
    expect(receiver.requests()).toHaveLength(1);
  });
});

describe("OtlpReceiver.close", () => {
  it("ends idle, hanging and dripping connections, and frees the port", async () => {
    const receiver = await startOtlpReceiver({ behaviour: "hang" });
    const port = Number(new URL(receiver.url).port);
    const idle = connect(port, "127.0.0.1");
    const idleClosed = new Promise((resolve) => idle.once("close", resolve));
    const json = { "content-type": "application/json" };
    const hanging = post(`${receiver.url}/v1/traces`, "{}", json).catch((error: unknown) => error);
    await receiver.waitFor(() => receiver.requests().length === 1);
    await receiver.behave("drip");
    const dripping = post(`${receiver.url}/v1/traces`, "{}", json).catch((error: unknown) => error);
    await receiver.waitFor(() => receiver.requests().length === 2);

    await receiver.close();

    expect(await hanging).toMatchObject({ code: "ECONNRESET" });
    expect(await dripping).toMatchObject({ code: "ECONNRESET" });
    await idleClosed;
    const refused = await post(receiver.url, "", {}).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "ECONNREFUSED" });
    await expect(receiver.behave("healthy")).rejects.toThrow("the receiver is closed");
  });

  it("may be called twice", async () => {
    const receiver = await startOtlpReceiver();

    await receiver.close();

    await expect(receiver.close()).resolves.toBeUndefined();
  });
});
