import { inspect } from "node:util";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createLogger, startTelemetry, type Telemetry } from "../instrumentation/index.ts";
import { defineEvents } from "../src/catalog/catalog.ts";
import type { DefaultCatalog } from "../src/catalog/catalog-types.ts";
import { EventBus } from "../src/event-bus.ts";
import type { ErrorDetail } from "../src/options.ts";
import { ATTRIBUTES, METRICS } from "../src/telemetry/semconv.ts";
import { CASES_TIMEOUT_MS, cases } from "./support/cases.ts";
import { conservationViolations } from "./support/conservation.ts";
import { CANARY, hostileText } from "./support/hostile.ts";
import { type OtlpReceiver, startOtlpReceiver } from "./support/otlp-receiver.ts";
import { resetProcessState } from "./telemetry/recorded-sdk.ts";

/** The fields of a line that pino or the contract names; `note` is the handler's own. */
const FIELDS: ReadonlySet<string> = new Set([
  ...["level", "time", "pid", "hostname", "msg", "err", "note", "event", "reason", "subscription", "attempts"],
  ...["trace_id", "span_id", "trace_flags", "correlation_id", "causation_id", "event_id", "event_name"],
  ...["dead_letter_id", "error_type", "error_message", "part", "error", "unlogged"],
]);
const KEYS: ReadonlySet<string> = new Set(Object.values(ATTRIBUTES).map(({ name }) => name));
const SPAN_NAMES = new Set(["publish order.placed", "process order.placed", "publish _other"]);
const SECRET = { [CANARY]: CANARY, list: [{ deep: CANARY }], card: { number: CANARY } };

let receiver: OtlpReceiver;
let telemetry: Telemetry;
const lines: string[] = [];

beforeAll(async () => {
  resetProcessState();
  receiver = await startOtlpReceiver();
  telemetry = startTelemetry({ endpoint: receiver.url, logs: true, queueSize: 1_000_000, metricIntervalMs: 2 ** 30 });
});
afterAll(async () => {
  await telemetry.shutdown();
  await receiver.close();
});
beforeEach(() => {
  lines.length = 0;
});

describe("text that forges lines, fields and labels", () => {
  it(
    "stays a value of one field of one line, and makes no span name, attribute, label or field of its own over OTLP",
    async () => {
      let played = 0;
      const errors = fc.constantFrom<ErrorDetail>("full", "message", "type");
      await fc.assert(
        fc.asyncProperty(hostileText, hostileText, errors, async (text, other, detail) => {
          lines.length = 0;
          const bus = secretiveBus(detail);
          bus.subscribe("order.placed", (_event, ctx) => ctx.log.info({ note: text }, other), { name: "logging" });
          bus.subscribe("order.placed", () => Promise.reject(named(new Error(text), other)), { name: "failing" });
          bus.subscribe("order.placed", (_event, ctx) => ctx.deadLetter(`${text}.`), { name: "dead-lettering" });

          await bus.publish("order.placed", { text, other });
          await bus.publish(text).catch(() => undefined);
          await bus.publish("order.placed", {}, { correlationId: text }).catch(() => undefined);
          await bus.publish("order.placed", {}, { headers: { [text]: other } }).catch(() => undefined);
          await bus
            .publish("order.placed", {}, { headers: { traceparent: text, baggage: other } })
            .catch(() => undefined);
          await bus.publish({ name: "order.placed", source: text, id: other }).catch(() => undefined);

          const records = lines.map(readRecord);
          expect(records.flatMap(({ problems }) => problems)).toEqual([]);
          expect(records.filter(({ fields }) => fields.note === text && fields.msg === other).length).toBeGreaterThan(
            0,
          );
          expect(conservationViolations(bus.stats())).toEqual([]);
          if (++played % 100 === 0) await judgeReceived();
        }),
        cases("any text"),
      );
    },
    CASES_TIMEOUT_MS,
  );
});

describe("secrets", () => {
  it.each<ErrorDetail>(["type", "message", "full"])(
    "in data and headers reach no span, metric, log line or dead-letter log, with errors: %j",
    async (detail) => {
      receiver.clear();
      const bus = secretiveBus(detail);
      bus.subscribe("order.placed", (_event, ctx) => ctx.log.info("handling"), { name: "good" });
      bus.subscribe("order.placed", () => Promise.reject(new TypeError("broken")), { name: "failing" });
      bus.subscribe("order.placed", () => new Promise(() => undefined), { name: "slow", timeoutMs: 1 });

      await publishSecrets(bus);
      const [letter] = bus.deadLetters.list();
      await bus.deadLetters.replay(letter?.id ?? "");

      const written = await everythingWritten();
      expect(written).toContain("is dead-lettered for");
      expect(written).toContain("allowed-1"); // where the catalog names the attribute
      expect(written).not.toContain(CANARY);
    },
  );

  it('in errors and reasons reach nothing either, with errors: "type"', async () => {
    receiver.clear();
    const bus = secretiveBus("type");
    const cause = new Error(CANARY);
    bus.subscribe("order.placed", () => Promise.reject(new TypeError(CANARY, { cause })), { name: "failing" });
    bus.subscribe("order.placed", () => Promise.reject({ [CANARY]: CANARY }), { name: "failing oddly" });
    bus.subscribe("order.placed", () => Promise.reject(CANARY), { name: "failing with text" });
    bus.subscribe("order.placed", () => Promise.reject(named(new Error("x"), `${CANARY}!`)), { name: "naming" });
    bus.subscribe("order.placed", (_event, ctx) => ctx.deadLetter(CANARY), { name: "dead-lettering" });
    bus.subscribe("order.placed", (_event, ctx) => ctx.discard(CANARY), { name: "discarding" });
    bus.subscribe("order.placed", () => new Promise(() => undefined), { name: "slow", timeoutMs: 1 });
    bus.onError(() => Promise.reject(new Error(CANARY)));

    await publishSecrets(bus);
    await bus.publish("order.placed", SECRET, { strict: true }).catch(() => undefined);

    const errors = bus.deadLetters.list().flatMap((letter) => letter.errors);
    expect(errors.length).toBeGreaterThan(4);
    expect(JSON.stringify(errors)).not.toContain(CANARY);
    expect(await everythingWritten()).not.toContain(CANARY);
  });

  it("in fields that the schema marks as sensitive are redacted wherever a dead letter is written", async () => {
    const logger = createLogger({}, { write: (line: string) => void lines.push(line) });
    const events = defineEvents({ "order.placed": { sensitive: ["card.number", "items.code"] } });
    const bus = new EventBus({ source: "shop", events, logger });
    bus.subscribe("order.placed", () => Promise.reject(new Error("broken")), { name: "failing" });

    await bus.publish("order.placed", { card: { number: CANARY }, items: [{ code: CANARY }] });
    const letters = bus.deadLetters.list();
    logger.info({ letters }, "what failed");

    expect(JSON.stringify(letters)).toContain("[redacted]");
    expect(JSON.stringify(letters)).not.toContain(CANARY);
    expect(inspect(letters, { depth: 9 })).toContain("[redacted]");
    expect(inspect(letters, { depth: 9 })).not.toContain(CANARY);
    expect(lines.join("")).toContain("[redacted]");
    expect(lines.join("")).not.toContain(CANARY);
  });
});

/** Looks at all that came over OTLP, and forgets it: it would be gigabytes. */
async function judgeReceived(): Promise<void> {
  await telemetry.flush();
  const spans = receiver.spans();
  const metrics = receiver.metrics().filter(({ scope }) => scope.name === "spanbus");
  const names = new Set<string>(Object.values(METRICS).map(({ name }) => name));
  const labels = metrics.flatMap(({ points }) => points.flatMap(({ attributes }) => Object.entries(attributes)));
  const fields = receiver.logs().flatMap(({ attributes }) => Object.keys(attributes));
  // biome-ignore-start lint/suspicious/noMisplacedAssertion: of the property above, which asks every hundred cases
  expect(spans.length).toBeGreaterThan(100);
  expect(spans.map(({ name }) => name).filter((name) => !SPAN_NAMES.has(name))).toEqual([]);
  expect(unknownOf(spans.flatMap(({ attributes }) => Object.keys(attributes)))).toEqual([]);
  expect(metrics.length).toBeGreaterThan(0);
  expect(metrics.map(({ name }) => name).filter((name) => !names.has(name))).toEqual([]);
  expect(unknownOf(labels.map(([key]) => key))).toEqual([]);
  expect(labels.filter(([, value]) => typeof value === "string" && !/^[\w.-]{1,64}$/.test(value))).toEqual([]);
  expect(fields.length).toBeGreaterThan(100);
  expect(fields.filter(isForged)).toEqual([]);
  // biome-ignore-end lint/suspicious/noMisplacedAssertion: of the property above, which asks every hundred cases
  receiver.clear();
}

/** A bus that logs by the real pino, with a catalog that lets one attribute out. */
function secretiveBus(errors: ErrorDetail): EventBus {
  const logger = createLogger({ level: "debug" }, { write: (line: string) => void lines.push(line) });
  const attributes = { "order.id": (data: unknown) => (data as { id?: string } | undefined)?.id };
  const events = defineEvents({ "order.placed": { attributes } }) as DefaultCatalog;
  return new EventBus({ source: "shop", events, logger, errors, incoming: "trust" });
}

async function publishSecrets(bus: EventBus): Promise<void> {
  const headers = { authorization: CANARY, "x-token": CANARY };
  await bus.publish("order.placed", { id: "allowed-1", ...SECRET }, { headers });
  for (const bad of [{ [`${CANARY} `]: "x" }, { x: `${CANARY}\n` }, { x: CANARY.repeat(1000) }]) {
    await bus.publish("order.placed", SECRET, { headers: bad }).catch(() => undefined);
  }
  await bus.publish(`${CANARY} `, SECRET).catch(() => undefined);
  await bus.publish(CANARY, SECRET).catch(() => undefined);
  await bus.publish("order.placed", SECRET, { correlationId: `${CANARY} ` }).catch(() => undefined);
}

async function everythingWritten(): Promise<string> {
  await telemetry.flush();
  const received = [receiver.spans(), receiver.metrics(), receiver.logs()];
  return JSON.stringify([received, lines], (_key, value: unknown) => (typeof value === "bigint" ? `${value}` : value));
}

function named(error: Error, name: string): Error {
  return Object.assign(error, { name });
}

function unknownOf(keys: readonly string[]): string[] {
  return [...new Set(keys)].filter((key) => !KEYS.has(key) && key !== "order.id");
}

function isForged(key: string): boolean {
  return !FIELDS.has(key) && !key.startsWith("exception.");
}

interface LogLine {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly problems: readonly string[];
}

/** A line of the log, with what is wrong with it: more than one record, a field nobody wrote, or one written twice. */
function readRecord(line: string): LogLine {
  const fields = JSON.parse(line) as Record<string, unknown>;
  const problems = Object.keys(fields).filter((key) => !FIELDS.has(key));
  if (line.indexOf("\n") !== line.length - 1) problems.push(`not one line: ${line}`);
  if (![20, 30, 40, 50].includes(fields.level as number)) problems.push(`level ${fields.level}`);
  const twice = topLevelKeys(line).filter((key, index, keys) => keys.indexOf(key) !== index);
  return { fields, problems: [...problems, ...twice.map((key) => `${key} twice`)] };
}

/** The keys of the outermost object as they are written: parsing would hide one that is there twice. */
function topLevelKeys(line: string): string[] {
  const keys: string[] = [];
  let depth = 0;
  for (const [token] of line.matchAll(/"(?:[^"\\]|\\.)*"(?:\s*:)?|[{}[\]]/g)) {
    if (token === "{" || token === "[") depth++;
    else if (token === "}" || token === "]") depth--;
    else if (depth === 1 && token.endsWith(":")) keys.push(token);
  }
  return keys;
}
