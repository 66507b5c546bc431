import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemEvents } from "../../src/catalog/system-events.ts";
import { type BusOptions, type DefaultCatalog, defineEvents, type EventBus } from "../../src/index.ts";
import { createRecordingLogger } from "../support/recording-logger.ts";
import { type RecordedSdk, recordSdk, resetProcessState } from "./recorded-sdk.ts";
import { failOnOpenSpans, testBus } from "./test-bus.ts";

beforeEach(resetProcessState);
afterEach(failOnOpenSpans);

const CANARY = "canary-secret";

describe("event data", () => {
  it("reaches no span, metric or log without a catalog, however a delivery ends", async () => {
    const written = await writtenBy({}, async (bus) => {
      subscribeEveryKind(bus);

      await bus.publish("order.placed", nestedCanary());
      await bus.publish("order.placed", CANARY, { strict: true }).catch(() => undefined);
      await bus.publish("invalid name", nestedCanary()).catch(() => undefined);
      await bus.publish("order.placed", nestedCanary(), { correlationId: "not an id" }).catch(() => undefined);
      const [letter] = bus.deadLetters.list();
      await bus.deadLetters.replay(letter?.id ?? "");
    });

    expect(written).toContain("spanbus.event.dead_lettered");
    expect(written).not.toContain(CANARY);
  });

  it("reaches a span exactly where the catalog names the attribute", async () => {
    const events = defineEvents({
      "order.placed": { attributes: { "order.id": (data) => (data as { id: string }).id } },
    });

    const { spans, rest } = await writtenParts({ events: events as DefaultCatalog }, async (bus) => {
      subscribeEveryKind(bus);
      await bus.publish("order.placed", { id: "allowed-1", card: CANARY });
    });

    expect(spans).toContain('"order.id":"allowed-1"');
    expect(rest).not.toContain("allowed-1");
    expect(spans + rest).not.toContain(CANARY);
  });

  it("that is marked as sensitive reaches nothing, even through an extractor that passes everything on", async () => {
    const attributes = { "order.all": (data: unknown) => JSON.stringify(data) };
    const events = defineEvents({ "order.placed": { sensitive: ["card.number", "items.code"], attributes } });

    const written = await writtenBy({ events: events as DefaultCatalog }, async (bus) => {
      subscribeEveryKind(bus);
      await bus.publish("order.placed", { card: { number: CANARY }, items: [{ code: CANARY }, { code: CANARY }] });
    });

    expect(written).toContain("[redacted]");
    expect(written).not.toContain(CANARY);
  });

  it("that is marked as sensitive is not in the JSON of a dead letter", async () => {
    using _sdk = recordSdk();
    const events = defineEvents({ "order.placed": { sensitive: ["card.number"] } });
    const bus = testBus({ events });
    bus.subscribe("order.placed", failing);

    await bus.publish("order.placed", { card: { number: CANARY } });

    expect(JSON.stringify(bus.deadLetters.list())).toContain("[redacted]");
    expect(JSON.stringify(bus.deadLetters.list())).not.toContain(CANARY);
  });

  it.each<readonly [event: string, data: unknown]>([
    ["resource.registered", { resource: { name: CANARY } }],
    ["action.index.success", { action: "index", durationMs: CANARY }],
    ["action.index.start", CANARY],
    ["plugin.registered", { plugin: "x", version: [CANARY] }],
    ["plugin.error", { plugin: "x", error: CANARY }],
  ])("that the schema of %s refuses is told to the publisher, not to telemetry", async (name, data) => {
    const written = await writtenBy({ events: systemEvents as DefaultCatalog }, async (bus) => {
      await bus.publish(name, data).catch(() => undefined);
    });

    expect(written).toContain("invalid_data");
    expect(written).not.toContain(CANARY);
  });

  it("does not slip out through the log line about an attribute that is no attribute value", async () => {
    const attributes = { "card.number": (data: unknown) => (data as { number: bigint }).number as never };
    const events = defineEvents({ "order.placed": { attributes } });

    const written = await writtenBy({ events: events as DefaultCatalog }, async (bus) => {
      await bus.publish("order.placed", { number: 4_111_222_233_334_444n });
    });

    expect(written).toContain("spanbus.telemetry.guard_tripped");
    expect(written).not.toContain("4111222233334444");
  });
});

describe("event headers", () => {
  it("reach no span, metric or log", async () => {
    const written = await writtenBy({}, async (bus) => {
      subscribeEveryKind(bus);
      await bus.publish("order.placed", undefined, { headers: { authorization: CANARY } });
    });

    expect(written).not.toContain(CANARY);
  });

  it.each<readonly [problem: string, headers: Record<string, string>]>([
    ["a value with a control character", { authorization: `${CANARY}\n` }],
    ["a value that is no string", { authorization: [CANARY] as never }],
    ["a name that is no token", { [CANARY]: "x", [`${CANARY} `]: CANARY }],
    ["too many bytes", { authorization: CANARY.repeat(1000) }],
  ])("that are refused for %s are told to the publisher, not to telemetry", async (_problem, headers) => {
    const written = await writtenBy({}, async (bus) => {
      await bus.publish("order.placed", undefined, { headers }).catch(() => undefined);
    });

    expect(written).toContain("refused to publish");
    expect(written).not.toContain(CANARY);
  });
});

describe("fields of the envelope that are refused", () => {
  it.each(["source", "id", "correlationId", "causationId", "timestamp", "depth"])(
    "(%s) are told to the publisher, not to telemetry",
    async (field) => {
      const written = await writtenBy({}, async (bus) => {
        const event = { name: "order.placed", data: {}, source: "shop", [field]: `${CANARY} \n` };
        await bus.publish(event).catch(() => undefined);
      });

      expect(written).toContain("invalid_event");
      expect(written).not.toContain(CANARY);
    },
  );
});

function subscribeEveryKind(bus: EventBus): void {
  bus.subscribe("order.placed", (_event, ctx) => ctx.log.info("handling"), { name: "good" });
  bus.subscribe("order.placed", failing, { name: "failing", retry: { maxAttempts: 2, backoff: { initialMs: 0 } } });
  bus.subscribe("order.placed", failing, { name: "expected", classify: () => "expected" });
  bus.subscribe("order.placed", () => new Promise(() => undefined), { name: "slow", timeoutMs: 1 });
  bus.subscribe("order.placed", failing, { name: "quiet", spans: "events" });
  bus.subscribe("order.placed", failing, { name: "linked", trace: "link" });
}

function failing(): never {
  throw new TypeError("broken");
}

function nestedCanary(): object {
  return { [CANARY]: 1, list: [{ deep: CANARY }], text: CANARY };
}

interface Written {
  readonly spans: string;
  /** Metrics, log records and log lines. */
  readonly rest: string;
}

async function writtenBy(options: BusOptions<DefaultCatalog>, run: (bus: EventBus) => Promise<void>): Promise<string> {
  const { spans, rest } = await writtenParts(options, run);
  return spans + rest;
}

/** Everything that telemetry and logger got while `run` used a bus of its own, as text. */
async function writtenParts(
  options: BusOptions<DefaultCatalog>,
  run: (bus: EventBus) => Promise<void>,
): Promise<Written> {
  using sdk: RecordedSdk = recordSdk();
  const logger = createRecordingLogger();
  const bus = testBus({ ...options, logger });
  await run(bus);
  await bus.close();
  const logs = sdk.logs().map(({ attributes, body, eventName }) => ({ attributes, body, eventName }));
  return {
    spans: text([sdk.spans(), sdk.sampled]),
    rest: text([await sdk.metrics(), logs, logger.lines()]),
  };
}

function text(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => (typeof each === "bigint" ? `${each}` : each));
}
