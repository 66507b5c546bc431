import { createContext, runInContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { defineEvents } from "../../src/catalog/catalog.ts";
import type { StandardSchemaV1 } from "../../src/catalog/standard-schema.ts";
import { validateData } from "../../src/catalog/validation.ts";
import { ValidationError } from "../../src/errors.ts";
import type { BusEvent } from "../../src/event/event.ts";
import { conservationViolations } from "../support/conservation.ts";
import { createBus, rejectionOf } from "../support/test-bus.ts";

function schemaOf(validate: (value: unknown) => unknown): StandardSchemaV1 {
  return { "~standard": { version: 1, vendor: "test", validate: validate as never } };
}

function fail(): never {
  throw new RangeError("bad schema");
}

describe("validateData", () => {
  it("answers at once where the schema is synchronous", () => {
    const result = validateData(
      schemaOf((value) => ({ value: [value] })),
      "a",
      1,
    );

    expect(result).toEqual({ value: [1] });
  });

  it("answers later where the schema is asynchronous", async () => {
    const result = validateData(
      schemaOf(async (value) => ({ value: [value] })),
      "a",
      1,
    );

    expect(result).toBeInstanceOf(Promise);
    expect(await result).toEqual({ value: [1] });
  });

  it("waits for a promise of another realm", async () => {
    const elsewhere = runInContext("Promise.resolve({ issues: [{ message: 'no' }] })", createContext({}));

    const result = await validateData(
      schemaOf(() => elsewhere),
      "a",
      1,
    );

    expect(result).toBeInstanceOf(ValidationError);
  });

  it("waits for a thenable", async () => {
    const pending = Promise.resolve({ issues: [{ message: "no" }] });
    const thenable = new Proxy({}, { get: (_, key) => (key === "then" ? pending.then.bind(pending) : undefined) });

    const result = await validateData(
      schemaOf(() => thenable),
      "a",
      1,
    );

    expect(result).toBeInstanceOf(ValidationError);
  });

  it("lists every issue with its path", () => {
    const issues = [
      { message: "first", path: ["order", 0, { key: "id" }] },
      { message: "second", path: [Symbol("s")] },
      { message: "third" },
    ];

    const result = validateData(
      schemaOf(() => ({ issues })),
      "a",
      1,
    );

    expect((result as ValidationError).issues).toEqual([
      { message: "first", path: "order.0.id" },
      { message: "second", path: "Symbol(s)" },
      { message: "third", path: "" },
    ]);
  });

  it("names five issues in its message, and counts the rest", () => {
    const issues = [1, 2, 3, 4, 5, 6, 7].map((n) => ({ message: `m${n}`, path: [`p${n}`] }));

    const result = validateData(
      schemaOf(() => ({ issues })),
      "a.b",
      1,
    );

    expect((result as ValidationError).message).toBe(
      'cannot publish "a.b": the data does not match its schema: p1: m1; p2: m2; p3: m3; p4: m4; p5: m5; and 2 more',
    );
  });

  it.each([
    [[{ message: "no" }], "no"],
    [[{ message: "no", path: ["a", 0] }], "a.0: no"],
    [[1, 2, 3, 4, 5].map((n) => ({ message: `m${n}` })), "m1; m2; m3; m4; m5"],
  ])("names in its message every one of the issues %j", (issues, text) => {
    const result = validateData(
      schemaOf(() => ({ issues })),
      "a.b",
      1,
    );

    expect((result as ValidationError).message).toBe(
      `cannot publish "a.b": the data does not match its schema: ${text}`,
    );
  });

  it("quotes 200 characters at most of what a schema throws", () => {
    const result = validateData(
      schemaOf(() => {
        throw new RangeError("x".repeat(1000));
      }),
      "a",
      1,
    );

    expect((result as ValidationError).issues[0]?.message).toBe(
      `the schema threw RangeError: ${"x".repeat(188)} on this data`,
    );
  });

  it.each([
    ["throws", fail],
    ["rejects", async () => fail()],
  ])("takes a schema that %s for a mismatch, its error as the cause", async (_, validate) => {
    const result = await validateData(schemaOf(validate), "a", 1);

    expect(result).toBeInstanceOf(ValidationError);
    expect(result).toMatchObject({
      code: "INVALID_DATA",
      message: 'cannot publish "a": the schema threw RangeError: bad schema on this data',
      cause: { message: "bad schema" },
      issues: [{ path: "" }],
    });
  });

  it.each([
    ["undefined", undefined],
    ["null", null],
    ["issues that are no array", { issues: 7 }],
    ["issues that are null", { issues: null }],
    ["an issue that is null", { issues: [null] }],
    ["a path that is no array", { issues: [{ message: "m", path: 7 }] }],
    ["a hostile Proxy", new Proxy({}, { get: fail })],
  ])("takes a schema that returns %s for a mismatch", (_, returned) => {
    const result = validateData(
      schemaOf(() => returned),
      "a",
      1,
    );

    expect(result).toBeInstanceOf(ValidationError);
  });

  it.each([
    ["undefined", undefined],
    ["a Proxy", new Proxy(new Error("x"), { get: fail })],
    ["a symbol", Symbol("x")],
  ])("survives a schema that throws %s", (_, thrown) => {
    const result = validateData(
      schemaOf(() => {
        throw thrown;
      }),
      "a",
      1,
    );

    expect(result).toBeInstanceOf(ValidationError);
    expect((result as ValidationError).message).toMatch(/the schema threw \S.* on this data$/);
    expect(Object.is((result as ValidationError).cause, thrown)).toBe(true);
  });
});

describe("publishing with a schema", () => {
  it("stays synchronous where the schema is", () => {
    const { bus } = createBus({ events: defineEvents({ a: { schema: z.number() } }) });
    const seen: unknown[] = [];
    bus.subscribe("a", (event) => void seen.push(event.data));

    void bus.publish("a", 1);

    expect(seen).toEqual([1]);
  });

  it("delivers the parsed output of zod", async () => {
    const schema = z.object({ at: z.coerce.date(), n: z.number().default(5) });
    const { bus } = createBus({ events: defineEvents({ a: { schema } }) });
    const seen: unknown[] = [];
    bus.subscribe("a", (event) => void seen.push(event.data));

    await bus.publish("a", { at: 0 });

    expect(seen).toEqual([{ at: new Date(0), n: 5 }]);
  });

  it("tells the issues of zod", async () => {
    const { bus } = createBus({ events: defineEvents({ a: { schema: z.object({ n: z.number() }) } }) });

    const error = await rejectionOf(bus.publish("a", { n: "x" } as never));

    expect(error).toMatchObject({ issues: [{ path: "n", message: expect.stringContaining("number") }] });
  });

  it("counts a publish as validating while the schema waits", async () => {
    const schema = schemaOf(async (value) => ({ value }));
    const { bus } = createBus({ events: defineEvents({ a: { schema } }) });

    const published = bus.publish("a");
    const during = bus.stats();
    await published;

    expect(during).toMatchObject({ published: 1, accepted: 0, validating: 1 });
    expect(conservationViolations(during)).toEqual([]);
    expect(bus.stats()).toMatchObject({ accepted: 1, validating: 0 });
  });

  it("takes the subscriptions of the moment when an asynchronous schema has answered", async () => {
    const schema = schemaOf(async (value) => ({ value }));
    const { bus } = createBus({ events: defineEvents({ a: { schema } }) });
    const gone = bus.subscribe("a", () => {}, { name: "gone" });
    const published = bus.publish("a");

    gone.unsubscribe();

    expect((await published).deliveries.filter(({ outcome }) => outcome === "handled")).toEqual([]);
  });

  it("keeps the cause of an event whose schema waits", async () => {
    const schema = schemaOf(async (value) => ({ value }));
    const { bus } = createBus({ events: defineEvents({ a: {}, b: { schema } }) });
    const seen: BusEvent[] = [];
    bus.subscribe("a", () => bus.publish("b"));
    bus.subscribe("b", (event) => void seen.push(event));

    const { id } = await bus.publish("a");

    expect(seen[0]).toMatchObject({ causationId: id, depth: 1 });
  });
});

describe("hostile data", () => {
  const circular: { self?: unknown } = {};
  circular.self = circular;
  let deep: object = {};
  for (let i = 0; i < 20_000; i++) deep = { inner: deep };
  const { proxy: revoked, revoke } = Proxy.revocable({}, {});
  revoke();
  const HOSTILE: readonly (readonly [what: string, data: unknown])[] = [
    ["a circular object", circular],
    ["an object nested 20,000 deep", deep],
    ["a revoked Proxy", revoked],
    ["a Proxy whose traps throw", new Proxy({}, { get: fail, has: fail, ownKeys: fail, getPrototypeOf: fail })],
    ["a throwing getter", Object.defineProperty({}, "n", { get: fail, enumerable: true })],
    ["a bigint", 10n],
    ["a symbol", Symbol("x")],
    ["a function", () => {}],
    ["a thenable", new Proxy({}, { get: (_, key) => (key === "then" ? () => {} : undefined) })],
    ["a __proto__ of its own", JSON.parse('{"__proto__":{"polluted":true}}')],
  ];

  it.each(HOSTILE)("%s is delivered as it is where no schema asks", async (_, data) => {
    const { bus } = createBus();
    const seen: BusEvent[] = [];
    bus.subscribe("a", (event) => void seen.push(event));

    await bus.publish("a", data);

    expect(Object.is(seen[0]?.data, data)).toBe(true);
  });

  it.each(HOSTILE)("%s is delivered or refused where zod asks, never thrown", async (_, data) => {
    const node: z.ZodType = z.lazy(() => z.object({ inner: node.optional(), n: z.number().optional() }));
    const { bus } = createBus({ events: defineEvents({ a: { schema: node } }) });

    const outcome = await bus.publish("a", data).then(
      () => "delivered",
      (error: unknown) => error,
    );

    expect(outcome === "delivered" || outcome instanceof ValidationError).toBe(true);
    expect(conservationViolations(bus.stats())).toEqual([]);
  });

  it.each(HOSTILE)("%s in a failing delivery breaks neither dead letter nor log", async (_, data) => {
    const { bus } = createBus();
    bus.subscribe("a", fail);

    const { deliveries } = await bus.publish("a", data);

    expect(deliveries).toMatchObject([{ outcome: "failed", disposition: "dead_lettered" }]);
  });
});
