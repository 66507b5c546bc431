import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { checkCatalog, defineEvents, destinationsOf, resolveEvent } from "../../src/catalog/catalog.ts";
import { systemEvents } from "../../src/catalog/system-events.ts";
import { BusError } from "../../src/errors.ts";
import { parsePattern } from "../../src/routing/pattern.ts";

function refusalOf(define: () => unknown): unknown {
  try {
    return define();
  } catch (error) {
    return error;
  }
}

/** For what the types would refuse. */
function defineAnything(...groups: unknown[]): unknown {
  return (defineEvents as (...groups: unknown[]) => unknown)(...groups);
}

describe("defineEvents", () => {
  it("keeps every definition under its name or template", () => {
    const schema = z.object({ orderId: z.string() });

    const events = defineEvents({
      "order.placed": { schema, description: "someone ordered" },
      "report.{name}.ready": {},
    });

    expect(Object.keys(events)).toEqual(["order.placed", "report.{name}.ready"]);
    expect(events["order.placed"].schema).toBe(schema);
    expect(events["order.placed"].description).toBe("someone ordered");
  });

  it("joins several groups", () => {
    const events = defineEvents({ "a.a": {} }, { "b.b": {} }, { "c.c": {} }, { "d.d": {} });

    expect(Object.keys(events)).toEqual(["a.a", "b.b", "c.c", "d.d"]);
  });

  it("takes catalogs for groups", () => {
    const orders = defineEvents({ "order.placed": {} });

    const events = defineEvents(orders, systemEvents, { "invoice.sent": {} });

    expect(events["order.placed"]).toBe(orders["order.placed"]);
    expect(resolveEvent(events, "action.build.start")?.template).toBe("action.{name}.start");
  });

  it("takes catalogs spread into a group", () => {
    const orders = defineEvents({ "order.placed": {} });

    const events = defineEvents({ ...systemEvents, ...orders, "invoice.sent": {} });

    expect(Object.keys(events)).toEqual([...Object.keys(systemEvents), "order.placed", "invoice.sent"]);
    expect(events["plugin.error"]).toBe(systemEvents["plugin.error"]);
  });

  it("takes the same definition when it comes in by several ways", () => {
    const orders = defineEvents({ ...systemEvents, "order.placed": {} });
    const invoices = defineEvents({ ...systemEvents, "invoice.sent": {} });

    const events = defineEvents({ ...orders, ...invoices }, systemEvents);

    expect(Object.keys(events)).toHaveLength(Object.keys(systemEvents).length + 2);
  });

  it("takes groups from another realm and groups without a prototype", () => {
    const foreign: unknown = runInNewContext('({ "order.placed": {} })');
    const bare: unknown = Object.assign(Object.create(null), { "order.paid": {} });

    const events = defineAnything(foreign, bare);

    expect(Object.keys(events as object)).toEqual(["order.placed", "order.paid"]);
  });

  it("takes names that are members of objects", () => {
    const events = defineEvents({ ["__proto__"]: {}, constructor: {}, toString: {} });

    expect(Object.keys(events)).toEqual(["__proto__", "constructor", "toString"]);
    expect(Object.getPrototypeOf(events)).toBe(Object.prototype);
  });

  it("overlooks symbols of someone else", () => {
    const events = defineAnything({ [Symbol("mine")]: "anything", "order.placed": {} });

    expect(Object.keys(events as object)).toEqual(["order.placed"]);
  });

  it("does not feel later changes of what it was given", () => {
    const sensitive = ["email"];
    const draft = { sensitive, slo: { success: 0.9, latency: { withinMs: 250, ratio: 0.99 } }, attributes: {} };
    const events = defineEvents({ "order.placed": draft });

    sensitive.push("total");
    draft.slo.success = 2;
    draft.slo.latency.withinMs = 7;
    Object.assign(draft.attributes, { "": "no function" });

    expect(events["order.placed"]).toEqual({
      sensitive: ["email"],
      slo: { success: 0.9, latency: { withinMs: 250, ratio: 0.99 } },
      attributes: {},
    });
  });

  it("leaves what it was given unfrozen, and freezes what it returns", () => {
    const draft = { sensitive: ["email"] };
    const drafts = { "order.placed": draft };

    const events = defineEvents(drafts);

    expect([drafts, draft, draft.sensitive].map(Object.isFrozen)).toEqual([false, false, false]);
    expect([events, events["order.placed"], events["order.placed"].sensitive].map(Object.isFrozen)).toEqual([
      true,
      true,
      true,
    ]);
  });

  it.each([
    ["", "the name is empty"],
    ["order placed", 'the token "order placed" has characters other than'],
    ["order.*", 'the token "*" has characters other than'],
    ["order.**", 'the token "**" has characters other than'],
    ["report.{}.ready", 'the token "{}" has characters other than'],
    ["order..placed", "it has an empty token"],
    ["x".repeat(65), "has 65 characters, 64 are allowed"],
  ])("refuses the key %j", (key, problem) => {
    const refusal = refusalOf(() => defineEvents({ [key]: {} }));

    expect(refusal).toBeInstanceOf(BusError);
    expect(refusal).toMatchObject({ code: "INVALID_NAME", message: expect.stringContaining(problem) });
  });

  it("names the key, what is wrong and the remedy when it refuses a key", () => {
    const refusal = refusalOf(() => defineEvents({ "order.*": {} }));

    expect(refusal).toMatchObject({
      message:
        'cannot define "order.*": the token "*" has characters other than A-Z, a-z, 0-9, "_" and "-"; ' +
        'write a name such as "order.placed", or a template such as "order.{id}.placed"',
    });
  });

  it.each([
    ["nothing", undefined],
    ["null", null],
    ["an array", [{ "order.placed": {} }]],
    ["a class instance", new (class Events {})()],
    ["an object whose __proto__ was set by a literal", JSON.parse('{"a":{}}', (_, value) => ({ __proto__: value }))],
  ])("refuses %s for a group", (_, group) => {
    const refusal = refusalOf(() => defineAnything({ "a.b": {} }, group));

    expect(refusal).toMatchObject({ code: "INVALID_OPTION", message: expect.stringContaining("a plain object") });
  });

  describe("finds a second definition", () => {
    const mine = { description: "mine" };

    it.each<[title: string, define: () => unknown]>([
      ["in another group", () => defineEvents({ "order.placed": {} }, { "order.placed": mine })],
      ["beside a catalog", () => defineEvents(systemEvents, { "resource.registered": mine })],
      ["that overrides a spread catalog", () => defineEvents({ ...systemEvents, "resource.registered": mine })],
      [
        "in the second of two spread catalogs",
        () => defineEvents({ ...defineEvents({ "a.b": {} }), ...defineEvents({ "a.b": mine }) }),
      ],
      [
        "that overrides the first of two spread catalogs",
        () => defineEvents({ ...defineEvents({ "a.b": {} }), ...defineEvents({ "c.d": {} }), "a.b": mine }),
      ],
      [
        "that overrides the second of two spread catalogs",
        () => defineEvents({ ...defineEvents({ "a.b": {} }), ...defineEvents({ "c.d": {} }), "c.d": mine }),
      ],
      [
        "that overrides a catalog made of a spread one",
        () => defineEvents({ ...defineEvents({ ...systemEvents, "a.b": {} }), "plugin.error": mine }),
      ],
      ["that overrides a template", () => defineEvents({ ...systemEvents, "action.{name}.start": mine })],
      ["under a template with another parameter", () => defineEvents({ "a.{x}.b": {}, "a.{y}.b": {} })],
      ["under such a template in another group", () => defineEvents({ "a.{x}.b": {} }, { "a.{y}.b": {} })],
      [
        "under such a template beside a spread catalog",
        () => defineEvents({ ...systemEvents, "action.{x}.start": {} }),
      ],
    ])("%s", (_, define) => {
      const refusal = refusalOf(define);

      expect(refusal).toBeInstanceOf(BusError);
      expect(refusal).toMatchObject({ code: "DUPLICATE_EVENT" });
    });

    it("and names both keys and the remedy", () => {
      const refusal = refusalOf(() => defineEvents({ "a.{x}.b": {}, "a.{y}.b": {} }));

      expect(refusal).toMatchObject({
        message: 'cannot define "a.{y}.b" twice: it means the same names as "a.{x}.b"; keep one of them',
      });
    });

    it("but not where an event was left out of a spread catalog", () => {
      const { "plugin.error": _, ...rest } = systemEvents;

      const events = defineEvents(rest);

      expect(Object.keys(events)).not.toContain("plugin.error");
    });
  });
});

describe("checkCatalog", () => {
  it.each<[title: string, catalog: Parameters<typeof checkCatalog>[0]]>([
    ["a catalog", systemEvents],
    ["a spread catalog", { ...systemEvents }],
    ["a plain object of definitions", { "order.placed": {} }],
  ])("accepts %s", (_, catalog) => {
    const refusal = refusalOf(() => checkCatalog(catalog));

    expect(refusal).toBeUndefined();
  });

  it("refuses what defineEvents would refuse", () => {
    const refusals = [
      refusalOf(() => checkCatalog({ "order.*": {} })),
      refusalOf(() => checkCatalog({ "order.placed": { slo: {} } })),
      refusalOf(() => checkCatalog({ ...systemEvents, "plugin.error": {} })),
    ];

    expect(refusals).toMatchObject([{ code: "INVALID_NAME" }, { code: "INVALID_OPTION" }, { code: "DUPLICATE_EVENT" }]);
  });
});

describe("resolveEvent", () => {
  const events = defineEvents({
    "order.placed": { description: "a name" },
    "report.{name}.ready": { description: "a template" },
    "report.weekly.ready": { description: "a name that also fits the template" },
    "a.{x}.{y}": { description: "a??" },
    "{x}.b.c": { description: "?bc" },
    "a.{x}.c": { description: "a?c" },
    "a.b.{x}": { description: "ab?" },
    "{single}": { description: "one token" },
  });

  it("finds a name by itself", () => {
    const resolved = resolveEvent(events, "order.placed");

    expect(resolved).toEqual({ definition: events["order.placed"], template: undefined });
  });

  it("finds a name by its template", () => {
    const resolved = resolveEvent(events, "report.monthly.ready");

    expect(resolved).toEqual({ definition: events["report.{name}.ready"], template: "report.{name}.ready" });
  });

  it("prefers the name itself to a template", () => {
    const resolved = resolveEvent(events, "report.weekly.ready");

    expect(resolved).toEqual({ definition: events["report.weekly.ready"], template: undefined });
  });

  it.each([
    ["a.b.c", "a.b.{x}"],
    ["a.x.c", "a.{x}.c"],
    ["a.x.y", "a.{x}.{y}"],
    ["x.b.c", "{x}.b.c"],
    ["a.b.x", "a.b.{x}"],
    ["ping", "{single}"],
  ])("finds %s by the most specific template, %s, whatever their order", (name, template) => {
    const entries = Object.entries(events);
    const orders = [entries, entries.toReversed(), entries.toSorted(), entries.toSorted().reverse()];

    const resolved = orders.map((order) => resolveEvent(defineEvents(Object.fromEntries(order)), name));

    expect(resolved.map((each) => each?.template)).toEqual(orders.map(() => template));
  });

  it.each(["order.paid", "order.placed.twice", "report.ready", "report.a.b.ready", "x.y.z", "__proto__.x", "a.b"])(
    "finds nothing for %s",
    (name) => {
      const resolved = resolveEvent(events, name);

      expect(resolved).toBeUndefined();
    },
  );

  it.each(["__proto__", "constructor", "toString", "hasOwnProperty"])("is not fooled by the name %s", (name) => {
    const resolved = resolveEvent(defineEvents({ "a.b": {} }), name);

    expect(resolved).toBeUndefined();
  });

  it("finds __proto__ where the catalog has it", () => {
    const proto = defineEvents({ ["__proto__"]: { description: "mine" }, "x.{__proto__}": {} });

    const resolved = [resolveEvent(proto, "__proto__"), resolveEvent(proto, "x.__proto__")];

    expect(resolved[0]?.definition.description).toBe("mine");
    expect(resolved[1]?.template).toBe("x.{__proto__}");
  });

  it("finds each of many templates", () => {
    const templates = Array.from({ length: 500 }, (_, i) => `family-${i}.{name}.done`);
    const many = defineEvents(Object.fromEntries(templates.map((template) => [template, {}])));

    const resolved = templates.map((_, i) => resolveEvent(many, `family-${i}.x.done`)?.template);

    expect(resolved).toEqual(templates);
  });

  it("reads a spread catalog like a catalog", () => {
    const spread = { ...systemEvents };

    const resolved = resolveEvent(spread, "action.build.start");

    expect(resolved?.definition).toBe(systemEvents["action.{name}.start"]);
  });

  it("refuses a spread catalog with an event overwritten", () => {
    const spread = { ...systemEvents, "plugin.error": { description: "mine" } };

    const refusal = refusalOf(() => resolveEvent(spread, "plugin.error"));

    expect(refusal).toMatchObject({ code: "DUPLICATE_EVENT" });
  });
});

describe("destinationsOf", () => {
  const events = defineEvents({
    "order.placed": {},
    "order.item.added": {},
    "report.{name}.ready": {},
    "report.weekly.ready": {},
    "report.{name}.failed": {},
  });

  it.each<[pattern: string, destinations: string[]]>([
    ["*", ["order.placed", "order.item.added", "report.{name}.ready", "report.weekly.ready", "report.{name}.failed"]],
    ["order.*", ["order.placed"]],
    ["order.**", ["order.placed", "order.item.added"]],
    ["*.*.ready", ["report.{name}.ready", "report.weekly.ready"]],
    ["report.weekly.*", ["report.{name}.ready", "report.weekly.ready", "report.{name}.failed"]],
    ["report.{any}.failed", ["report.{name}.failed"]],
    ["order.placed", ["order.placed"]],
    ["report.weekly.ready", ["report.weekly.ready"]],
    ["report.monthly.ready", ["report.{name}.ready"]],
    ["invoice.*", []],
    ["invoice.sent", []],
  ])("of %s are %j", (pattern, expected) => {
    const destinations = destinationsOf(events, parsePattern(pattern));

    expect(destinations).toEqual(expected);
  });
});
