import { describe, expect, it } from "vitest";
import { resolveSettings } from "../../instrumentation/settings/settings.ts";

describe("resolveSettings", () => {
  it("has defaults for everything", () => {
    const settings = resolveSettings({}, {});

    expect(settings).toEqual({
      traces: { exporter: "otlp", url: "http://localhost:4318/v1/traces", compression: "none" },
      metrics: { exporter: "otlp", url: "http://localhost:4318/v1/metrics", compression: "none" },
      logs: { exporter: "none", url: "http://localhost:4318/v1/logs", compression: "none" },
      headers: {},
      exportTimeoutMs: 2000,
      queueSize: 8192,
      batchSize: 256,
      batchDelayMs: 1000,
      metricIntervalMs: 10_000,
      trustCorrelationId: false,
    });
  });

  it("lets options win over the environment", () => {
    const settings = resolveSettings(
      {
        endpoint: "https://option.example/base?tenant=7",
        exportTimeoutMs: 1,
        queueSize: 2,
        batchDelayMs: 3,
        metricIntervalMs: 4,
        compression: "none",
        trustCorrelationId: false,
      },
      {
        OTEL_EXPORTER_OTLP_ENDPOINT: "http://environment.example",
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://traces.example/x",
        OTEL_EXPORTER_OTLP_TIMEOUT: 10,
        OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
        OTEL_BSP_MAX_QUEUE_SIZE: 20,
        OTEL_BSP_SCHEDULE_DELAY: 30,
        OTEL_METRIC_EXPORT_INTERVAL: 40,
        SPANBUS_TRUST_CORRELATION_ID: true,
      },
    );

    expect(settings).toMatchObject({
      traces: { url: "https://option.example/base/v1/traces?tenant=7", compression: "none" },
      exportTimeoutMs: 1,
      queueSize: 2,
      batchSize: 2,
      batchDelayMs: 3,
      metricIntervalMs: 4,
      trustCorrelationId: false,
    });
  });

  it("lets the environment win over the defaults", () => {
    const settings = resolveSettings(
      {},
      {
        OTEL_EXPORTER_OTLP_ENDPOINT: "http://general.example/",
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://traces.example/as/is",
        OTEL_EXPORTER_OTLP_TIMEOUT: 700,
        OTEL_BSP_EXPORT_TIMEOUT: 600,
        OTEL_BSP_MAX_EXPORT_BATCH_SIZE: 5,
        OTEL_LOGS_EXPORTER: "otlp",
        OTEL_METRICS_EXPORTER: "console",
      },
    );

    expect(settings).toMatchObject({
      traces: { url: "http://traces.example/as/is" },
      metrics: { url: "http://general.example/v1/metrics", exporter: "console" },
      logs: { url: "http://general.example/v1/logs", exporter: "otlp" },
      exportTimeoutMs: 600,
      batchSize: 5,
    });
  });

  it.each([
    ["http://localhost:4318", "none"],
    ["http://127.0.0.1:4318", "none"],
    ["http://[::1]:4318", "none"],
    ["https://collector.example", "gzip"],
    ["http://10.0.0.7:4318", "gzip"],
    ["http://localhost.example", "gzip"],
  ])("compresses what leaves the machine: %s", (endpoint, compression) => {
    const { traces } = resolveSettings({ endpoint }, {});

    expect(traces.compression).toBe(compression);
  });

  it.each([
    [true, "none", "otlp"],
    [true, "console", "console"],
    [false, "otlp", "none"],
    [undefined, "none", "none"],
    [undefined, undefined, "otlp"],
  ] as const)("with traces: %s and OTEL_TRACES_EXPORTER=%s, exports to %s", (traces, exporter, expected) => {
    const environment = exporter === undefined ? {} : { OTEL_TRACES_EXPORTER: exporter };

    const settings = resolveSettings({ traces }, environment);

    expect(settings.traces.exporter).toBe(expected);
  });
});
