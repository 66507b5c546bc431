import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLogger } from "../instrumentation/index.ts";
import { defineEvents } from "../src/catalog/catalog.ts";
import type { DefaultCatalog } from "../src/catalog/catalog-types.ts";
import type { StandardSchemaV1 } from "../src/catalog/standard-schema.ts";
import { BusError, describeValue } from "../src/errors.ts";
import type { BusEvent } from "../src/event/event.ts";
import { createEvent, validateEvent } from "../src/event/event.ts";
import { EventBus } from "../src/event-bus.ts";
import type { UntypedPublish } from "../src/handler.ts";
import type { BusOptions } from "../src/options.ts";
import { CASES_TIMEOUT_MS, cases } from "./support/cases.ts";
import { conservationViolations } from "./support/conservation.ts";
import {
  hostileData,
  hostileHeaders,
  hostileName,
  hostilePattern,
  hostileThrown,
  rejectingThenable,
} from "./support/hostile.ts";
import { settleTurns, watchUnhandled } from "./support/test-bus.ts";

/** What must not be in a message that ends up on a terminal, in a log or in a header. */
const BREAKS_LINES = /[\p{Cc}\p{Zl}\p{Zp}]/u;
const TOKEN = "[A-Za-z0-9_-]{1,64}";
const NAME = new RegExp(`^${TOKEN}(\\.${TOKEN}){0,31}$`);
const PARAMETER = /^\{[A-Za-z_][A-Za-z0-9_]{0,61}\}$/;
const CODE = /^[A-Z]+(_[A-Z]+)*$/;

let unhandled: ReturnType<typeof watchUnhandled>;

beforeAll(() => {
  unhandled = watchUnhandled();
});
afterAll(() => unhandled[Symbol.dispose]());

describe("event data of any shape", () => {
  const setting = fc.record({
    freeze: fc.constantFrom("shallow" as const, "deep" as const),
    catalog: fc.constantFrom("none" as const, "sensitive" as const, "schema answers with it" as const),
    form: fc.constantFrom("name" as const, "event" as const, "created" as const),
  });

  it(
    "is delivered as it is, to all, whatever becomes of one",
    async () => {
      await fc.assert(
        fc.asyncProperty(hostileData, setting, async (hostile, { freeze, catalog, form }) => {
          fc.pre(catalog !== "schema answers with it" || String(hostile) !== "a promise that hangs"); // then publish waits
          const data = hostile.make();
          const { bus, lines } = quietBus({ freeze, ...catalogs[catalog](data) });
          const seen: unknown[] = [];
          bus.subscribe("a", (event) => void seen.push(event.data), { name: "first" });
          bus.subscribe("a", () => Promise.reject(data), { name: "second" });
          bus.subscribe("a", async (event) => void seen.push(event.data), { name: "third" });

          const settled = await settle(() => publishAs[form](bus, data));

          if ("result" in settled) {
            expect(settled.result).toMatchObject(["handled", "failed", "handled"].map((outcome) => ({ outcome })));
            if (catalog !== "schema answers with it")
              expect(seen.map((each) => Object.is(each, data))).toEqual([true, true]);
          } else {
            expect(settled.refused).toBe("INVALID_DATA");
            expect(catalog).toBe("schema answers with it");
          }
          expectInOrder(bus, lines);
        }),
        cases("any data"),
      );
      await settleTurns();
      expect(unhandled.rejections).toEqual([]);
    },
    CASES_TIMEOUT_MS,
  );

  it(
    "in the place of an event or of options is refused with a code, never thrown",
    async () => {
      await fc.assert(
        fc.asyncProperty(hostileData, async (hostile) => {
          const { bus, lines } = quietBus();
          bus.subscribe("a", () => undefined, { name: "only" });
          const value = hostile.make();
          const publish = bus.publish as unknown as UntypedPublish;

          const settled = [
            await settle(() => publish(value as string)),
            await settle(() => publish("a", 1, value as object)),
            await settle(() => publish({ name: "a", data: 1 } as { name: string }, value)),
            await settle(() => publish({ name: "a", [fields[String(hostile).length % fields.length]!]: value })),
          ];

          for (const each of settled) if ("refused" in each) expect(each.refused).toMatch(CODE);
          expect(validateEvent(value).join()).not.toBe("");
          expect(() => createEvent(value as never)).toThrow(BusError);
          expect(describeValue(value)).not.toMatch(BREAKS_LINES);
          expectInOrder(bus, lines);
        }),
        cases("any arguments"),
      );
    },
    CASES_TIMEOUT_MS,
  );
});

describe("anything thrown", () => {
  const way = fc.constantFrom("throw" as const, "reject" as const, "thenable" as const, "middleware" as const);
  const errors = fc.constantFrom("full" as const, "message" as const, "type" as const);

  it(
    "fails its own delivery only, and is told to the error handlers as it was",
    async () => {
      await fc.assert(
        fc.asyncProperty(hostileThrown, way, errors, async (hostile, how, detail) => {
          const thrown = hostile.make();
          const { bus, lines } = quietBus({ errors: detail });
          const told: unknown[] = [];
          bus.onError(({ error }) => void told.push(error));
          if (how === "middleware")
            bus.use((_event, ctx, next) => (ctx.subscription === "bad" ? fail(thrown) : next()));
          const options = { name: "bad", retry: { maxAttempts: 2, backoff: { initialMs: 0 } } };
          bus.subscribe("a", () => failings[how](thrown) as never, options);
          bus.subscribe("a", () => undefined, { name: "good" });

          const { deliveries } = await bus.publish("a");

          expect(deliveries).toMatchObject([
            { subscription: "bad", outcome: "failed", disposition: "dead_lettered", attempts: 2 },
            { subscription: "good", outcome: "handled", attempts: 1 },
          ]);
          expect(told).toHaveLength(1);
          expect(isItself(told[0], thrown)).toBe(true);
          expect(isItself(deliveries[0]?.error, thrown)).toBe(true);
          expect(JSON.stringify(bus.deadLetters.list())).toContain("attempts_exhausted");
          expectInOrder(bus, lines);
        }),
        cases("anything thrown"),
      );
      await settleTurns();
      expect(unhandled.rejections).toEqual([]);
    },
    CASES_TIMEOUT_MS,
  );
});

describe("any name", () => {
  it(
    "is published if it is one by the rule, else refused in one short line",
    async () => {
      await fc.assert(
        fc.asyncProperty(hostileName, async (hostile) => {
          const name = hostile.make();
          const { bus, lines } = quietBus();
          const seen: string[] = [];
          bus.subscribe("*", (event) => void seen.push(event.name));

          const settled = await settle(() => (bus.publish as unknown as UntypedPublish)(name as string));

          if (typeof name === "string" && name.length <= 255 && NAME.test(name)) {
            expect(settled).toMatchObject({ result: [{ outcome: "handled" }] });
            expect(seen).toEqual([name]);
          } else {
            expect(settled).toMatchObject({ refused: expect.stringMatching(/^INVALID_(NAME|EVENT)$/) });
            expect(seen).toEqual([]);
          }
          expectInOrder(bus, lines);
        }),
        cases("any name"),
      );
    },
    CASES_TIMEOUT_MS,
  );
});

describe("any pattern", () => {
  const name = fc
    .array(fc.constantFrom("a", "b", "x", "__proto__"), { minLength: 1, maxLength: 5 })
    .map((tokens) => tokens.join("."));

  it(
    "matches what it says if it is one by the rule, else is refused in one short line",
    async () => {
      await fc.assert(
        fc.asyncProperty(hostilePattern, name, async (hostile, eventName) => {
          const pattern = hostile.make();
          const { bus, lines } = quietBus();
          const seen: string[] = [];

          const refused = codeOf(() => bus.subscribe(pattern as "*", (event: BusEvent) => void seen.push(event.name)));
          await bus.publish(eventName);

          const meaning = meaningOf(pattern);
          expect(refused).toBe(meaning === undefined ? "INVALID_PATTERN" : undefined);
          expect(seen).toEqual(meaning?.test(eventName) ? [eventName] : []);
          expectInOrder(bus, lines);
        }),
        cases("any pattern"),
      );
    },
    CASES_TIMEOUT_MS,
  );
});

describe("any headers", () => {
  it(
    "travel as they are if they are texts by the rule, else the publish is refused",
    async () => {
      await fc.assert(
        fc.asyncProperty(hostileHeaders, async (hostile) => {
          const headers = hostile.make() as Record<string, string>;
          const { bus, lines } = quietBus();
          const seen: unknown[] = [];
          bus.subscribe("a", (event) => void seen.push(Object.entries(event.headers)));

          const settled = await settle(() => bus.publish("a", 1, { headers }));

          if ("result" in settled) expect(seen).toEqual([Object.entries(headers ?? {})]);
          else expect(settled.refused).toMatch(/^(INVALID_EVENT|HEADERS_TOO_LARGE)$/);
          if (String(hostile).startsWith("headers")) expect("result" in settled).toBe(areHeaders(headers));
          expectInOrder(bus, lines);
        }),
        cases("any headers"),
      );
    },
    CASES_TIMEOUT_MS,
  );
});

const fields = ["name", "source", "id", "correlationId", "causationId", "timestamp", "depth", "headers"] as const;

const failings = {
  throw: fail,
  reject: (thrown: unknown) => Promise.reject(thrown),
  thenable: rejectingThenable,
  middleware: () => undefined,
};

function fail(thrown: unknown): never {
  throw thrown;
}

const publishAs = {
  name: (bus: EventBus, data: unknown) => bus.publish("a", data),
  event: (bus: EventBus, data: unknown) => bus.publish({ name: "a", data }),
  created: (bus: EventBus, data: unknown) => bus.publish(createEvent({ name: "a", data, source: "test" })),
};

const SENSITIVE = ["a", "inside", "self.self", "list.big", "__proto__.polluted", "constructor", "inner.inner", "0.0"];

const catalogs: Readonly<
  Record<"none" | "sensitive" | "schema answers with it", (data: unknown) => BusOptions<DefaultCatalog>>
> = {
  none: () => ({}),
  sensitive: () => ({ events: defineEvents({ a: { sensitive: SENSITIVE } }) as DefaultCatalog }),
  "schema answers with it": (data) => {
    const schema: StandardSchemaV1 = { "~standard": { version: 1, vendor: "test", validate: () => data as never } };
    return { events: defineEvents({ a: { schema } }) as DefaultCatalog };
  },
};

/** A bus that logs by the real pino. */
function quietBus(options: BusOptions<DefaultCatalog> = {}): { bus: EventBus; lines: string[] } {
  const lines: string[] = [];
  const logger = createLogger({}, { write: (line: string) => void lines.push(line) });
  return { bus: new EventBus({ source: "test", logger, ...options }), lines };
}

type Settled = { readonly result: readonly object[] } | { readonly refused: string };

/** How a publish went; throws when it throws, or rejects with anything but a short line. */
async function settle(publish: () => Promise<{ readonly deliveries: readonly object[] }>): Promise<Settled> {
  const published = publish();
  return published.then(
    ({ deliveries }) => ({ result: deliveries }),
    (error: unknown) => ({ refused: codeOfRefusal(error) }),
  );
}

function codeOf(call: () => unknown): string | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    return codeOfRefusal(error);
  }
}

function codeOfRefusal(error: unknown): string {
  if (!(error instanceof BusError)) throw error;
  if (BREAKS_LINES.test(error.message)) throw new Error(`not one line: ${JSON.stringify(error.message)}`);
  if (error.message.length > 1000) throw new Error(`not short: ${error.message.length} characters`);
  return error.code;
}

/** Whether the bus reports what was thrown: itself, or as the cause of an error that says it was none. */
function isItself(error: unknown, thrown: unknown): boolean {
  return Object.is(error, thrown) || (error instanceof BusError && Object.is(error.cause, thrown));
}

function expectInOrder(bus: EventBus, lines: readonly string[]): void {
  const ledger = bus.stats();
  // biome-ignore-start lint/suspicious/noMisplacedAssertion: every property of this file ends like this
  expect(conservationViolations(ledger)).toEqual([]);
  expect(ledger.running + ledger.waitingForRetry).toBe(0);
  expect(lines.map(asOneRecord)).toEqual(lines.map(() => true));
  expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  // biome-ignore-end lint/suspicious/noMisplacedAssertion: every property of this file ends like this
}

function asOneRecord(line: string): boolean {
  return line.indexOf("\n") === line.length - 1 && typeof JSON.parse(line) === "object";
}

/** What the documentation says of patterns, as a regular expression; undefined where it is none. */
function meaningOf(pattern: unknown): RegExp | undefined {
  if (typeof pattern !== "string" || pattern.length > 255) return undefined;
  if (pattern === "*") return /^/;
  const tokens = pattern.split(".");
  const parts = tokens.map((token, index) => {
    if (token === "**" && index === tokens.length - 1) return ".+";
    if (token === "*" || PARAMETER.test(token)) return "[^.]+";
    return new RegExp(`^${TOKEN}$`).test(token) ? token : undefined;
  });
  return tokens.length > 32 || parts.includes(undefined) ? undefined : new RegExp(`^${parts.join("\\.")}$`);
}

function areHeaders(headers: Record<string, unknown>): boolean {
  const entries = Object.entries(headers);
  const isFine = ([name, value]: [string, unknown]): boolean =>
    /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,255}$/.test(name) &&
    typeof value === "string" &&
    [...value].every((each) => each >= " " && each !== "\u007f");
  const bytes = entries.reduce((sum, [name, value]) => sum + name.length + Buffer.byteLength(String(value)), 0);
  return entries.every(isFine) && bytes <= 8192;
}
