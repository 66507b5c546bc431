import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ATTRIBUTES, METRICS } from "../../src/telemetry/semconv.ts";
import { VERSION } from "../../src/telemetry/version.ts";
import { conservationViolations, type LedgerSnapshot, metricViolations } from "../support/conservation.ts";
import {
  type OtlpReceiver,
  type ReceivedMetric,
  type ReceivedSpan,
  type ReceiverBehaviour,
  startOtlpReceiver,
} from "../support/otlp-receiver.ts";
import { type ProgramResult, runProgram } from "../support/run-program.ts";
import { drawTree } from "../support/span-tree.ts";
import { addLedgers } from "../telemetry/test-bus.ts";
import { runShop, type ShopRun } from "./run-shop.ts";
import { makeSdk2Application, type Sdk2Application } from "./sdk-2-application.ts";
import type { ShopOptions, ShopOutput } from "./shop-program.ts";
import { type Signals, signalsOf } from "./signals.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const NAMES = new Set<string>(Object.values(ATTRIBUTES).map(({ name }) => name));
const HISTOGRAMS = new Set<string>(
  Object.values(METRICS)
    .filter(({ kind }) => kind === "histogram")
    .map(({ name }) => name),
);
const BOUNDARIES = [
  0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5,
  7.5, 10,
];

/** One round of traffic, drawn. */
const ORDER_TREE = [
  "publish order.placed",
  "  process order.placed [billing]",
  "    publish invoice.created -> process invoice.created",
  "  process order.placed [failing]",
  "  process order.placed [flaky]",
  "  process order.placed [stock]",
  "    publish stock.reserved",
  "      process stock.reserved [warehouse]",
];
/** Two orders, of which the flaky handler needs two attempts each, a report, two refusals and a replay. */
const ROUND_TREE = [
  "process invoice.created [archive] -> publish invoice.created",
  "process invoice.created [archive] -> publish invoice.created",
  "process order.placed [failing] -> publish order.placed",
  "publish _other",
  "publish _other",
  ...[ORDER_TREE, ORDER_TREE].flatMap((tree) => tree.toSpliced(5, 0, "  process order.placed [flaky]")),
  "publish report.{name}.ready",
  "  process report.{name}.ready [reader]",
].join("\n");

const INSTALL_TIMEOUT_MS = 60_000;

let sdk2: Sdk2Application;
let reference: Signals;

beforeAll(async () => {
  sdk2 = await makeSdk2Application();
  await using receiver = await startOtlpReceiver();
  await runShop(receiver, { sdk: "before", own: "SDK 3" });
  reference = signalsOf(receiver);
}, INSTALL_TIMEOUT_MS);
afterAll(() => sdk2[Symbol.asyncDispose]());

describe("a program without an SDK", () => {
  it("runs, has correlation ids all the same, and sends nothing", async () => {
    await using receiver = await startOtlpReceiver();

    const { program, output } = await run(receiver, { sdk: "none" });

    expect(program.stderr).toBe("");
    expect(output.correlationIds.main).toMatch(UUID);
    expect(output.traceIds).toEqual({});
    expect(violationsOf(output)).toEqual([]);
    expect(receiver.requests()).toEqual([]);
  });
});

describe.each<readonly [how: string, sdkVersion: RegExp, options: ShopOptions]>([
  ["an SDK 3 of its own", /^3\./, { sdk: "before" }],
  ["NodeSDK", /^3\./, { sdk: "before", own: "NodeSDK" }],
  ["an SDK 2 of its own, on API 1.9", /^2\./, { sdk: "before", own: "SDK 2" }],
  ["startTelemetry", /^3\./, { sdk: "startTelemetry" }],
  ["--import spanbus/register", /^3\./, { sdk: "register" }],
])("a program with %s", (_how, sdkVersion, options) => {
  let receiver: OtlpReceiver;
  let program: ProgramResult;
  let output: ShopOutput;

  beforeAll(async () => {
    receiver = await startOtlpReceiver();
    ({ program, output } = await run(receiver, options));
  });
  afterAll(() => receiver.close());

  it("sends the spans of the contract", () => {
    const spans = receiver.spans();
    expect(program.stderr).toBe("");
    expect(drawTree(spans, { links: true })).toBe(ROUND_TREE);
    expect(new Set(spans.map(({ scope }) => JSON.stringify(scope)))).toEqual(
      new Set([
        JSON.stringify({ name: "spanbus", version: VERSION, schemaUrl: "https://opentelemetry.io/schemas/1.45.0" }),
      ]),
    );
    expect(spans.every(({ resource }) => resource["service.name"] === "shop")).toBe(true);
    expect(spans[0]?.resource["telemetry.sdk.version"]).toMatch(sdkVersion);
    expect(spans.every(hasRightKind)).toBe(true);
    expect(foreignAttributes(spans)).toEqual(new Set(["order.id"]));
    expect(spans.every((span) => span.attributes[ATTRIBUTES.conversationId.name] !== undefined)).toBe(true);
    expect(output.correlationIds.main).toBe(output.traceIds.main);
    expect(spans.map((span) => span.traceId)).toContain(output.traceIds.main);
  });

  it("sends, to the attribute, the spans and metrics that SDK 3 sends", () => {
    const { spans, metrics } = signalsOf(receiver);

    expect(spans).toEqual(reference.spans);
    expect(metrics).toEqual(reference.metrics);
  });

  it("sends statuses and exceptions as the contract says", () => {
    const failed = receiver.spans().filter((span) => span.status.code !== "UNSET");
    expect(failed.map(({ name, attributes }) => [name, attributes["error.type"]]).toSorted()).toEqual([
      ["process order.placed", "PaymentError"],
      ["process order.placed", "PaymentError"],
      ["process order.placed", "PaymentError"],
      ["publish _other", "invalid_name"],
      ["publish _other", "unknown_event"],
    ]);
    const retried = receiver.spans().filter((span) => span.attributes["spanbus.delivery.outcome"] === "retry");
    expect(retried.map(({ status, events }) => [status.code, events[0]?.attributes["exception.type"]])).toEqual([
      ["UNSET", "RangeError"],
      ["UNSET", "RangeError"],
    ]);
  });

  it("sends metrics that equal the ledger, cumulative, with the contract's units and boundaries", () => {
    const metrics = receiver.metrics().filter((metric) => metric.scope.name === "spanbus");
    expect(violationsOf(output)).toEqual([]);
    expect(metricViolations(total(output), metrics)).toEqual([]);
    expect(metrics.map((metric) => [metric.name, metric.unit]).toSorted()).toEqual(
      expect.arrayContaining(expectedMetrics()),
    );
    expect(metrics.every(hasRightTemporality)).toBe(true);
    expect(
      metrics
        .filter(({ kind }) => kind === "histogram")
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual([...HISTOGRAMS].toSorted());
    expect(boundsOf(metrics)).toEqual([BOUNDARIES]);
    expect(badPoints(metrics)).toEqual([]);
  });

  it("sends nothing that the catalog does not allow", () => {
    const sent = JSON.stringify([receiver.spans(), receiver.metrics(), receiver.logs()], (_key, value) =>
      typeof value === "bigint" ? `${value}` : value,
    );
    expect(sent).toContain("o-1");
    expect(sent).not.toContain("canary");
    expect(sent).not.toContain("secret");
  });

  it("keeps a caller's correlation id beside a trace id of its own", () => {
    const id = output.correlationIds["main named"];
    const spans = receiver.spans().filter((span) => span.attributes[ATTRIBUTES.conversationId.name] === id);
    expect(id).toBe("6f9619ff-8b86-4d01-b42d-00cf4fc964ff");
    expect(spans).toHaveLength(10);
    expect(output.traceIds["main named"]).not.toBe(id?.replaceAll("-", ""));
  });

  it("hands that id on as baggage, beside the W3C trace context of the publish span", () => {
    const { correlationIds, traceIds, headers } = output;
    const published = new Set(receiver.spans().map(({ traceId, spanId }) => `00-${traceId}-${spanId}-01`));
    for (const name of ["order.placed", "invoice.created"]) {
      const [own, given] = ["main", "main named"].map((label) => headers[`${name} ${correlationIds[label]}`]);
      expect(given?.baggage).toBe(`spanbus.correlation_id=${correlationIds["main named"]}`);
      expect(given?.traceparent).toContain(traceIds["main named"]);
      expect(own).not.toHaveProperty("baggage");
      expect(own?.traceparent).toContain(traceIds.main);
      expect(published).toContain(own?.traceparent);
      expect(published).toContain(given?.traceparent);
    }
  });
});

describe("a program whose SDK starts after the bus and its first traffic", () => {
  it.each<Required<Pick<ShopOptions, "own">>>([{ own: "SDK 3" }, { own: "NodeSDK" }, { own: "SDK 2" }])(
    "sends the counts made before it, and the spans and durations made after it ($own)",
    async ({ own }) => {
      await using receiver = await startOtlpReceiver();

      const { output } = await run(receiver, { sdk: "after", own });

      const counted = receiver.metrics().filter((metric) => metric.kind !== "histogram");
      const early = metricViolations(total(output), counted).filter((each) => !each.includes(".duration"));
      const processed = receiver.spans().filter(({ kind }) => kind === "CONSUMER");
      expect(output.correlationIds.early).toMatch(UUID);
      expect(early).toEqual([]);
      expect(receiver.counter("messaging.client.sent.messages", { "messaging.destination.name": "order.placed" })).toBe(
        4,
      );
      // the replay links to a publish that had no span
      const tree = drawTree(receiver.spans(), { links: true }).split("\n");
      expect(tree).toEqual(ROUND_TREE.replace("[failing] -> publish order.placed", "[failing]").split("\n"));
      expect(receiver.counter("messaging.process.duration")).toBe(processed.length);
      expect(boundsOf(receiver.metrics())).toEqual([BOUNDARIES]);
    },
  );
});

describe("a program whose spans are not sampled", () => {
  it.each<readonly [how: string, options: ShopOptions]>([
    ["by a sampler of its own", { sdk: "before", sampler: "always_off" }],
    ["by a parent-based sampler", { sdk: "before", sampler: "parentbased_always_off" }],
    ["by NodeSDK", { sdk: "before", own: "NodeSDK", sampler: "always_off" }],
    ["by a parent-based sampler of NodeSDK", { sdk: "before", own: "NodeSDK", sampler: "parentbased_always_off" }],
    ["by SDK 2", { sdk: "before", own: "SDK 2", sampler: "always_off" }],
    ["by a parent-based sampler of SDK 2", { sdk: "before", own: "SDK 2", sampler: "parentbased_always_off" }],
    ["at a ratio of 0", { sdk: "startTelemetry", telemetryOptions: "sampleRatio: 0" }],
  ])("%s sends exact metrics and no spans", async (_how, options) => {
    await using receiver = await startOtlpReceiver();

    const { output } = await run(receiver, options);

    const { correlationIds, traceIds, headers } = output;
    expect(receiver.spans()).toEqual([]);
    expect(correlationIds.main).toBe(traceIds.main);
    expect(metricViolations(total(output), receiver.metrics())).toEqual([]);
    expect(signalsOf(receiver).metrics).toEqual(reference.metrics);
    expect(headers[`order.placed ${correlationIds.main}`]?.traceparent).toMatch(
      new RegExp(`^00-${traceIds.main}-[0-9a-f]{16}-00$`),
    );
  });
});

describe("a program that asks for exceptions as log events", () => {
  it.each([
    ["logs", 0],
    ["logs/dup", 7],
  ])("with %s sends them as log records in their span's context, and %d as span events", async (optIn, spanEvents) => {
    await using receiver = await startOtlpReceiver();

    await run(receiver, { sdk: "before" }, { OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN: optIn });

    const spans = new Map(receiver.spans().map((span) => [span.spanId, span]));
    const logs = receiver.logs().map(({ eventName, severity, spanId, attributes }) => {
      return [eventName, severity, spans.get(spanId ?? "")?.name, attributes["exception.type"]];
    });
    expect(logs.toSorted()).toEqual([
      ["messaging.process.exception", "ERROR", "process order.placed", "PaymentError"],
      ["messaging.process.exception", "ERROR", "process order.placed", "PaymentError"],
      ["messaging.process.exception", "ERROR", "process order.placed", "PaymentError"],
      ["messaging.process.exception", "ERROR", "process order.placed", "RangeError"],
      ["messaging.process.exception", "ERROR", "process order.placed", "RangeError"],
      ["messaging.send.exception", "WARN", "publish _other", "BusError"],
      ["messaging.send.exception", "WARN", "publish _other", "BusError"],
    ]);
    expect([...spans.values()].flatMap((span) => span.events)).toHaveLength(spanEvents);
  });
});

describe("startTelemetry", () => {
  it("gives a trace the trusted correlation id of its publisher", async () => {
    await using receiver = await startOtlpReceiver();

    const { output } = await run(receiver, { sdk: "startTelemetry", telemetryOptions: "trustCorrelationId: true" });

    expect(output.correlationIds["main named"]).toBe("6f9619ff-8b86-4d01-b42d-00cf4fc964ff");
    expect(output.traceIds["main named"]).toBe("6f9619ff8b864d01b42d00cf4fc964ff");
    expect(receiver.spans().filter(({ traceId }) => traceId === "6f9619ff8b864d01b42d00cf4fc964ff")).toHaveLength(9);
  });

  it("sends the counts made before it, although nothing happens between its start and its shutdown", async () => {
    await using receiver = await startOtlpReceiver();

    const program = await runProgram(
      `import { EventBus } from "spanbus";
       import { startTelemetry } from "spanbus/instrumentation";
       const bus = new EventBus({ source: "shop" });
       bus.subscribe("order.placed", () => undefined, { name: "billing" });
       await bus.publish("order.placed");
       await startTelemetry().shutdown();`,
      { env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url } },
    );

    const handled = { "spanbus.delivery.outcome": "handled" };
    expect(program).toMatchObject({ exitCode: 0, stderr: "" });
    expect(receiver.counter("spanbus.deliveries", handled)).toBe(1);
  });

  it("sends a zero for each outcome of a subscription before its first event", async () => {
    await using receiver = await startOtlpReceiver();

    const program = await runProgram(
      `import { EventBus } from "spanbus";
       import { startTelemetry } from "spanbus/instrumentation";
       const telemetry = startTelemetry();
       const bus = new EventBus({ source: "shop" });
       bus.subscribe("order.placed", () => undefined, { name: "billing" });
       await telemetry.shutdown();`,
      { env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url } },
    );

    const zeros = receiver.metric("spanbus.deliveries")?.points.map(({ attributes }) => {
      return [attributes["spanbus.delivery.outcome"], attributes["spanbus.delivery.disposition"]];
    });
    expect(program).toMatchObject({ exitCode: 0, stderr: "" });
    expect(receiver.counter("spanbus.deliveries")).toBe(0);
    expect(zeros).toEqual([
      ["handled", undefined],
      ["failed", "dead_lettered"],
      ["timed_out", "dead_lettered"],
    ]);
  });

  it("counts every span as exported in the metrics and the report of the same run", async () => {
    await using receiver = await startOtlpReceiver();

    const { output } = await run(receiver, { sdk: "startTelemetry" });

    const sent = receiver.spans().length;
    const result = "spanbus.telemetry.result";
    expect(output.report).toMatchObject({
      ok: true,
      spans: { exported: sent, dropped: 0, failed: 0, notDelivered: 0 },
    });
    expect(receiver.counter("spanbus.telemetry.spans", { [result]: "exported" })).toBe(sent);
    expect(receiver.counter("spanbus.telemetry.spans", { [result]: "failed" })).toBe(0);
    expect(receiver.counter("spanbus.telemetry.queue.size")).toBe(0);
  });

  it("makes no process spans under an unsampled publish", async () => {
    await using receiver = await startOtlpReceiver();

    const { output } = await run(receiver, { sdk: "startTelemetry", telemetryOptions: "sampleRatio: 0" });

    // started by the bus: publishes and linked deliveries, and no more
    expect(total(output).spansStarted).toBe(12);
  });
});

describe("a program whose collector is broken", () => {
  it.each<ReceiverBehaviour>(["refuse", "reset", "500", "garbage"])(
    "(%s) does its work and ends by itself",
    async (behaviour) => {
      await using receiver = await startOtlpReceiver({ behaviour });

      const { program, output } = await run(receiver, { sdk: "startTelemetry" });

      expect(program.exitCode).toBe(0);
      expect(violationsOf(output)).toEqual([]);
    },
  );
});

function run(
  receiver: OtlpReceiver,
  options: ShopOptions,
  env: Readonly<Record<string, string>> = {},
): Promise<ShopRun> {
  return runShop(receiver, options, { env, application: options.own === "SDK 2" ? sdk2 : undefined });
}

function total({ ledgers }: ShopOutput): LedgerSnapshot {
  const [first, second] = ledgers as readonly [LedgerSnapshot, LedgerSnapshot];
  return addLedgers(first, second);
}

function violationsOf({ ledgers }: ShopOutput): string[] {
  return ledgers.flatMap((ledger) => conservationViolations(ledger as LedgerSnapshot));
}

function hasRightKind({ name, kind }: ReceivedSpan): boolean {
  return kind === (name.startsWith("publish ") ? "PRODUCER" : "CONSUMER");
}

function foreignAttributes(spans: readonly ReceivedSpan[]): Set<string> {
  return new Set(spans.flatMap((span) => Object.keys(span.attributes)).filter((name) => !NAMES.has(name)));
}

/** Everything but what the program gives no cause for. */
function expectedMetrics(): [string, string][] {
  return Object.values(METRICS)
    .filter(({ name }) => name !== "spanbus.telemetry.guard_trips")
    .map(({ name, unit }): [string, string] => [name, unit])
    .toSorted();
}

function hasRightTemporality({ kind, temporality }: ReceivedMetric): boolean {
  return kind === "gauge" || temporality === "cumulative";
}

function boundsOf(metrics: readonly ReceivedMetric[]): (readonly number[])[] {
  const bounds = metrics.flatMap((metric) =>
    metric.kind === "histogram" ? metric.points.map((each) => each.bounds) : [],
  );
  return [...new Map(bounds.map((each) => [each.join(), each])).values()];
}

/** Names of metrics with NaN, an empty label, or buckets that do not add up. */
function badPoints(metrics: readonly ReceivedMetric[]): string[] {
  return metrics
    .filter((metric) => {
      if (
        metric.points.some((point) => Object.values(point.attributes).some((label) => label === null || label === ""))
      )
        return true;
      if (metric.kind !== "histogram") return metric.points.some((point) => !Number.isFinite(point.value));
      return metric.points.some((point) => point.bucketCounts.reduce((sum, count) => sum + count, 0) !== point.count);
    })
    .map((metric) => metric.name);
}
