import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { attributesTable, errorsTable, metricsTable, renewGenerated } from "../../scripts/contract-tables.ts";
import { ERROR_CODES } from "../../src/error-codes.ts";
import { ATTRIBUTES, LOG_EVENTS, METRICS } from "../../src/telemetry/semconv.ts";
import { VERSION } from "../../src/telemetry/version.ts";
import { createRecordingLogger } from "../support/recording-logger.ts";
import { ROOT } from "../support/root.ts";
import { busyBus, runBusyScenario } from "./busy-scenario.ts";
import { recordSdk, resetProcessState } from "./recorded-sdk.ts";
import { failOnOpenSpans } from "./test-bus.ts";

beforeEach(resetProcessState);
afterEach(failOnOpenSpans);

const NAMES = new Set<string>(Object.values(ATTRIBUTES).map(({ name }) => name));
const METRIC_NAMES = new Set<string>(Object.values(METRICS).map(({ name }) => name));
const LOG_NAMES = new Set<string>(Object.values(LOG_EVENTS));
/** What the catalog of the busy scenario names itself. */
const CATALOG_ATTRIBUTES = ["order.id", "action.name"];
/** What the convention says about an exception. */
const EXCEPTION_ATTRIBUTES = ["exception.type", "exception.message", "exception.stacktrace"];

describe("the version", () => {
  it("is that of the package", async () => {
    const { version } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as { version: string };

    expect(VERSION).toBe(version);
  });
});

describe("every name in semconv.ts", () => {
  it("is there once", () => {
    expect(NAMES.size).toBe(Object.keys(ATTRIBUTES).length);
    expect(METRIC_NAMES.size).toBe(Object.keys(METRICS).length);
    expect(LOG_NAMES.size).toBe(Object.keys(LOG_EVENTS).length);
  });

  it("is the convention's or under spanbus.", () => {
    const convention = [
      "error.type",
      "messaging.system.name",
      "messaging.operation.name",
      "messaging.operation.type",
      "messaging.destination.name",
      "messaging.destination.template",
      "messaging.destination.subscription.name",
      "messaging.message.id",
      "messaging.message.conversation_id",
      "messaging.client.sent.messages",
      "messaging.client.operation.duration",
      "messaging.client.consumed.messages",
      "messaging.process.duration",
      "messaging.process.exception",
      "messaging.send.exception",
    ];

    const foreign = [...NAMES, ...METRIC_NAMES, ...LOG_NAMES].filter((name) => !name.startsWith("spanbus."));
    expect(foreign.sort()).toEqual(convention.sort());
  });

  it("is lower case, its words joined by dots and underscores", () => {
    const odd = [...NAMES, ...METRIC_NAMES, ...LOG_NAMES].filter((name) => !/^[a-z]+(?:[._][a-z]+)+$/.test(name));

    expect(odd).toEqual([]);
  });
});

describe("everything that is written", () => {
  it("has a name of the contract: spans, attributes, metrics, labels and log events", async () => {
    using sdk = recordSdk();
    const logger = createRecordingLogger();

    await runBusyScenario(busyBus({ logger, generateId: idWithTrips() }));

    const spans = sdk.spans();
    const metrics = await sdk.metrics();
    const attributes = new Set(spans.flatMap((span) => Object.keys(span.attributes)));
    const eventAttributes = new Set(
      spans.flatMap((span) => span.events).flatMap((each) => Object.keys(each.attributes)),
    );
    const labels = new Set(metrics.flatMap(({ points }) => points.flatMap((point) => Object.keys(point.attributes))));
    const events = logger.lines().map((line) => line.fields.event);
    expect([...attributes].filter((name) => !NAMES.has(name)).sort()).toEqual(CATALOG_ATTRIBUTES.toSorted());
    expect([...eventAttributes].filter((name) => !NAMES.has(name)).sort()).toEqual(EXCEPTION_ATTRIBUTES.toSorted());
    expect([...labels].filter((name) => !NAMES.has(name))).toEqual([]);
    expect(metrics.map((metric) => metric.name).filter((name) => !METRIC_NAMES.has(name))).toEqual([]);
    expect(new Set(events.filter((name) => !LOG_NAMES.has(name as string)))).toEqual(new Set([undefined]));
    expect(new Set(spans.map(({ name }) => name.split(" ")[0]))).toEqual(new Set(["publish", "process"]));
  });

  it("covers the contract: no name in semconv.ts is never used", async () => {
    using sdk = recordSdk();
    const logger = createRecordingLogger();

    await runBusyScenario(busyBus({ logger, generateId: idWithTrips() }));

    const metrics = await sdk.metrics();
    const used = new Set([
      ...sdk.spans().flatMap((span) => Object.keys(span.attributes)),
      ...metrics.flatMap(({ points }) => points.flatMap((point) => Object.keys(point.attributes))),
    ]);
    const events = new Set(logger.lines().map((line) => line.fields.event));
    expect([...NAMES].filter((name) => !used.has(name))).toEqual([]);
    expect([...METRIC_NAMES].filter((name) => !metrics.some((metric) => metric.name === name))).toEqual([]);
    expect([...LOG_NAMES].filter((name) => !events.has(name))).toEqual([
      LOG_EVENTS.stopped, // when the process ends
      LOG_EVENTS.linkEnded, // when a link ends
      LOG_EVENTS.processException, // log records, with the exception switch
      LOG_EVENTS.sendException,
    ]);
  });
});

describe("log lines", () => {
  it("written while an event is handled carry the ids that tie them to trace and event", async () => {
    using sdk = recordSdk();
    const logger = createRecordingLogger();
    const bus = busyBus({ logger });
    const ids: string[] = [];
    bus.subscribe("order.placed", (_event, ctx) => ctx.publish("invoice.created"), { name: "billing" });
    bus.subscribe(
      "invoice.created",
      async (event, ctx) => {
        ids.push(event.id);
        await Promise.resolve();
        ctx.log.info("archiving");
      },
      { name: "archive" },
    );

    const result = await bus.publish("order.placed", { id: "o-1" });

    const [span] = sdk.named("process invoice.created");
    expect(logger.lines().map((line) => line.fields)).toEqual([
      {
        trace_id: span?.traceId,
        span_id: span?.spanId,
        trace_flags: "01",
        correlation_id: result.correlationId,
        causation_id: result.id,
        event_id: ids[0],
        event_name: "invoice.created",
        subscription: "archive",
      },
    ]);
  });

  it("about a dead letter carry them too, under a fixed event name", async () => {
    using sdk = recordSdk();
    const logger = createRecordingLogger();
    const bus = busyBus({ logger });
    bus.subscribe(
      "invoice.created",
      () => {
        throw new TypeError("broken");
      },
      { name: "archive" },
    );

    const result = await bus.publish("invoice.created");

    const [span] = sdk.named("process invoice.created");
    expect(logger.lines()).toMatchObject([
      {
        level: "error",
        fields: {
          event: "spanbus.event.dead_lettered",
          trace_id: span?.traceId,
          span_id: span?.spanId,
          correlation_id: result.correlationId,
          event_id: result.id,
          event_name: "invoice.created",
          subscription: "archive",
          error_type: "TypeError",
        },
      },
    ]);
  });

  it("about a refusal carry the trace and the reason, under a fixed event name", async () => {
    using sdk = recordSdk();
    const logger = createRecordingLogger();
    const bus = busyBus({ logger });

    await bus.publish("order.placed", "no order", { correlationId: "order-7" }).catch(() => undefined);

    const [span] = sdk.spans();
    expect(logger.lines()).toMatchObject([
      {
        level: "warn",
        fields: {
          event: "spanbus.event.refused",
          reason: "invalid_data",
          trace_id: span?.traceId,
          span_id: span?.spanId,
          event_name: "order.placed",
          correlation_id: "order-7",
        },
      },
    ]);
  });
});

describe("the tables of the pages", () => {
  it("are rendered with every name, and only those", () => {
    expect(namesIn(attributesTable())).toEqual([...NAMES]);
    expect(namesIn(metricsTable())).toEqual([...METRIC_NAMES]);
    expect(namesIn(errorsTable())).toEqual(Object.keys(ERROR_CODES));
  });

  it("replace what stands between the marks, and nothing else", () => {
    const before = "# A\n<!-- generated: errors -->\nold\n<!-- /generated -->\nrest\n";

    const after = renewGenerated(before);

    expect(after).toMatch(/^# A\n<!-- generated: errors -->\n\n\| code [\s\S]*\|\n\n<!-- \/generated -->\nrest\n$/);
    expect(renewGenerated(after)).toBe(after);
    expect(() => renewGenerated("<!-- generated: nonsense --><!-- /generated -->")).toThrow("nonsense");
  });
});

/** The first cell of each row of a table. */
function namesIn(table: string): string[] {
  return [...table.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name = ""]) => name);
}

/** An id generator that fails once. */
function idWithTrips(): () => string {
  let calls = 0;
  return () => (++calls === 1 ? "" : `id-${calls}`);
}
