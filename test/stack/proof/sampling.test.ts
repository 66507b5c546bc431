import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { jaegerSearchUrl } from "spanbus";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeTemporaryFolder } from "../../support/child.ts";
import { JaegerApi } from "../clients/jaeger-api.ts";
import { PrometheusApi } from "../clients/prometheus-api.ts";
import { freePorts } from "../servers/free-ports.ts";
import { jaegerPorts, type RunningJaeger, startJaeger } from "../servers/jaeger.ts";
import { type RunningPrometheus, startPrometheus } from "../servers/prometheus.ts";
import { shippedServices } from "../servers/shipped.ts";

const SERVICE = "sampled";
const WITHIN = { timeout: 60_000, interval: 250 };

const servers = new AsyncDisposableStack();
let jaeger: RunningJaeger;
let prometheus: RunningPrometheus;
let traces: JaegerApi;

beforeAll(async () => {
  const folder = servers.use(await makeTemporaryFolder()).path;
  const { jaeger: shippedJaeger, prometheus: shippedPrometheus } = await shippedServices();
  if (shippedJaeger === undefined || shippedPrometheus === undefined)
    throw new Error("the compose file lacks a server");
  for (const name of ["jaeger", "prometheus"]) await mkdir(join(folder, name));
  const ports = await jaegerPorts();
  const { self, alertmanager, grafana } = await freePorts(["self", "alertmanager", "grafana"]);
  const at = (port: number): string => `127.0.0.1:${port}`;
  prometheus = servers.use(
    await startPrometheus({
      service: shippedPrometheus,
      folder: join(folder, "prometheus"),
      targets: {
        self: at(self),
        alertmanager: at(alertmanager),
        grafana: at(grafana),
        jaegerMetrics: at(ports.metrics),
      },
    }),
  );
  const sampling = { JAEGER_SAMPLE_PERCENT: "0", JAEGER_DECISION_WAIT: "2s" };
  jaeger = servers.use(
    await startJaeger({
      service: { ...shippedJaeger, environment: { ...shippedJaeger.environment, ...sampling } },
      folder: join(folder, "jaeger"),
      prometheusUrl: prometheus.url,
      ports,
    }),
  );
  traces = new JaegerApi(jaeger.url);
}, 120_000);

afterAll(() => servers.disposeAsync());

describe("Jaeger, told to keep nothing that it need not keep", { timeout: 120_000 }, () => {
  const fine = newTrace();
  const failed = newTrace();
  const retried = newTrace();
  const deadLettered = newTrace();
  const expected = newTrace();
  const slow = newTrace();
  const failsLate = newTrace();

  it("keeps traces that failed, were retried, set aside or slow, and drops the rest", async () => {
    await send([
      { trace: fine, name: "fine" },
      { trace: failed, name: "failed", isError: true },
      { trace: retried, name: "retried", attributes: { "spanbus.delivery.outcome": "retry" } },
      { trace: deadLettered, name: "set aside", attributes: { "spanbus.delivery.disposition": "dead_lettered" } },
      { trace: expected, name: "expected", attributes: { "error.type": "OutOfStock" } },
      { trace: slow, name: "slow", durationMs: 1_500 },
      { trace: failsLate, name: "fine so far" },
    ]);

    await expect.poll(() => namesOf(slow), WITHIN).toEqual(["slow"]);
    await expect.poll(() => namesOf(retried), WITHIN).toEqual(["retried"]);
    expect(await Promise.all([failed, deadLettered, expected].map(namesOf))).toEqual([
      ["failed"],
      ["set aside"],
      ["expected"],
    ]);
    expect(await Promise.all([fine, failsLate].map(namesOf))).toEqual([[], []]);
  });

  it("keeps a failure that comes after the decision, and what else comes late follows the decision", async () => {
    await send([
      { trace: failsLate, name: "failed late", isError: true },
      { trace: fine, name: "fine, late" },
      { trace: retried, name: "handled, late" },
    ]);

    await expect.poll(() => namesOf(retried), WITHIN).toEqual(["handled, late", "retried"]);
    await expect.poll(() => namesOf(failsLate), WITHIN).toEqual(["failed late"]);
    expect(await namesOf(fine)).toEqual([]);
  });

  it("counts every span, kept or not, with the way to a trace, for the Monitor tab to read", async () => {
    const metrics = new PrometheusApi(prometheus.url);
    const search = new URLSearchParams({
      service: SERVICE,
      spanKind: "consumer",
      lookback: "3600000",
      step: "5000",
      ratePer: "600000",
    });

    await expect.poll(() => metrics.sum(`traces_span_metrics_calls_total{service_name="${SERVICE}"}`), WITHIN).toBe(10);
    const exemplars = await json(
      `${prometheus.url}/api/v1/query_exemplars?${recently("traces_span_metrics_duration_milliseconds_bucket")}`,
    );
    const monitor = await json(`${jaeger.url}/api/metrics/calls?${search}`);

    expect(JSON.stringify(exemplars)).toContain(`"trace_id":"${slow}"`);
    expect(monitor).toMatchObject({ metrics: [{ labels: [{ name: "service_name", value: SERVICE }] }] });
  });

  it("answers 200 to logs, which it drops", async () => {
    const answer = await post("/v1/logs", {
      resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: "a" } }] }] }],
    });

    expect(answer.status).toBe(200);
  });

  it("finds what a search link asks for, whatever the correlation id", async () => {
    const trace = newTrace();
    const correlationId = "order:7.a_b-c";
    await send([
      { trace, name: "publish", isError: true, attributes: { "messaging.message.conversation_id": correlationId } },
    ]);
    const link = new URL(jaegerSearchUrl(correlationId, { baseUrl: jaeger.url, service: SERVICE }));
    const other = new URL(jaegerSearchUrl("order:8", { baseUrl: jaeger.url, service: SERVICE }));

    await expect.poll(() => asked(link), WITHIN).toEqual([trace]);
    expect(await asked(other)).toEqual([]);
  });
});

interface SentSpan {
  readonly trace: string;
  readonly name: string;
  readonly isError?: boolean;
  /** @default 1 */
  readonly durationMs?: number;
  readonly attributes?: Readonly<Record<string, string>>;
}

function newTrace(): string {
  return randomBytes(16).toString("hex");
}

async function send(sent: readonly SentSpan[]): Promise<void> {
  const spans = sent.map(({ trace, name, isError = false, durationMs = 1, attributes = {} }) => {
    const end = BigInt(Date.now()) * 1_000_000n;
    return {
      traceId: trace,
      spanId: randomBytes(8).toString("hex"),
      name,
      kind: 5,
      startTimeUnixNano: String(end - BigInt(durationMs) * 1_000_000n),
      endTimeUnixNano: String(end),
      attributes: attributesOf(attributes),
      status: isError ? { code: 2 } : {},
    };
  });
  const resource = { attributes: attributesOf({ "service.name": SERVICE }) };
  const answer = await post("/v1/traces", { resourceSpans: [{ resource, scopeSpans: [{ spans }] }] });
  if (!answer.ok) throw new Error(`Jaeger answered ${answer.status}: ${await answer.text()}`);
}

function attributesOf(values: Readonly<Record<string, string>>): readonly object[] {
  return Object.entries(values).map(([key, stringValue]) => ({ key, value: { stringValue } }));
}

function post(path: string, body: object): Promise<Response> {
  const headers = { "content-type": "application/json" };
  return fetch(`${jaeger.otlpUrl}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
}

async function namesOf(trace: string): Promise<readonly string[]> {
  return (await traces.trace(trace)).map(({ name }) => name).sort();
}

async function json(url: string): Promise<unknown> {
  return await (await fetch(url)).json();
}

function recently(query: string): URLSearchParams {
  const now = Date.now() / 1_000;
  return new URLSearchParams({ query, start: String(now - 600), end: String(now) });
}

/** The traces that Jaeger's UI lists at a search link: it asks its server with the parameters of its own address. */
async function asked(link: URL): Promise<readonly string[]> {
  const { data } = (await json(`${link.origin}/api/traces${link.search}`)) as { data: { traceID: string }[] };
  return data.map(({ traceID }) => traceID);
}
