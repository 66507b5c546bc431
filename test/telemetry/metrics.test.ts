import * as api from "@opentelemetry/api";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { AlwaysOffSampler } from "@opentelemetry/sdk-trace";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type DefaultCatalog, defineEvents, type EventBus } from "../../src/index.ts";
import { DURATION_BOUNDARIES, METRICS } from "../../src/telemetry/semconv.ts";
import { VERSION } from "../../src/telemetry/version.ts";
import { conservationViolations, metricViolations } from "../support/conservation.ts";
import { type ReceivedAttributes, type ReceivedMetric, selectMetric, sumOfPoints } from "../support/otlp-receiver.ts";
import { createRecordingLogger } from "../support/recording-logger.ts";
import { deferred, settleTurns } from "../support/test-bus.ts";
import { busyBus, runBusyScenario } from "./busy-scenario.ts";
import { collectMetrics, ManualReader } from "./manual-reader.ts";
import { droppingSampler, recordSdk, resetProcessState, unregisterSdk } from "./recorded-sdk.ts";
import { addLedgers, failOnOpenSpans, testBus } from "./test-bus.ts";

beforeEach(resetProcessState);
afterEach(failOnOpenSpans);
afterEach(unregisterSdk);

const SYSTEM = "messaging.system.name";
const DESTINATION = "messaging.destination.name";
const SUBSCRIPTION = "messaging.destination.subscription.name";
const OPERATION = "messaging.operation.name";

/** The contract's table: type, unit, and every label the metric may carry. */
const CONTRACT: Readonly<Record<string, readonly [kind: string, unit: string, labels: readonly string[]]>> = {
  "messaging.client.sent.messages": ["counter", "{message}", [SYSTEM, DESTINATION, OPERATION, "error.type"]],
  "messaging.client.operation.duration": [
    "histogram",
    "s",
    [SYSTEM, DESTINATION, OPERATION, "messaging.operation.type", "error.type"],
  ],
  "messaging.client.consumed.messages": [
    "counter",
    "{message}",
    [SYSTEM, DESTINATION, OPERATION, SUBSCRIPTION, "error.type"],
  ],
  "messaging.process.duration": ["histogram", "s", [SYSTEM, DESTINATION, OPERATION, SUBSCRIPTION, "error.type"]],
  "spanbus.event.refused": ["counter", "{event}", [SYSTEM, DESTINATION, "spanbus.refusal.reason"]],
  "spanbus.event.unrouted": ["counter", "{event}", [SYSTEM, DESTINATION]],
  "spanbus.event.scheduled": ["upDownCounter", "{event}", [SYSTEM, DESTINATION]],
  "spanbus.queue.capacity": ["upDownCounter", "{event}", [SYSTEM, SUBSCRIPTION]],
  "spanbus.delivery.matched": ["counter", "{delivery}", [SYSTEM, DESTINATION, SUBSCRIPTION]],
  "spanbus.deliveries": [
    "counter",
    "{delivery}",
    [
      SYSTEM,
      DESTINATION,
      SUBSCRIPTION,
      "spanbus.delivery.outcome",
      "spanbus.delivery.disposition",
      "spanbus.delivery.reason",
    ],
  ],
  "spanbus.delivery.in_flight": [
    "upDownCounter",
    "{delivery}",
    [SYSTEM, DESTINATION, SUBSCRIPTION, "spanbus.delivery.state"],
  ],
  "spanbus.delivery.duration": ["histogram", "s", [SYSTEM, DESTINATION, SUBSCRIPTION]],
  "spanbus.delivery.wait.duration": ["histogram", "s", [SYSTEM, DESTINATION, SUBSCRIPTION]],
  "spanbus.delivery.late_results": ["counter", "{result}", [SYSTEM, DESTINATION, SUBSCRIPTION]],
  "spanbus.handler.retries": ["counter", "{retry}", [SYSTEM, DESTINATION, SUBSCRIPTION]],
  "spanbus.handler.last_success.time": ["gauge", "s", [SYSTEM, DESTINATION, SUBSCRIPTION]],
  "spanbus.dead_letter.events": [
    "counter",
    "{event}",
    [SYSTEM, DESTINATION, SUBSCRIPTION, "spanbus.dead_letter.operation"],
  ],
  "spanbus.dead_letter.stored": ["upDownCounter", "{event}", [SYSTEM, DESTINATION, SUBSCRIPTION]],
  "spanbus.subscription.count": ["upDownCounter", "{subscription}", [SYSTEM, "spanbus.subscription.state"]],
  "spanbus.telemetry.guard_trips": ["counter", "{trip}", [SYSTEM, "spanbus.telemetry.part"]],
  "spanbus.telemetry.spans": ["counter", "{span}", [SYSTEM, "spanbus.telemetry.result"]],
  "spanbus.telemetry.queue.size": ["upDownCounter", "{span}", [SYSTEM]],
  "spanbus.bus.info": ["gauge", "{bus}", [SYSTEM, "spanbus.version", "spanbus.transport"]],
};

describe("the metrics", () => {
  it("are those of the contract, by name, type and unit", () => {
    const declared = Object.values(METRICS).map(({ name, kind, unit }) => [name, kind, unit]);

    const contract = Object.entries(CONTRACT).map(([name, [kind, unit]]) => [name, kind, unit]);
    expect(Object.fromEntries(declared.map(([name, ...rest]) => [name, rest]))).toEqual(
      Object.fromEntries(contract.map(([name, ...rest]) => [name, rest])),
    );
  });

  it.each(Object.entries(CONTRACT))("%s arrives with its type, unit and labels", async (name, [kind, unit, labels]) => {
    using sdk = recordSdk();
    const bus = busyBus({ generateId: tripEveryThird() });

    await runBusyScenario(bus);

    const metric = selectMetric(await sdk.metrics(), name);
    const used = new Set(metric?.points.flatMap((point) => Object.keys(point.attributes)));
    expect(metric).toMatchObject({
      unit,
      kind: { counter: "sum", upDownCounter: "sum" }[kind] ?? kind,
      monotonic: kind === "counter",
      scope: { name: "spanbus", version: VERSION, schemaUrl: "https://opentelemetry.io/schemas/1.45.0" },
    });
    expect([...used].sort()).toEqual([...labels].sort());
  });

  it("are all there after a busy while, and no others", async () => {
    using sdk = recordSdk();

    await runBusyScenario(busyBus({ generateId: tripEveryThird() }));

    const names = (await sdk.metrics()).map((metric) => metric.name);
    expect(names.sort()).toEqual(Object.keys(CONTRACT).sort());
    expect(sdk.metricErrors).toEqual([]);
  });

  it("equal the ledger, and the ledger balances", async () => {
    using sdk = recordSdk();
    const bus = busyBus();

    await runBusyScenario(bus);

    expect(conservationViolations(bus.stats())).toEqual([]);
    expect(metricViolations(bus.stats(), await sdk.metrics())).toEqual([]);
  });

  it("equal the ledger in mid-flight too", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    const gate = deferred();
    bus.subscribe("a", () => gate.promise, { name: "running" });
    bus.subscribe("a", failing, { name: "waiting", retry: { maxAttempts: 2, backoff: { initialMs: 60_000 } } });

    const published = bus.publish("a");
    const metrics = await sdk.metrics();

    const state = "spanbus.delivery.state";
    expect(metricViolations(bus.stats(), metrics)).toEqual([]);
    expect(sumOfPoints(metrics, "spanbus.delivery.in_flight", { [state]: "running" })).toBe(1);
    expect(sumOfPoints(metrics, "spanbus.delivery.in_flight", { [state]: "waiting_for_retry" })).toBe(1);
    gate.resolve();
    await bus.close();
    await published;
  });

  it.each([
    ["no span is sampled", { sampler: new AlwaysOffSampler() }, {}],
    ["process spans are skipped", { sampler: new AlwaysOffSampler() }, { assumeParentBased: true }],
    ["only some are sampled", { sampler: droppingSampler(["publish order.placed"]) }, {}],
    ["handlers are events", {}, { spans: "events" }],
    ["spans are off", {}, { spans: "off" }],
    ["every delivery is a trace", {}, { trace: "link" }],
    ["there is no context manager", { parts: ["metrics"] as const }, {}],
  ])("are exact when %s", async (_case, sdkOptions, busOptions) => {
    const expected = await countsOf({}, {});

    const counts = await countsOf(sdkOptions, busOptions);

    expect(counts.violations).toEqual([]);
    expect(counts.totals).toEqual(expected.totals);
  });

  it("hold no NaN, no Infinity and no undefined label", async () => {
    using sdk = recordSdk();

    await runBusyScenario(busyBus());

    const points = (await sdk.metrics()).flatMap((metric) => metric.points as readonly object[]);
    const numbers = points.flatMap((point) => Object.values(point)).filter((value) => typeof value === "number");
    const labels = points.flatMap((point) => Object.values((point as { attributes: object }).attributes));
    expect(numbers.every(Number.isFinite)).toBe(true);
    expect(labels.every((label) => typeof label === "string" && label !== "" && label !== "undefined")).toBe(true);
  });

  it("never label by message id, correlation id, source or error text", async () => {
    using sdk = recordSdk();
    const bus = testBus({ source: "canary-source", generateId: () => "canary-id" });
    bus.subscribe("a", (_event, ctx) => ctx.discard("canary reason"), { name: "discarding" });
    bus.subscribe("a", (_event, ctx) => ctx.deadLetter("canary reason"), { name: "dead-lettering" });
    bus.subscribe("a", () => {
      throw new Error("canary error");
    });

    await bus.publish("a", "canary data", { correlationId: "canary-correlation" });

    expect(JSON.stringify(await sdk.metrics(), withoutBigInts)).not.toContain("canary");
  });
});

describe("counters", () => {
  it("count a refusal with its reason, under the event's own label where the name is known", async () => {
    using sdk = recordSdk();
    const bus = busyBus();

    await bus.publish("order.placed", "no order").catch(() => undefined);
    await bus.publish("secret name").catch(() => undefined);

    const reason = "spanbus.refusal.reason";
    expect(labelsOf(await sdk.metrics(), "spanbus.event.refused")).toEqual([
      { [SYSTEM]: "spanbus", [DESTINATION]: "order.placed", [reason]: "invalid_data" },
      { [SYSTEM]: "spanbus", [DESTINATION]: "_other", [reason]: "invalid_name" },
    ]);
  });

  it("label families by their template", async () => {
    using sdk = recordSdk();
    const bus = busyBus();

    await bus.publish("report.sales.ready");
    await bus.publish("report.stock.ready");

    const labels = { [DESTINATION]: "report.{name}.ready" };
    expect(sumOfPoints(await sdk.metrics(), "messaging.client.sent.messages", labels)).toBe(2);
  });

  it("give the reason of dropped, aborted and discarded deliveries from a fixed vocabulary", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    bus.subscribe("a", (_event, ctx) => ctx.discard("the handler's own words"), { name: "one" });
    bus.subscribe("a", failing, { name: "two", classify: () => "expected" });
    bus.subscribe("b", () => new Promise(() => undefined), { name: "three" });

    await bus.publish("a");
    const cut = bus.publish("b");
    await bus.close();
    await cut;

    const points = labelsOf(await sdk.metrics(), "spanbus.deliveries");
    const reasons = points.map((each) => each["spanbus.delivery.reason"]).filter((each) => each !== undefined);
    expect(reasons.sort()).toEqual(["close", "expected", "handler"]);
  });

  it("of two buses add up in one series", async () => {
    using sdk = recordSdk();
    const [one, two] = [busyBus(), busyBus()];

    await runBusyScenario(one);
    await runBusyScenario(two);

    const metrics = await sdk.metrics();
    expect(metricViolations(addLedgers(one.stats(), two.stats()), metrics)).toEqual([]);
    expect(duplicateSeries(metrics)).toEqual([]);
  });

  it("of subscriptions with one name add up in one series", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    bus.subscribe("a", () => undefined, { name: "same" });
    bus.subscribe("a", () => undefined, { name: "same" });

    await bus.publish("a");

    const metrics = await sdk.metrics();
    expect(sumOfPoints(metrics, "spanbus.deliveries", { "spanbus.delivery.outcome": "handled" })).toBe(2);
    expect(duplicateSeries(metrics)).toEqual([]);
  });

  it("count trips of the guard by part", async () => {
    using sdk = recordSdk();
    const bus = testBus({ generateId: () => "not an id" });
    bus.subscribe("a", failing, { classify: failing });
    bus.onError(failing);

    await bus.publish("a");

    const part = "spanbus.telemetry.part";
    const points = (selectMetric(await sdk.metrics(), "spanbus.telemetry.guard_trips")?.points ?? []) as readonly {
      readonly attributes: ReceivedAttributes;
      readonly value: number;
    }[];
    expect(Object.fromEntries(points.map((point) => [point.attributes[part], point.value]))).toEqual({
      classifier: 1,
      error_handler: 1,
      id_generator: 1,
    });
  });
});

describe("gauges", () => {
  it("tell the open buses, by version and transport", async () => {
    using sdk = recordSdk();
    const [one, two] = [testBus(), testBus()];
    await one.publish("a");

    const before = selectMetric(await sdk.metrics(), "spanbus.bus.info");
    await two.close();
    await two.close();
    const after = selectMetric(await sdk.metrics(), "spanbus.bus.info");

    const attributes = { [SYSTEM]: "spanbus", "spanbus.version": VERSION, "spanbus.transport": "memory" };
    expect(before?.points).toMatchObject([{ value: 2, attributes }]);
    expect(after?.points).toMatchObject([{ value: 1, attributes }]);
  });

  it("tell the active subscriptions of all buses", async () => {
    using sdk = recordSdk();
    const [one, two] = [testBus(), testBus()];
    one.subscribe("a", () => undefined);
    two.subscribe("a", () => undefined);
    two.subscribe("b", () => undefined).unsubscribe();
    await one.publish("a");

    const active = { "spanbus.subscription.state": "active" };
    expect(sumOfPoints(await sdk.metrics(), "spanbus.subscription.count", active)).toBe(2);
  });

  it("tell when a handler last succeeded, from the time of subscribing on", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    const from = Date.now() / 1000;
    bus.subscribe("a", failing, { name: "never" });
    bus.subscribe("a", () => undefined, { name: "now" });
    const subscribed = Date.now() / 1000;
    await new Promise((resolve) => setTimeout(resolve, 10));
    const published = Date.now() / 1000;

    await bus.publish("a");

    const metrics = await sdk.metrics();
    const never = sumOfPoints(metrics, "spanbus.handler.last_success.time", { [SUBSCRIPTION]: "never" });
    const now = sumOfPoints(metrics, "spanbus.handler.last_success.time", { [SUBSCRIPTION]: "now" });
    expect(never).toBeGreaterThanOrEqual(from);
    expect(never).toBeLessThanOrEqual(subscribed);
    expect(now).toBeGreaterThanOrEqual(published);
  });

  it("tell the last success before the SDK started", async () => {
    const bus = testBus();
    bus.subscribe("a", (event) => event.data === "bad" && failing(), { name: "s" });
    await new Promise((resolve) => setTimeout(resolve, 10));
    const published = Date.now() / 1000;
    await bus.publish("a");
    using sdk = recordSdk();

    await bus.publish("a", "bad");

    expect(sumOfPoints(await sdk.metrics(), "spanbus.handler.last_success.time")).toBeGreaterThanOrEqual(published);
  });
});

describe("histograms", () => {
  it("have the contract's boundaries, in seconds", async () => {
    using sdk = recordSdk();

    await runBusyScenario(busyBus());

    const histograms = (await sdk.metrics()).filter((metric) => metric.kind === "histogram");
    const bounds = [
      0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5,
      7.5, 10,
    ];
    expect(DURATION_BOUNDARIES).toEqual(bounds);
    expect(histograms).toHaveLength(4);
    for (const { points } of histograms) for (const point of points) expect(point).toMatchObject({ bounds });
  });

  it("measure seconds: a handler of 20 ms is no faster, and far from 20 s", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    bus.subscribe("a", () => new Promise((resolve) => setTimeout(resolve, 20)));

    await bus.publish("a");

    const metrics = await sdk.metrics();
    for (const name of ["messaging.process.duration", "spanbus.delivery.duration"]) {
      const [point] = selectMetric(metrics, name)?.points ?? [];
      expect(point).toMatchObject({ count: 1 });
      expect((point as { sum: number }).sum).toBeGreaterThan(0.018);
      expect((point as { sum: number }).sum).toBeLessThan(10);
    }
  });

  it("count deliveries that were settled after an attempt, retries and waits included", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    bus.subscribe("a", failing, { retry: { maxAttempts: 2, backoff: { initialMs: 20, jitter: "none" } } });

    await bus.publish("a");

    const metrics = await sdk.metrics();
    const [point] = selectMetric(metrics, "spanbus.delivery.duration")?.points ?? [];
    expect(point).toMatchObject({ count: 1 });
    expect((point as { sum: number }).sum).toBeGreaterThan(0.018);
    expect(sumOfPoints(metrics, "spanbus.delivery.wait.duration")).toBe(1);
    expect(sumOfPoints(metrics, "messaging.process.duration")).toBe(2);
  });

  it("start with the SDK", async () => {
    const bus = testBus();
    bus.subscribe("a", () => undefined);
    await bus.publish("a");
    using sdk = recordSdk();

    await bus.publish("a");

    const metrics = await sdk.metrics();
    expect(sumOfPoints(metrics, "messaging.process.duration")).toBe(1);
    expect(sumOfPoints(metrics, "messaging.client.consumed.messages")).toBe(2);
  });
});

describe("series", () => {
  const outcome = "spanbus.delivery.outcome";
  const disposition = "spanbus.delivery.disposition";

  it("of a subscription exist at zero before the first event, so that the first failure is an increase", async () => {
    using sdk = recordSdk();
    const bus = testBus();

    bus.subscribe("order.placed", () => undefined, { name: "billing" });

    const labels = { [SYSTEM]: "spanbus", [DESTINATION]: "order.placed", [SUBSCRIPTION]: "billing" };
    expect(selectMetric(await sdk.metrics(), "spanbus.deliveries")?.points).toMatchObject([
      { value: 0, attributes: { ...labels, [outcome]: "handled" } },
      { value: 0, attributes: { ...labels, [outcome]: "failed", [disposition]: "dead_lettered" } },
      { value: 0, attributes: { ...labels, [outcome]: "timed_out", [disposition]: "dead_lettered" } },
    ]);
  });

  it("exist for every destination a pattern can match in the catalog", async () => {
    using sdk = recordSdk();
    const bus = busyBus();
    bus.subscribe("order.*", () => undefined, { name: "orders" });
    bus.subscribe("report.sales.ready", () => undefined, { name: "sales" });
    bus.subscribe("*", () => undefined, { name: "all" });

    await bus.publish("nobody.listens");

    const destinations = (name: string, metrics: readonly ReceivedMetric[]) =>
      new Set(
        labelsOf(metrics, "spanbus.deliveries", { [SUBSCRIPTION]: name, [outcome]: "failed" }).map(
          (labels) => labels[DESTINATION],
        ),
      );
    const metrics = await sdk.metrics();
    expect([...destinations("orders", metrics)]).toEqual(["order.placed", "order.shipped"]);
    expect([...destinations("sales", metrics)]).toEqual(["report.{name}.ready"]);
    expect(destinations("all", metrics).size).toBe(19);
  });

  it("of a wildcard without a catalog exist from the first publish of a name on, before it is counted", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    bus.subscribe("*", () => undefined, { name: "all" });

    await bus.publish("a");

    const points = selectMetric(await sdk.metrics(), "spanbus.deliveries", { [DESTINATION]: "a" })?.points;
    expect(points?.map((point) => (point as { value: number }).value)).toEqual([1, 0, 0]);
  });

  it("never fall when subscriptions go and buses close", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    const subscription = bus.subscribe("a", failing, { name: "s" });
    await bus.publish("a");
    const before = monotonicTotals(await sdk.metrics());

    subscription.unsubscribe();
    const afterUnsubscribing = monotonicTotals(await sdk.metrics());
    await bus.close();
    const afterClosing = monotonicTotals(await sdk.metrics());
    const next = testBus();
    next.subscribe("a", failing, { name: "s" });
    await next.publish("a");
    const afterNext = monotonicTotals(await sdk.metrics());

    expect(afterUnsubscribing).toEqual(before);
    expect(afterClosing).toEqual(before);
    expect(afterNext["spanbus.deliveries"]).toBe(2);
  });

  it("stay within what the SDK takes with 3,000 names and subscriptions, and the totals stay exact", async () => {
    using sdk = recordSdk();
    const bus = testBus({ maxDestinations: 1500 });
    for (let i = 0; i < 3000; i++)
      bus.subscribe(`event.number-${i}`, i % 3 === 0 ? failing : () => undefined, { name: `s${i}` });

    for (let i = 0; i < 3000; i++) await bus.publish(`event.number-${i}`);

    const metrics = await sdk.metrics();
    expect(overflows(metrics)).toEqual([]);
    expect(metrics.filter((metric) => metric.points.length > 2000)).toEqual([]);
    expect(metricViolations(bus.stats(), metrics)).toEqual([]);
  });

  it("stay within what the SDK takes with a catalog of 1,500 names that are refused for several reasons each", async () => {
    using sdk = recordSdk();
    const validate = () => ({ issues: [{ message: "no" }] });
    const schema = { "~standard": { version: 1, vendor: "test", validate } } as const;
    const names = Array.from({ length: 1500 }, (_, i) => `event.number-${i}`);
    const events = defineEvents(Object.fromEntries(names.map((name) => [name, { schema }])));
    const bus = testBus({ events: events as DefaultCatalog });

    for (const name of names) await bus.publish(name).catch(() => undefined);
    for (const name of names) await bus.publish({ name, depth: 99, data: {} }).catch(() => undefined);
    await bus.close();
    for (const name of names) await bus.publish(name).catch(() => undefined);

    const metrics = await sdk.metrics();
    expect(overflows(metrics)).toEqual([]);
    expect(metricViolations(bus.stats(), metrics)).toEqual([]);
  });

  it("stay within what the SDK takes with 50 error types on each of many destinations", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    bus.subscribe("**", (event) => {
      throw Object.assign(new Error("x"), { name: `Failure${event.data}` });
    });

    for (let i = 0; i < 3000; i++) await bus.publish(`event.number-${i % 60}`, i % 70);

    const metrics = await sdk.metrics();
    expect(overflows(metrics)).toEqual([]);
    expect(metricViolations(bus.stats(), metrics)).toEqual([]);
  });

  it("are folded with one warning, and the totals stay exact", async () => {
    using sdk = recordSdk();
    const logger = createRecordingLogger();
    const bus = testBus({ logger });
    for (let i = 0; i < 40; i++) {
      for (let j = 0; j < 40; j++) bus.subscribe(`event.number-${i}`, () => undefined, { name: `s${i}-${j}` });
    }

    for (let i = 0; i < 40; i++) await bus.publish(`event.number-${i}`);

    const metrics = await sdk.metrics();
    expect(overflows(metrics)).toEqual([]);
    expect(metricViolations(bus.stats(), metrics)).toEqual([]);
    expect(logger.lines().map((line) => line.level)).toEqual(["warn"]);
  });

  it("name error types beyond the first 50 _OTHER", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    bus.subscribe("a", (event) => {
      throw Object.assign(new Error("x"), { name: `Failure${event.data}` });
    });

    for (let i = 0; i < 60; i++) await bus.publish("a", i);

    const metrics = await sdk.metrics();
    const types = new Set(
      labelsOf(metrics, "messaging.client.consumed.messages").map((labels) => labels["error.type"]),
    );
    types.delete(undefined as never);
    expect(types.size).toBe(51);
    expect(sumOfPoints(metrics, "messaging.client.consumed.messages", { "error.type": "_OTHER" })).toBe(10);
    expect(sumOfPoints(metrics, "messaging.process.duration", { "error.type": "_OTHER" })).toBe(10);
  });
});

describe("an SDK that starts late", () => {
  it("sees the counts made before it, after the bus's next publish", async () => {
    const bus = busyBus();
    bus.subscribe("order.placed", () => undefined, { name: "s" });
    await bus.publish("order.placed", { id: "o-1" });
    using sdk = recordSdk();

    await bus.publish("order.placed", { id: "o-2" });

    const handled = { "spanbus.delivery.outcome": "handled" };
    expect(sumOfPoints(await sdk.metrics(), "spanbus.deliveries", handled)).toBe(2);
  });

  it("sees the counts made before it, whether or not the bus publishes again", async () => {
    const bus = testBus();
    bus.subscribe("a", () => undefined, { name: "s" });
    await bus.publish("a");
    using sdk = recordSdk();

    bus.subscribe("b", () => undefined, { name: "another" });

    expect(sumOfPoints(await sdk.metrics(), "messaging.client.sent.messages")).toBe(1);
  });

  it("sees the counts made before it even where nothing more happens on any bus", async () => {
    const bus = testBus();
    bus.subscribe("a", () => undefined, { name: "s" });
    await bus.publish("a");
    using sdk = recordSdk();

    const sent = await vi.waitUntil(async () => sumOfPoints(await sdk.metrics(), "messaging.client.sent.messages"), {
      timeout: 10_000,
    });

    expect(sent).toBe(1);
  });

  it("sees the counts of buses that are closed by then", async () => {
    await runBusyScenario(busyBus());
    using sdk = recordSdk();

    const bus = testBus();
    await bus.publish("a");

    expect(sumOfPoints(await sdk.metrics(), "spanbus.delivery.late_results")).toBe(1);
  });

  it("may be the second one: it gets everything, from counts and durations of its own time", async () => {
    const bus = testBus();
    bus.subscribe("a", () => undefined);
    const first = recordSdk();
    await bus.publish("a");
    first[Symbol.dispose]();
    using second = recordSdk();

    await bus.publish("a");

    const metrics = await second.metrics();
    expect(metricViolations({ ...bus.stats() }, withoutHistograms(metrics))).toContain(
      "messaging.process.duration is absent, the ledger says 2",
    );
    expect(sumOfPoints(metrics, "messaging.client.consumed.messages")).toBe(2);
    expect(sumOfPoints(metrics, "messaging.process.duration")).toBe(1);
    expect(second.spans()).toHaveLength(2);
    expect(first.spans()).toHaveLength(2);
  });

  it("may have several readers, which all see the same", async () => {
    const readers = [new ManualReader(), new ManualReader()];
    api.metrics.setGlobalMeterProvider(new MeterProvider({ readers }));
    const bus = busyBus();

    await runBusyScenario(bus);

    for (const reader of readers) expect(metricViolations(bus.stats(), await collectMetrics(reader))).toEqual([]);
  });
});

async function countsOf(sdkOptions: object, busOptions: object) {
  resetProcessState();
  using sdk = recordSdk(sdkOptions);
  const bus: EventBus = busyBus(busOptions);
  await runBusyScenario(bus);
  await settleTurns();
  const metrics = await sdk.metrics();
  const totals = Object.fromEntries(
    metrics
      .filter(({ name }) => name !== "spanbus.handler.last_success.time")
      .map(({ name }) => [name, sumOfPoints(metrics, name)]),
  );
  return { violations: metricViolations(bus.stats(), metrics), totals };
}

function labelsOf(
  metrics: readonly ReceivedMetric[],
  name: string,
  labels: ReceivedAttributes = {},
): ReceivedAttributes[] {
  return (selectMetric(metrics, name, labels)?.points ?? []).map((point) => point.attributes);
}

function monotonicTotals(metrics: readonly ReceivedMetric[]): Record<string, number | undefined> {
  const monotonic = metrics.filter((metric) => metric.kind === "histogram" || metric.monotonic);
  return Object.fromEntries(monotonic.map(({ name }) => [name, sumOfPoints(metrics, name)]));
}

function overflows(metrics: readonly ReceivedMetric[]): string[] {
  return metrics
    .filter(({ points }) => points.some((point) => "otel.metric.overflow" in point.attributes))
    .map((metric) => metric.name);
}

function duplicateSeries(metrics: readonly ReceivedMetric[]): string[] {
  return metrics.flatMap(({ name, points }) => {
    const keys = points.map((point) => JSON.stringify(Object.entries(point.attributes).sort()));
    return new Set(keys).size === keys.length ? [] : [name];
  });
}

function withoutHistograms(metrics: readonly ReceivedMetric[]): ReceivedMetric[] {
  return metrics.filter((metric) => metric.kind !== "histogram");
}

function failing(): never {
  throw new TypeError("broken");
}

/** An id generator of which every third id is none. */
function tripEveryThird(): () => string {
  let calls = 0;
  return () => (++calls % 3 === 0 ? "" : `id-${calls}`);
}

function withoutBigInts(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? undefined : value;
}
