import { describe, expect, it } from "vitest";
import { defineEvents, resolveEvent } from "../../src/catalog/catalog.ts";
import type { StandardSchemaV1 } from "../../src/catalog/standard-schema.ts";
import { systemEvents } from "../../src/catalog/system-events.ts";

type Name = keyof typeof systemEvents;

function schemaOf(name: Name): StandardSchemaV1 {
  const { schema } = systemEvents[name];
  if (schema === undefined) throw new Error(`${name} has no schema`);
  return schema;
}

function validate(name: Name, data: unknown): StandardSchemaV1.Result<unknown> {
  const result = schemaOf(name)["~standard"].validate(data);
  if (result instanceof Promise) throw new Error(`${name} is validated asynchronously`);
  return result;
}

function attributesOf(name: Name, data: object): Record<string, unknown> {
  const attributes = Object.entries(systemEvents[name].attributes ?? {});
  return Object.fromEntries(attributes.map(([key, extract]) => [key, extract(data as never)]));
}

const error = { type: "TimeoutError", message: "no answer" };

const GOOD: readonly (readonly [name: Name, data: object, attributes: object])[] = [
  ["resource.registered", { resource: "db", kind: "database" }, { "resource.name": "db", "resource.kind": "database" }],
  ["resource.cleanup", { resource: "db" }, { "resource.name": "db", "resource.kind": undefined }],
  [
    "resource.error",
    { resource: "db", error },
    { "resource.name": "db", "resource.kind": undefined, "resource.error.type": "TimeoutError" },
  ],
  ["connection.registered", { connection: "main" }, { "connection.name": "main", "connection.kind": undefined }],
  [
    "connection.configured",
    { connection: "main", kind: "postgres" },
    { "connection.name": "main", "connection.kind": "postgres" },
  ],
  [
    "connection.error",
    { connection: "main", error },
    { "connection.name": "main", "connection.kind": undefined, "connection.error.type": "TimeoutError" },
  ],
  ["action.{name}.start", { action: "build", input: { a: 1 } }, { "action.name": "build" }],
  ["action.{name}.success", { action: "build", durationMs: 12.5 }, { "action.name": "build" }],
  [
    "action.{name}.failure",
    { action: "build", durationMs: 0, error },
    { "action.name": "build", "action.error.type": "TimeoutError" },
  ],
  ["plugin.registered", { plugin: "git" }, { "plugin.name": "git", "plugin.version": undefined }],
  ["plugin.initialized", { plugin: "git", version: "1.2.3" }, { "plugin.name": "git", "plugin.version": "1.2.3" }],
  [
    "plugin.error",
    { plugin: "git", error },
    { "plugin.name": "git", "plugin.version": undefined, "plugin.error.type": "TimeoutError" },
  ],
];

const BAD: readonly (readonly [name: Name, data: unknown, path: string, message: string])[] = [
  ["resource.registered", undefined, "", "expected an object, got undefined"],
  ["resource.registered", null, "", "expected an object, got null"],
  ["resource.registered", [], "", "expected an object, got an array of 0"],
  ["resource.registered", "db", "", 'expected an object, got "db"'],
  ["resource.registered", {}, "resource", "expected a non-empty string, got undefined"],
  ["resource.registered", { resource: "" }, "resource", 'expected a non-empty string, got ""'],
  ["resource.registered", { resource: 7 }, "resource", "expected a non-empty string, got 7"],
  ["resource.cleanup", { resource: "db", kind: null }, "kind", "expected a non-empty string, got null"],
  ["resource.error", { resource: "db" }, "error", "expected an object, got undefined"],
  ["resource.error", { resource: "db", error: { message: "x" } }, "error.type", "expected a non-empty string"],
  ["connection.error", { connection: "main", error: { type: "x" } }, "error.message", "expected a string"],
  ["action.{name}.success", { action: "build" }, "durationMs", "expected a number of milliseconds from 0"],
  ["action.{name}.success", { action: "build", durationMs: -1 }, "durationMs", "expected a number"],
  ["action.{name}.success", { action: "build", durationMs: Number.NaN }, "durationMs", "expected a number"],
  ["action.{name}.failure", { action: "x", durationMs: 1, error: "x" }, "error", 'expected an object, got "x"'],
  ["plugin.initialized", { plugin: "git", version: 2 }, "version", "expected a non-empty string, got 2"],
];

describe("systemEvents", () => {
  it("has the families of resources, connections, actions and plugins", () => {
    const names = Object.keys(systemEvents);

    expect(names).toEqual(GOOD.map(([name]) => name));
  });

  it("can be spread like a plain object", () => {
    const events = defineEvents({ ...systemEvents, "order.placed": {} });

    expect(resolveEvent(events, "action.build.failure")?.template).toBe("action.{name}.failure");
    expect(resolveEvent(systemEvents, "resource.error")?.definition).toBe(systemEvents["resource.error"]);
  });

  it.each(GOOD)("%s accepts %j", (name, data) => {
    const result = validate(name, data);

    expect(result).toEqual({ value: data });
  });

  it.each(GOOD)("%s of %j gives span attributes", (name, data, expected) => {
    const attributes = attributesOf(name, data);

    expect(attributes).toEqual(expected);
  });

  it.each(GOOD)("%s keeps further fields", (name, data) => {
    const symbol = Symbol("mine");
    const more = { ...data, delivery: { id: 7 }, [symbol]: true };

    const result = validate(name, more);

    expect(result).toEqual({ value: more });
  });

  it("keeps further fields of an error", () => {
    const data = { resource: "db", error: { ...error, stack: "…" } };

    const result = validate("resource.error", data);

    expect(result).toEqual({ value: data });
  });

  it.each(BAD)("%s refuses %j", (name, data, path, message) => {
    const { issues = [] } = validate(name, data);

    expect(issues.map((issue) => issue.path?.join("."))).toEqual([path]);
    expect(issues[0]?.message).toContain(message);
  });

  it("reports every mismatch at once", () => {
    const { issues = [] } = validate("action.{name}.failure", { action: 1, durationMs: "2", error: {} });

    expect(issues.map((issue) => issue.path?.join("."))).toEqual([
      "action",
      "durationMs",
      "error.type",
      "error.message",
    ]);
  });

  it("reads fields that a class inherits", () => {
    class Database {
      get resource(): string {
        return "db";
      }
    }

    const result = validate("resource.registered", new Database());

    expect(result).toEqual({ value: { resource: "db" } });
  });

  it("delivers a copy, so that data which changes its mind is delivered as it was checked", () => {
    let reads = 0;
    const fickle = Object.defineProperty({}, "resource", {
      enumerable: true,
      get: () => (++reads === 1 ? "db" : 7),
    });

    const result = validate("resource.registered", fickle);

    expect(result).toEqual({ value: { resource: "db" } });
  });

  it("returns an issue for data that throws when it is read", () => {
    const throwing = (): never => {
      throw new Error("not for you");
    };
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const hostile = [
      Object.defineProperty({}, "resource", { get: throwing, enumerable: true }),
      Object.defineProperty({ resource: "db" }, "other", { get: throwing, enumerable: true }),
      new Proxy({}, { ownKeys: throwing }),
      proxy,
      { resource: proxy },
      { resource: "db", kind: proxy },
    ];

    const results = hostile.map((data) => validate("resource.registered", data));

    expect(results.filter((result) => result.issues === undefined)).toEqual([]);
  });

  it("survives a prototype for a field", () => {
    const data: unknown = JSON.parse('{"resource": "db", "__proto__": {"polluted": true}}');

    const result = validate("resource.registered", data);

    expect(JSON.stringify(result)).toBe('{"value":{"resource":"db","__proto__":{"polluted":true}}}');
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });
});
