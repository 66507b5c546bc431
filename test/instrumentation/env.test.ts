import { describe, expect, it } from "vitest";
import { readEnvironment } from "../../instrumentation/env.ts";

describe("readEnvironment", () => {
  it("reads what can be used, and counts an empty value as not set", () => {
    const { environment, problems } = readEnvironment({
      OTEL_SERVICE_NAME: " shop ",
      OTEL_SDK_DISABLED: "False",
      OTEL_RESOURCE_ATTRIBUTES: "a=1, b=two%20words,__proto__=own",
      OTEL_PROPAGATORS: "tracecontext, B3",
      OTEL_TRACES_EXPORTER: "OTLP",
      OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
      OTEL_TRACES_SAMPLER_ARG: "0.25",
      OTEL_EXPORTER_OTLP_ENDPOINT: "https://collector.example:4318/otlp",
      OTEL_EXPORTER_OTLP_HEADERS: "api-key=a%3Db=c",
      OTEL_BSP_MAX_QUEUE_SIZE: "100",
      OTEL_METRIC_EXPORT_INTERVAL: "5000",
      OTEL_LOGS_EXPORTER: "",
      OTEL_LOG_LEVEL: "   ",
      SPANBUS_SHUTDOWN_SIGNALS: "sigterm,SIGINT",
      PATH: "/bin",
    });

    expect(problems).toEqual([]);
    expect(environment).toEqual({
      OTEL_SERVICE_NAME: "shop",
      OTEL_SDK_DISABLED: false,
      OTEL_RESOURCE_ATTRIBUTES: Object.fromEntries([
        ["a", "1"],
        ["b", "two words"],
        ["__proto__", "own"],
      ]),
      OTEL_PROPAGATORS: ["tracecontext", "b3"],
      OTEL_TRACES_EXPORTER: "otlp",
      OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
      OTEL_TRACES_SAMPLER_ARG: 0.25,
      OTEL_EXPORTER_OTLP_ENDPOINT: "https://collector.example:4318/otlp",
      OTEL_EXPORTER_OTLP_HEADERS: { "api-key": "a=b=c" },
      OTEL_BSP_MAX_QUEUE_SIZE: 100,
      OTEL_METRIC_EXPORT_INTERVAL: 5000,
      SPANBUS_SHUTDOWN_SIGNALS: ["SIGTERM", "SIGINT"],
    });
  });

  it.each([
    ["OTEL_SDK_DISABLED", "yes", 'OTEL_SDK_DISABLED is "yes", which is not one of true, false; using false'],
    ["OTEL_BSP_MAX_QUEUE_SIZE", "many", "a whole number from 1 to 2147483647 (spans); using 8192"],
    ["OTEL_BSP_MAX_QUEUE_SIZE", "0", "using 8192"],
    ["OTEL_BSP_SCHEDULE_DELAY", "1.5", "using 1000"],
    ["OTEL_EXPORTER_OTLP_TIMEOUT", "99999999999", "using 2000"],
    ["OTEL_METRIC_EXPORT_INTERVAL", "-1", "using 10000"],
    ["OTEL_TRACES_SAMPLER", "sometimes", "parentbased_traceidratio; using parentbased_always_on"],
    ["OTEL_TRACES_SAMPLER_ARG", "2", "a number from 0 to 1; using 1"],
    ["OTEL_TRACES_EXPORTER", "zipkin", "one of otlp, console, none; using otlp"],
    ["OTEL_LOGS_EXPORTER", "otlp,console", "using none"],
    ["OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318", "an http:// or https:// URL; using http://localhost:4318"],
    ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://", "using the general endpoint"],
    ["OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "using http/json"],
    ["OTEL_EXPORTER_OTLP_COMPRESSION", "zstd", "one of gzip, none"],
    ["OTEL_RESOURCE_ATTRIBUTES", "a=1,b", "key=value pairs, percent-encoded; using none of it"],
    ["OTEL_RESOURCE_ATTRIBUTES", "a=%", "using none of it"],
    ["OTEL_PROPAGATORS", "tracecontext,jaeger", "using tracecontext,baggage"],
    ["SPANBUS_SHUTDOWN_SIGNALS", "SIGKILL", "SIGTERM, SIGINT, SIGHUP; using none"],
  ])("names %s=%s, its accepted form, and what is used instead", (name, value, told) => {
    const { environment, problems } = readEnvironment({ [name]: value });

    expect(environment).toEqual({});
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`${name} is "${value}"`);
    expect(problems[0]).toContain(told);
  });

  it("never shows credentials", () => {
    const { problems } = readEnvironment({
      OTEL_EXPORTER_OTLP_HEADERS: "authorization: Bearer hunter2",
      OTEL_EXPORTER_OTLP_ENDPOINT: "ftp://user:hunter2@collector",
    });

    expect(problems).toHaveLength(2);
    expect(problems.join()).not.toContain("hunter2");
  });

  it("keeps a long value short", () => {
    const { problems } = readEnvironment({ OTEL_TRACES_SAMPLER: "x".repeat(100_000) });

    expect(problems[0]?.length).toBeLessThan(400);
  });
});
