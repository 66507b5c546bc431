import * as api from "@opentelemetry/api";
import { afterEach, describe, expect, it, vi } from "vitest";
import { startTelemetry } from "../../instrumentation/index.ts";
import { telemetryState } from "../../src/telemetry/process.ts";
import { startOtlpReceiver } from "../support/otlp-receiver.ts";
import { createRecordingLogger } from "../support/recording-logger.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("startTelemetry", () => {
  it("sends spans and metrics of this service to the endpoint", async () => {
    await using receiver = await startOtlpReceiver();
    const telemetry = startTelemetry({
      serviceName: "shop",
      serviceVersion: "1.2.3",
      serviceNamespace: "retail",
      serviceInstanceId: "shop-1",
      environment: "test",
      resourceAttributes: { "team.name": "checkout", "service.name": "overridden" },
      endpoint: receiver.url,
      headers: { "x-api-key": "k" },
    });

    api.trace.getTracer("test").startSpan("a span").end();
    api.metrics.getMeter("test").createCounter("a.counter").add(3);
    const report = await telemetry.shutdown();

    const [span] = receiver.spans();
    expect(span).toMatchObject({ name: "a span", scope: { name: "test" } });
    expect(span?.resource).toMatchObject({
      "service.name": "shop",
      "service.version": "1.2.3",
      "service.namespace": "retail",
      "service.instance.id": "shop-1",
      "deployment.environment.name": "test",
      "team.name": "checkout",
      "telemetry.sdk.name": "opentelemetry",
      "process.pid": process.pid,
    });
    expect(Object.keys(span?.resource ?? {})).not.toContain("process.command_args");
    expect(receiver.metric("a.counter")).toMatchObject({ temporality: "cumulative", points: [{ value: 3 }] });
    expect(receiver.requests().map(({ path }) => path)).toEqual(["/v1/traces", "/v1/metrics"]);
    expect(receiver.requests().every(({ headers }) => headers["x-api-key"] === "k")).toBe(true);
    expect(report).toMatchObject({
      ok: true,
      spans: { exported: 1, dropped: 0, failed: 0, notDelivered: 0 },
      metrics: "delivered",
      logs: "off",
      errors: [],
    });
  });

  it("takes what no option says from the environment", async () => {
    await using receiver = await startOtlpReceiver();
    vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", `${receiver.url}/moved/`);
    vi.stubEnv("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", `${receiver.url}/v1/metrics`);
    vi.stubEnv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20x");
    vi.stubEnv("OTEL_SERVICE_NAME", "from-the-environment");
    vi.stubEnv("OTEL_RESOURCE_ATTRIBUTES", "service.version=7,cloud.region=eu%20west");
    vi.stubEnv("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "1");
    const telemetry = startTelemetry({ serviceVersion: "8" });

    api.trace
      .getTracer("test")
      .startSpan("a span", { attributes: { one: 1, two: 2 } })
      .end();
    api.metrics.getMeter("test").createCounter("a.counter").add(1);
    await telemetry.shutdown();

    const [traces, metrics] = receiver.requests();
    expect(traces).toMatchObject({ path: "/moved/v1/traces", headers: { authorization: "Bearer x" } });
    expect(metrics).toMatchObject({ path: "/v1/metrics" });
    expect(receiver.spans()[0]?.attributes).toEqual({ one: 1 });
    expect(receiver.spans()[0]?.resource).toMatchObject({
      "service.name": "from-the-environment",
      "service.version": "8",
      "cloud.region": "eu west",
    });
  });

  it("gives tracers that were made before it their spans", async () => {
    await using receiver = await startOtlpReceiver();
    const tracer = api.trace.getTracer("early");
    const telemetry = startTelemetry({ serviceName: "shop", endpoint: receiver.url });

    tracer.startSpan("made with an early tracer").end();
    await telemetry.shutdown();

    expect(receiver.spans()).toMatchObject([{ name: "made with an early tracer" }]);
  });

  it("can be started again after a shutdown, and leaves nothing registered in between", async () => {
    await using receiver = await startOtlpReceiver();
    const first = startTelemetry({ serviceName: "first", endpoint: receiver.url });
    api.trace.getTracer("test").startSpan("1").end();
    await first.shutdown();

    const between = api.trace.getTracer("test").startSpan("2");
    between.end();
    const headers = {};
    api.propagation.inject(api.context.active(), headers);
    const second = startTelemetry({ serviceName: "second", endpoint: receiver.url });
    api.trace.getTracer("test").startSpan("3").end();
    const report = await second.shutdown();

    expect(between.isRecording()).toBe(false);
    expect(headers).toEqual({});
    expect(receiver.spans().map(({ name, resource }) => [name, resource["service.name"]])).toEqual([
      ["1", "first"],
      ["3", "second"],
    ]);
    expect(report.spans.exported).toBe(1);
  });

  it("returns the running telemetry when started twice, with a warning", async () => {
    await using receiver = await startOtlpReceiver();
    const logger = createRecordingLogger();
    await using running = startTelemetry({ serviceName: "shop", endpoint: receiver.url });

    const again = startTelemetry({ serviceName: "other", logger });

    expect(again).toBe(running);
    expect(logger.lines()).toMatchObject([
      { level: "warn", message: "startTelemetry changed nothing: telemetry runs already" },
    ]);
  });

  it("leaves what another SDK has registered alone, and says so", async () => {
    await using receiver = await startOtlpReceiver();
    const logger = createRecordingLogger();
    const other = { getTracer: vi.fn(() => api.trace.wrapSpanContext(api.INVALID_SPAN_CONTEXT) as never) };
    api.trace.setGlobalTracerProvider(other);
    const telemetry = startTelemetry({ serviceName: "shop", endpoint: receiver.url, logger, sampleRatio: 1 });

    const { parentBased } = telemetryState();
    api.trace.getTracer("whose");
    await telemetry.shutdown();
    api.trace.getTracer("still whose");
    api.trace.disable();

    expect(other.getTracer).toHaveBeenCalledTimes(2);
    expect(parentBased).toBe(false);
    expect(logger.lines().map(({ message }) => message)).toContain(
      "another OpenTelemetry SDK is registered for trace: it stays in use",
    );
  });

  it("does nothing with OTEL_SDK_DISABLED=true", async () => {
    vi.stubEnv("OTEL_SDK_DISABLED", "TRUE");
    const telemetry = startTelemetry({ serviceName: "shop" });

    const span = api.trace.getTracer("test").startSpan("nothing");
    const report = await telemetry.shutdown();

    expect(telemetry.enabled).toBe(false);
    expect(span.isRecording()).toBe(false);
    expect(report).toMatchObject({ ok: true, metrics: "off", logs: "off", spans: { exported: 0, notDelivered: 0 } });
  });

  it("leaves out the signals that are switched off", async () => {
    await using receiver = await startOtlpReceiver();
    vi.stubEnv("OTEL_TRACES_EXPORTER", "none");
    const telemetry = startTelemetry({ serviceName: "shop", endpoint: receiver.url, metrics: false });

    const span = api.trace.getTracer("test").startSpan("nothing");
    const report = await telemetry.shutdown();

    expect(span.isRecording()).toBe(false);
    expect(report).toMatchObject({ ok: true, metrics: "off" });
    expect(receiver.requests()).toEqual([]);
  });

  it("tells the buses of the process how it samples, until it is shut down", async () => {
    await using receiver = await startOtlpReceiver();
    const known = startTelemetry({ endpoint: receiver.url, sampleRatio: 0.5, trustCorrelationId: true });
    const whileKnown = { ...telemetryState() };
    await known.shutdown();
    const afterwards = { ...telemetryState() };
    const sampler = { shouldSample: () => ({ decision: 2 }), toString: () => "mine" };
    const unknown = startTelemetry({ endpoint: receiver.url, sampler });
    const whileUnknown = { ...telemetryState() };
    await unknown.shutdown();

    expect(whileKnown).toMatchObject({ parentBased: true, trustCorrelationId: true });
    expect(afterwards).toMatchObject({ parentBased: false, trustCorrelationId: false });
    expect(whileUnknown).toMatchObject({ parentBased: false, trustCorrelationId: false });
  });

  it.each([
    ["always_off", "", { isSampled: false, parentBased: false }],
    ["always_on", "", { isSampled: true, parentBased: false }],
    ["parentbased_always_off", "", { isSampled: false, parentBased: true }],
    ["parentbased_traceidratio", "0", { isSampled: false, parentBased: true }],
    ["traceidratio", "1", { isSampled: true, parentBased: false }],
    ["nonsense", "", { isSampled: true, parentBased: true }],
  ])("samples as OTEL_TRACES_SAMPLER=%s says", async (name, argument, expected) => {
    vi.stubEnv("OTEL_TRACES_SAMPLER", name);
    vi.stubEnv("OTEL_TRACES_SAMPLER_ARG", argument);
    await using receiver = await startOtlpReceiver();
    await using _ = startTelemetry({ endpoint: receiver.url, logger: createRecordingLogger() });

    const span = api.trace.getTracer("test").startSpan("one");

    expect({ isSampled: span.isRecording(), parentBased: telemetryState().parentBased }).toEqual(expected);
  });

  it("propagates W3C trace context and baggage, or what the options and OTEL_PROPAGATORS say", async () => {
    await using receiver = await startOtlpReceiver();
    const headersWith = async (options: object): Promise<string[]> => {
      await using _ = startTelemetry({ endpoint: receiver.url, logger: createRecordingLogger(), ...options });
      const context = api.propagation.setBaggage(
        api.ROOT_CONTEXT,
        api.propagation.createBaggage({ k: { value: "v" } }),
      );
      const headers: Record<string, string> = {};
      api.propagation.inject(api.trace.setSpan(context, api.trace.getTracer("test").startSpan("one")), headers);
      return Object.keys(headers).sort();
    };

    const byDefault = await headersWith({});
    const none = await headersWith({ propagators: [] });
    vi.stubEnv("OTEL_PROPAGATORS", "baggage");
    const onlyBaggage = await headersWith({});
    vi.stubEnv("OTEL_PROPAGATORS", "b3");
    const b3 = await headersWith({});

    expect(byDefault).toEqual(["baggage", "traceparent"]);
    expect(none).toEqual([]);
    expect(onlyBaggage).toEqual(["baggage"]);
    expect(b3).toEqual(["b3"]);
  });

  it("sends metrics at the interval", async () => {
    await using receiver = await startOtlpReceiver();
    await using telemetry = startTelemetry({ endpoint: receiver.url, metricIntervalMs: 20, traces: false });
    const counter = api.metrics.getMeter("test").createCounter("a.counter");

    counter.add(1);
    await expect.poll(() => receiver.counter("a.counter")).toBe(1);
    counter.add(1);
    await expect.poll(() => receiver.counter("a.counter")).toBe(2);

    expect(telemetry.stats().metrics).toMatchObject({ exported: expect.any(Number), failed: 0 });
  });

  it("sends the other metrics when one cannot be read, and says so", async () => {
    await using receiver = await startOtlpReceiver();
    const logger = createRecordingLogger();
    const telemetry = startTelemetry({ endpoint: receiver.url, traces: false, logger });
    const meter = api.metrics.getMeter("test");
    meter.createCounter("readable").add(1);
    meter.createObservableGauge("broken").addCallback(() => {
      throw new Error("no reading");
    });

    const report = await telemetry.shutdown();

    expect(report.metrics).toBe("delivered");
    expect(receiver.counter("readable")).toBe(1);
    expect(logger.lines().map(({ message }) => message)).toEqual(["a metric could not be read: no reading"]);
  });

  it("writes to the console with OTEL_TRACES_EXPORTER=console", async () => {
    vi.stubEnv("OTEL_TRACES_EXPORTER", "console");
    const print = vi.spyOn(console, "dir").mockImplementation(() => undefined);
    const telemetry = startTelemetry({ serviceName: "shop", metrics: false });

    api.trace.getTracer("test").startSpan("a span").end();
    const report = await telemetry.shutdown();

    expect(report).toMatchObject({ ok: true, spans: { exported: 1 } });
    expect(print).toHaveBeenCalledTimes(1);
    print.mockRestore();
  });

  it("tells each problem of the environment once, and goes on with the default", async () => {
    await using receiver = await startOtlpReceiver();
    vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url);
    vi.stubEnv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "nowhere");
    vi.stubEnv("OTEL_EXPORTER_OTLP_TIMEOUT", "soon");
    vi.stubEnv("OTEL_EXPORTER_OTLP_COMPRESSION", "zip");
    vi.stubEnv("OTEL_EXPORTER_OTLP_CERTIFICATE", "/no/such/file");
    const logger = createRecordingLogger();
    const telemetry = startTelemetry({ logger });

    api.trace.getTracer("test").startSpan("a span").end();
    const report = await telemetry.shutdown();

    expect(report).toMatchObject({ ok: true, spans: { exported: 1 } });
    expect(logger.lines().map(({ message }) => message)).toEqual([
      expect.stringContaining("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"),
      expect.stringContaining("OTEL_EXPORTER_OTLP_TIMEOUT"),
      expect.stringContaining("OTEL_EXPORTER_OTLP_COMPRESSION"),
      expect.stringContaining("OTEL_EXPORTER_OTLP_CERTIFICATE"),
    ]);
  });

  it("routes what the SDK says to the logger, each kind once a minute", async () => {
    await using receiver = await startOtlpReceiver();
    const logger = createRecordingLogger();
    await using _ = startTelemetry({ endpoint: receiver.url, logger });
    const span = api.trace.getTracer("test").startSpan("a span");
    span.end();

    for (let i = 0; i < 100; i++) span.end();

    const said = logger.lines().filter(({ message }) => message.includes("You can only call end() on a span once"));
    expect(said).toHaveLength(1);
    expect(said[0]?.message).toMatch(/^OpenTelemetry SDK: /);
  });

  it("leaves a diag logger of the application's own alone", async () => {
    await using receiver = await startOtlpReceiver();
    const own = { error: vi.fn(), warn: vi.fn(), info: vi.fn(), debug: vi.fn(), verbose: vi.fn() };
    api.diag.setLogger(own, api.DiagLogLevel.ERROR);
    const telemetry = startTelemetry({ endpoint: receiver.url });

    const span = api.trace.getTracer("test").startSpan("a span");
    span.end();
    span.end();
    await telemetry.shutdown();
    api.diag.error("still mine");
    api.diag.disable();

    expect(own.error).toHaveBeenCalledTimes(2);
  });

  it("enables instrumentations with its providers, and disables them at shutdown", async () => {
    await using receiver = await startOtlpReceiver();
    const calls: string[] = [];
    const instrumentation = {
      setTracerProvider: () => calls.push("tracers"),
      setMeterProvider: () => calls.push("meters"),
      enable: () => calls.push("enable"),
      disable: () => calls.push("disable"),
    };
    const broken = { ...instrumentation, enable: vi.fn().mockRejectedValue(new Error("no")) };
    const logger = createRecordingLogger();
    const telemetry = startTelemetry({ endpoint: receiver.url, instrumentations: [instrumentation, [broken]], logger });

    await telemetry.shutdown();

    expect(calls).toEqual(["tracers", "meters", "enable", "tracers", "meters", "disable", "disable"]);
  });

  it.each([
    [{ queueSize: 0 }, "queueSize"],
    [{ endpoint: "collector:4318" }, "endpoint"],
    [{ sampleRatio: 2 }, "sampleRatio"],
    [{ exportTimeoutMs: Number.NaN }, "exportTimeoutMs"],
    [
      { sampler: { shouldSample: () => ({ decision: 2 }), toString: () => "" }, sampleRatio: 1 },
      "sampler or sampleRatio",
    ],
    [{ servicename: "shop" } as object, "servicename"],
  ])("refuses %j", (options, word) => {
    const start = () => startTelemetry(options);

    expect(start).toThrowError(
      expect.objectContaining({ code: "INVALID_OPTION", message: expect.stringContaining(word) }),
    );
  });
});
