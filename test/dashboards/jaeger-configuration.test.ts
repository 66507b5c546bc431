import { describe, expect, it } from "vitest";
import { ATTRIBUTES } from "../../src/telemetry/semconv.ts";
import { readComposeFile } from "./compose-file.ts";
import { configurationText, readConfiguration, type Tree, texts } from "./configuration.ts";

const config = readConfiguration("jaeger/config.yaml");
const pipelines = Object.entries(config.service?.pipelines ?? {});
const jaeger = readComposeFile().services.jaeger;

const named = (part: "receivers" | "processors" | "exporters", name: string): [string, Tree][] =>
  pipelines.filter(([, pipeline]) => texts(pipeline[part]).includes(name));

describe("the configuration of Jaeger", () => {
  it("takes all three signals at the one OTLP endpoint", () => {
    expect(named("receivers", "otlp").map(([name]) => name)).toEqual(["traces/received", "metrics", "logs"]);
  });

  it("limits its memory before anything else, below what its container has", () => {
    const limits = config.processors?.memory_limiter as unknown as Record<string, number>;
    const { memory } = jaeger?.deploy?.resources?.limits ?? {};

    expect(named("receivers", "otlp").map(([, { processors }]) => texts(processors)[0])).toEqual([
      "memory_limiter",
      "memory_limiter",
      "memory_limiter",
    ]);
    expect(limits.limit_mib).toBeLessThan(1_024);
    expect(memory).toBe("1G");
  });

  it("counts spans before it drops any", () => {
    const counting = named("exporters", "spanmetrics").map(([, pipeline]) => pipeline);
    const sampling = named("processors", "tail_sampling").map(([, pipeline]) => pipeline);

    expect(counting).toHaveLength(1);
    expect(texts(counting[0]?.receivers)).toEqual(["otlp"]);
    expect(texts(counting[0]?.processors)).toEqual(["memory_limiter"]);
    expect(sampling).toHaveLength(1);
    expect(texts(sampling[0]?.receivers)).toEqual(["forward/sampling"]);
    expect(texts(counting[0]?.exporters)).toContain("forward/sampling");
  });

  it("keeps traces that failed, were set aside, were retried or were slow, by the names of the contract", () => {
    const policies = Object.values(config.processors?.tail_sampling?.policies ?? {}) as unknown as Tree[];
    const asked = policies.map(({ type, status_code, string_attribute, latency, probabilistic }) => ({
      type,
      ...(status_code && { status: status_code.status_codes }),
      ...(string_attribute && { attribute: [string_attribute.key, string_attribute.values] }),
      ...(latency && { over: latency.threshold_ms }),
      ...(probabilistic && { percent: probabilistic.sampling_percentage }),
    }));

    expect(asked).toEqual([
      { type: "status_code", status: ["ERROR"] },
      { type: "string_attribute", attribute: [ATTRIBUTES.errorType.name, [".+"]] },
      { type: "string_attribute", attribute: [ATTRIBUTES.disposition.name, ["dead_lettered"]] },
      { type: "string_attribute", attribute: [ATTRIBUTES.outcome.name, ["retry"]] },
      { type: "latency", over: `\${env:JAEGER_SLOW_TRACE_MS:-1000}` },
      { type: "probabilistic", percent: `\${env:JAEGER_SAMPLE_PERCENT:-100}` },
    ]);
  });

  it("stores failed spans past the sampler, for a failure may come after its decision", () => {
    const [failures] = named("processors", "filter/failures").map(([, pipeline]) => pipeline);
    const [condition = ""] = texts(config.processors?.["filter/failures"]?.traces?.span);

    expect(texts(failures?.receivers)).toEqual(["forward/failures"]);
    expect(texts(failures?.exporters)).toEqual(["jaeger_storage_exporter"]);
    expect(condition).toContain(`span.attributes["${ATTRIBUTES.errorType.name}"] == nil`);
    expect(condition).toContain(`span.attributes["${ATTRIBUTES.disposition.name}"] == nil`);
  });

  it("forgets traces after two days, and keeps them on its volume", () => {
    const { badger } = config.extensions?.jaeger_storage?.backends?.traces ?? {};
    const mounted = jaeger?.volumes?.find(({ type }) => type === "volume");

    expect(badger).toMatchObject({ ephemeral: false, ttl: { spans: "48h" } });
    expect(badger?.directories?.keys).toBe(`\${env:JAEGER_DATA_DIR:-${mounted?.target}}/keys`);
    expect(badger?.directories?.values).toBe(`\${env:JAEGER_DATA_DIR:-${mounted?.target}}/values`);
  });

  it("hands metrics on to Prometheus' OTLP receiver, and drops logs without a complaint", () => {
    expect(named("exporters", "otlphttp/prometheus").map(([name]) => name)).toEqual(["metrics"]);
    expect(config.exporters?.["otlphttp/prometheus"]?.metrics_endpoint).toBe(
      `\${env:PROMETHEUS_URL:-http://prometheus:9090}/api/v1/otlp/v1/metrics`,
    );
    expect(texts(config.service?.pipelines?.logs?.exporters)).toEqual(["nop"]);
  });

  it("feeds the Monitor tab from the span metrics in Prometheus", () => {
    const { jaeger_storage, jaeger_query } = config.extensions ?? {};
    const backend = String(jaeger_query?.storage?.metrics);

    expect(jaeger_storage?.metric_backends?.[backend]?.prometheus).toEqual({
      endpoint: `\${env:PROMETHEUS_URL:-http://prometheus:9090}`,
      normalize_calls: true,
      normalize_duration: true,
    });
  });

  it("defines every part that a pipeline names, and uses every part it defines", () => {
    const used = pipelines.flatMap(([, { receivers, processors, exporters }]) =>
      [receivers, processors, exporters].flatMap(texts),
    );
    const { receivers, processors, exporters, connectors, extensions } = config;
    const defined = [receivers, processors, exporters, connectors].flatMap((part) => Object.keys(part ?? {}));

    expect([...new Set(used)].sort()).toEqual(defined.sort());
    expect([...texts(config.service?.extensions)].sort()).toEqual(Object.keys(extensions ?? {}).sort());
  });

  it("listens where the compose file publishes and asks for its health", () => {
    const endpoints = configurationText("jaeger/config.yaml").match(/endpoint: "\$\{env:JAEGER_LISTEN_HOST.*:(\d+)"/g);
    const ports = endpoints?.map((endpoint) => Number(/:(\d+)"/.exec(endpoint)?.[1]));
    const published = jaeger?.ports?.map(({ target }) => target) ?? [];

    expect(ports).toEqual([4317, 4318, 13133, 16686]);
    expect(ports).toEqual(expect.arrayContaining(published));
    expect(jaeger?.healthcheck?.test?.at(-1)).toBe("http://127.0.0.1:13133/status");
  });

  it("is told of every variable by the compose file, but for where its files and Prometheus are", () => {
    const variables = new Set(configurationText("jaeger/config.yaml").match(/(?<=\$\{env:)[A-Z_]+/g));
    const told = Object.keys(jaeger?.environment ?? {});

    const untold = [...variables].filter((variable) => !told.includes(variable)).sort();

    expect(untold).toEqual(["JAEGER_DATA_DIR", "JAEGER_UI_CONFIG", "PROMETHEUS_URL"]);
  });
});

describe("the configuration of Jaeger's UI", () => {
  const ui = readConfiguration("jaeger/ui.json");
  const patterns = Object.values(ui.linkPatterns ?? {}) as unknown as Record<"type" | "key" | "url", string>[];

  it("puts what spanbus says of a span above everything else", () => {
    const names = Object.values(ATTRIBUTES).map(({ name }) => name);
    const prefixes = texts(ui.topTagPrefixes);

    const below = names.filter((name) => !prefixes.some((prefix) => name.startsWith(prefix)));

    expect(below).toEqual([]);
  });

  it("links attributes of the contract to dashboards, each by its own value", () => {
    expect(patterns.map(({ key }) => key)).toEqual([ATTRIBUTES.conversationId.name, ATTRIBUTES.subscription.name]);
    expect(patterns.map(({ url, key }) => url.endsWith(`=#{${key}}`))).toEqual([true, true]);
  });

  it("links to where the compose file puts Grafana and Prometheus", () => {
    const items = Object.values(ui.menu ?? {}) as unknown as { url: string }[];
    const origins = [...patterns, ...items].map(({ url }) => new URL(url).origin);

    expect([...new Set(origins)].sort()).toEqual(["http://localhost:3000", "http://localhost:9090"]);
  });

  it("searches as far back as traces are kept", () => {
    expect(ui.search?.maxLookback?.value).toBe("2d");
    expect(ui.monitor?.menuEnabled).toBe(true);
  });
});
