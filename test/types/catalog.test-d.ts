import { describe, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { defineEvents } from "../../src/catalog/catalog.ts";
import type {
  AnyCatalog,
  Catalog,
  DataOf,
  DefaultCatalog,
  EventName,
  EventShape,
  EventsMatching,
  HandlerOf,
  InputOf,
  PatternOf,
  Publish,
  Refused,
  ValidPattern,
  ValidSubject,
} from "../../src/catalog/catalog-types.ts";
import type { StandardSchemaV1 } from "../../src/catalog/standard-schema.ts";
import {
  type ActionFailureData,
  type ActionStartData,
  type ActionSuccessData,
  type ResourceData,
  type SystemEvents,
  systemEvents,
} from "../../src/catalog/system-events.ts";
import type { BusEvent } from "../../src/event/event.ts";

/** The calls of a bus that depend on its catalog; nothing here runs. */
declare class Bus<Events extends AnyCatalog = DefaultCatalog> {
  constructor(options: { readonly events?: Events });
  readonly publish: Publish<Events>;
  subscribe<const Pattern extends PatternOf<Events>>(
    pattern: ValidPattern<Events, Pattern>,
    handler: HandlerOf<Events, Pattern>,
  ): void;
  waitFor<const Pattern extends PatternOf<Events>>(
    pattern: ValidPattern<Events, Pattern>,
    options?: { readonly where?: (event: EventsMatching<Events, Pattern>) => boolean },
  ): Promise<EventsMatching<Events, Pattern>>;
  events<const Pattern extends PatternOf<Events>>(
    pattern: ValidPattern<Events, Pattern>,
  ): AsyncIterableIterator<EventsMatching<Events, Pattern>>;
}

declare const byHand: StandardSchemaV1<{ a?: number }, { a: number }>;

const events = defineEvents({
  "order.placed": { schema: z.object({ orderId: z.string(), total: z.number().default(0) }) },
  "order.paid": { schema: z.object({ by: z.enum(["card", "cash"]) }) },
  "order.item.added": { schema: z.object({ sku: z.string() }) },
  "report.{name}.ready": { schema: z.object({ url: z.string() }) },
  "report.weekly.failed": { schema: z.object({ why: z.string() }) },
  "tick.came": { schema: z.undefined() },
  "note.taken": {},
  "hand.made": { schema: byHand },
});
type Events = typeof events;

type Placed = BusEvent<"order.placed", { orderId: string; total: number }>;
type Paid = BusEvent<"order.paid", { by: "card" | "cash" }>;
type ItemAdded = BusEvent<"order.item.added", { sku: string }>;
type ReportReady = BusEvent<`report.${string}.ready`, { url: string }>;
type ReportFailed = BusEvent<"report.weekly.failed", { why: string }>;

const bus = new Bus({ events });
const untyped = new Bus({});
declare const word: string;

describe("defineEvents", () => {
  it("infers the data of attributes from the schema beside them, whatever comes first", () => {
    defineEvents({
      "zod.schema": {
        schema: z.object({ id: z.string().transform((text) => text.length) }),
        attributes: {
          id: (data) => {
            expectTypeOf(data).toEqualTypeOf<{ id: number }>();
            return data.id;
          },
        },
      },
      "schema.last": {
        attributes: {
          a: (data) => {
            expectTypeOf(data).toEqualTypeOf<{ a: number }>();
            return data.a;
          },
        },
        schema: byHand,
      },
      "schema.missing": {
        attributes: {
          any: (data) => {
            expectTypeOf(data).toBeUnknown();
            return undefined;
          },
        },
      },
    });
  });

  it("infers them in every group, and beside spread catalogs", () => {
    defineEvents(
      { ...systemEvents, "a.a": { schema: byHand, attributes: { a: (data) => data.a } } },
      { ...events, "b.b": { schema: byHand, attributes: { a: (data) => data.a } } },
      { "c.c": { schema: byHand, attributes: { a: (data) => data.a } } },
      { "d.d": { schema: byHand, attributes: { a: (data) => data.a } } },
    );
  });

  it("gives the input and output types by name or template", () => {
    const some = defineEvents({ "hand.made": { schema: byHand }, "x.{y}": {} });

    expectTypeOf(some).toEqualTypeOf<
      Catalog<{ "hand.made": EventShape<{ a?: number }, { a: number }>; "x.{y}": EventShape }>
    >();
  });

  it("keeps the types of catalogs that are spread or joined", () => {
    const spread = defineEvents({ ...events, ...systemEvents });
    const joined = defineEvents(events, systemEvents);

    expectTypeOf<DataOf<typeof spread, "order.placed">>().toEqualTypeOf<{ orderId: string; total: number }>();
    expectTypeOf<DataOf<typeof spread, "action.build.start">>().toEqualTypeOf<ActionStartData>();
    expectTypeOf<DataOf<typeof joined, "order.placed">>().toEqualTypeOf<{ orderId: string; total: number }>();
    expectTypeOf<InputOf<typeof joined, "order.placed">>().toEqualTypeOf<{
      orderId: string;
      total?: number | undefined;
    }>();
    expectTypeOf<EventName<typeof joined>>().toEqualTypeOf<EventName<Events> | EventName<Catalog<SystemEvents>>>();
  });

  it("refuses what is no definition", () => {
    // @ts-expect-error no Standard Schema
    defineEvents({ "a.b": { schema: "text" } });
    // @ts-expect-error another version of the specification
    defineEvents({ "a.b": { schema: { "~standard": { version: 2, vendor: "x", validate: () => ({ value: 1 }) } } } });
    // @ts-expect-error a misspelt option
    defineEvents({ "a.b": { scheme: byHand } });
    // @ts-expect-error a misspelt option beside a spread catalog
    defineEvents({ ...systemEvents, "a.b": { scheme: byHand } });
    // @ts-expect-error no attribute value
    defineEvents({ "a.b": { schema: byHand, attributes: { a: (data) => new Date(data.a) } } });
    // @ts-expect-error the data has no such field
    defineEvents({ "a.b": { schema: byHand, attributes: { a: (data) => data.b } } });
    // @ts-expect-error latency needs a ratio
    defineEvents({ "a.b": { slo: { latency: { withinMs: 250 } } } });
    // @ts-expect-error no trace mode
    defineEvents({ "a.b": { trace: "none" } });
    // @ts-expect-error an entry that a spread after it would hide
    defineEvents({ "plugin.error": {}, ...systemEvents });
  });
});

describe("EventName", () => {
  it("holds the names, and the families as template literals", () => {
    expectTypeOf<EventName<Events>>().toEqualTypeOf<
      | "order.placed"
      | "order.paid"
      | "order.item.added"
      | `report.${string}.ready`
      | "report.weekly.failed"
      | "tick.came"
      | "note.taken"
      | "hand.made"
    >();
    expectTypeOf<EventName<DefaultCatalog>>().toEqualTypeOf<string>();
  });
});

describe("InputOf and DataOf", () => {
  it("are what the schema accepts, and what it makes of it", () => {
    expectTypeOf<InputOf<Events, "order.placed">>().toEqualTypeOf<{ orderId: string; total?: number | undefined }>();
    expectTypeOf<DataOf<Events, "order.placed">>().toEqualTypeOf<{ orderId: string; total: number }>();
  });

  it("find the family of a name, and of a template", () => {
    expectTypeOf<DataOf<Events, "report.monthly.ready">>().toEqualTypeOf<{ url: string }>();
    expectTypeOf<DataOf<Events, `report.${string}.ready`>>().toEqualTypeOf<{ url: string }>();
    expectTypeOf<DataOf<Events, "report.{name}.ready">>().toEqualTypeOf<{ url: string }>();
  });

  it("are unknown without a schema, and never for another name", () => {
    expectTypeOf<InputOf<Events, "note.taken">>().toBeUnknown();
    expectTypeOf<DataOf<DefaultCatalog, "any.name">>().toBeUnknown();
    expectTypeOf<InputOf<Events, "report.a.b.ready">>().toBeNever();
  });
});

describe("EventsMatching", () => {
  it("is the event of an exact name", () => {
    expectTypeOf<EventsMatching<Events, "order.placed">>().toEqualTypeOf<Placed>();
    expectTypeOf<EventsMatching<Events, "report.weekly.ready">>().toEqualTypeOf<
      BusEvent<"report.weekly.ready", { url: string }>
    >();
  });

  it("takes * for one token and ** for one or more", () => {
    expectTypeOf<EventsMatching<Events, "order.*">>().toEqualTypeOf<Placed | Paid>();
    expectTypeOf<EventsMatching<Events, "order.**">>().toEqualTypeOf<Placed | Paid | ItemAdded>();
    expectTypeOf<EventsMatching<Events, "*.*.added">>().toEqualTypeOf<ItemAdded>();
    expectTypeOf<EventsMatching<Events, "*.item.**">>().toEqualTypeOf<ItemAdded | ReportReady>();
  });

  it("takes the bare * and ** for everything", () => {
    expectTypeOf<EventsMatching<Events, "*">["name"]>().toEqualTypeOf<EventName<Events>>();
    expectTypeOf<EventsMatching<Events, "**">>().toEqualTypeOf<EventsMatching<Events, "*">>();
  });

  it("takes a template for its family and whatever else fits", () => {
    expectTypeOf<EventsMatching<Events, "report.{name}.ready">>().toEqualTypeOf<ReportReady>();
    expectTypeOf<EventsMatching<Events, "report.{any}.failed">>().toEqualTypeOf<ReportFailed>();
    expectTypeOf<EventsMatching<Events, "report.weekly.*">>().toEqualTypeOf<ReportReady | ReportFailed>();
  });

  it("takes text the compiler does not know for whatever it may be", () => {
    expectTypeOf<EventsMatching<Events, string>["name"]>().toEqualTypeOf<EventName<Events>>();
    expectTypeOf<EventsMatching<Events, `order.${string}`>>().toEqualTypeOf<Placed | Paid>();
    expectTypeOf<EventsMatching<Events, "order.placed" | "order.paid">>().toEqualTypeOf<Placed | Paid>();
  });

  it("is never where nothing matches", () => {
    expectTypeOf<EventsMatching<Events, "ordr.*">>().toBeNever();
    expectTypeOf<EventsMatching<Events, "order">>().toBeNever();
    expectTypeOf<EventsMatching<Events, "order.placed.*">>().toBeNever();
    expectTypeOf<EventsMatching<Events, "order.**.added">>().toBeNever();
    expectTypeOf<EventsMatching<Events, "tick.**.**">>().toBeNever();
  });

  it("is any event without a catalog", () => {
    expectTypeOf<EventsMatching<DefaultCatalog, "order.*">>().toEqualTypeOf<BusEvent>();
  });
});

describe("ValidPattern", () => {
  it("is the pattern, or says that nothing matches", () => {
    expectTypeOf<ValidPattern<Events, "order.*">>().toEqualTypeOf<"order.*">();
    expectTypeOf<ValidPattern<Events, "report.weekly.ready">>().toEqualTypeOf<"report.weekly.ready">();
    expectTypeOf<ValidPattern<Events, string>>().toEqualTypeOf<string>();
    expectTypeOf<ValidPattern<Events, "ordr.*">>().toEqualTypeOf<Refused<'no event in the catalog matches "ordr.*"'>>();
  });
});

describe("PatternOf", () => {
  it("offers names, templates and their wildcards, and takes any other text", () => {
    type Offered = "*" | "a.b.c" | "a.**" | "a.b.*" | "x.{y}" | "x.*" | "z";
    type Small = Catalog<{ "a.b.c": EventShape; "x.{y}": EventShape; z: EventShape }>;

    expectTypeOf<Extract<PatternOf<Small>, Offered>>().toEqualTypeOf<Offered>();
    expectTypeOf<"anything else">().toExtend<PatternOf<Small>>();
  });
});

describe("a bus's publish", () => {
  it("takes a name with its data", () => {
    void bus.publish("order.placed", { orderId: "o-1" });
    void bus.publish("order.placed", { orderId: "o-1", total: 12 }, { strict: true });
    void bus.publish("report.weekly.ready", { url: "/" });
    void bus.publish(`report.${word}.ready`, { url: "/" });
    void bus.publish(word.length > 3 ? "order.paid" : "order.paid", { by: "cash" });
  });

  it("lets data be left out where undefined is valid", () => {
    void bus.publish("tick.came");
    void bus.publish("tick.came", undefined, { wait: "accepted" });
    void bus.publish("note.taken");
    void bus.publish("note.taken", { any: "thing" });
  });

  it("takes an event object with its data", () => {
    void bus.publish({ name: "order.paid", data: { by: "card" }, correlationId: "c-1" });
    void bus.publish({ name: "report.weekly.ready", data: { url: "/" } }, { strict: true });
    void bus.publish({ name: "tick.came" });
    void bus.publish({} as Placed);
  });

  it("refuses a name that is not in the catalog", () => {
    // @ts-expect-error misspelt
    void bus.publish("order.plced", { orderId: "o-1" });
    // @ts-expect-error the family has three tokens
    void bus.publish("report.a.b.ready", { url: "/" });
    // @ts-expect-error any text
    void bus.publish(word, {});
    // @ts-expect-error any text in a place where the catalog has names
    void bus.publish(`order.${word}`, {});
    // @ts-expect-error a template
    void bus.publish("report.{name}.ready", { url: "/" });
    // @ts-expect-error a pattern
    void bus.publish("order.*", {});
    // @ts-expect-error misspelt in an event object
    void bus.publish({ name: "order.plced", data: {} });
  });

  it("says why it refuses a name", () => {
    expectTypeOf<ValidSubject<Events, "order.plced">>().toEqualTypeOf<
      Refused<'no event in the catalog is called "order.plced"'>
    >();
    expectTypeOf<ValidSubject<Events, "order.*">>().toEqualTypeOf<
      Refused<'"order.*" is a pattern, not the name of an event'>
    >();
  });

  it("refuses data of another shape", () => {
    // @ts-expect-error a number
    void bus.publish("order.placed", { orderId: 1 });
    // @ts-expect-error one field too many
    void bus.publish("order.paid", { by: "card", more: true });
    // @ts-expect-error data of another event
    void bus.publish("order.paid", { url: "/" });
    // @ts-expect-error data of a family
    void bus.publish("report.weekly.ready", { why: "/" });
    // @ts-expect-error data of an event object
    void bus.publish({ name: "order.paid", data: { by: "goat" } });
  });

  it("refuses to publish without data that is needed", () => {
    // @ts-expect-error data is needed
    void bus.publish("order.placed");
    // @ts-expect-error undefined is no data
    void bus.publish("order.placed", undefined);
    // @ts-expect-error data is needed in an event object
    void bus.publish({ name: "order.placed" });
  });
});

describe("a bus's subscribe", () => {
  it("infers the event of the handler from the pattern", () => {
    bus.subscribe("order.placed", (event) => {
      expectTypeOf(event).toEqualTypeOf<Placed>();
    });
    bus.subscribe("order.*", (event) => {
      expectTypeOf(event).toEqualTypeOf<Placed | Paid>();
    });
    bus.subscribe("report.monthly.ready", (event) => {
      expectTypeOf(event.name).toEqualTypeOf<"report.monthly.ready">();
    });
    bus.subscribe(word, (event) => {
      expectTypeOf(event.name).toEqualTypeOf<EventName<Events>>();
    });
  });

  it("lets the event be narrowed by its name in a switch, to the last one", () => {
    bus.subscribe("order.**", (event) => {
      switch (event.name) {
        case "order.placed":
          expectTypeOf(event).toEqualTypeOf<Placed>();
          break;
        case "order.paid":
          expectTypeOf(event).toEqualTypeOf<Paid>();
          break;
        case "order.item.added":
          expectTypeOf(event).toEqualTypeOf<ItemAdded>();
          break;
        default:
          expectTypeOf(event).toBeNever();
      }
    });
  });

  it("lets a family be narrowed by one of its names, and be what is left", () => {
    bus.subscribe("report.**", (event) => {
      if (event.name === "report.weekly.ready") expectTypeOf(event.data).toEqualTypeOf<Readonly<{ url: string }>>();
      if (event.name === "report.weekly.failed") expectTypeOf(event).toEqualTypeOf<ReportFailed>();
      else expectTypeOf(event).toEqualTypeOf<ReportReady>();
    });
  });

  it("takes handlers that are declared elsewhere", () => {
    const onPlaced = (event: Placed): string => event.data.orderId;
    const onOrder = (event: Placed | Paid): string => event.name;
    const onAny = (event: BusEvent): string => event.id;

    bus.subscribe("order.placed", onPlaced);
    bus.subscribe("order.placed", onOrder);
    bus.subscribe("order.*", onOrder);
    bus.subscribe("*", onAny);
    // @ts-expect-error orders are also paid
    bus.subscribe("order.*", onPlaced);
    // @ts-expect-error more than orders
    bus.subscribe("*", onOrder);
  });

  it("gives the handler a publish of the same catalog", () => {
    bus.subscribe("order.placed", (event, ctx) => {
      void ctx.publish("order.item.added", { sku: event.data.orderId });
      // @ts-expect-error not in the catalog
      void ctx.publish("order.lost");
    });
  });

  it("refuses a pattern that nothing in the catalog matches", () => {
    // @ts-expect-error misspelt
    bus.subscribe("ordr.*", () => undefined);
    // @ts-expect-error too few tokens
    bus.subscribe("order", () => undefined);
    // @ts-expect-error ** is not last
    bus.subscribe("order.**.added", () => undefined);
    // @ts-expect-error not in the catalog
    void bus.waitFor("order.lost");
    // @ts-expect-error not in the catalog
    bus.events("invoice.*");
  });
});

describe("a bus's waitFor and events", () => {
  it("infer their events from the pattern", () => {
    const placed = bus.waitFor("order.placed", { where: (event) => event.data.total > 10 });
    const orders = bus.events("order.*");

    expectTypeOf(placed).resolves.toEqualTypeOf<Placed>();
    expectTypeOf(orders).toEqualTypeOf<AsyncIterableIterator<Placed | Paid>>();
  });
});

describe("a bus without a catalog", () => {
  it("takes any name and any data", () => {
    void untyped.publish("any.name");
    void untyped.publish(word, { any: "thing" }, { strict: true });
    void untyped.publish({ name: word, data: 1 });
  });

  it("hands out events with unknown data", () => {
    untyped.subscribe("order.*", (event) => {
      expectTypeOf(event).toEqualTypeOf<BusEvent>();
    });
    expectTypeOf(untyped.waitFor("order.*")).resolves.toEqualTypeOf<BusEvent>();
  });

  it("lets handlers annotate an event of their own", () => {
    untyped.subscribe("order.placed", (event: Placed) => event.data.total);
    untyped.subscribe("order.*", (event: Placed | Paid) => event.name);
    // @ts-expect-error no event at all
    untyped.subscribe("order.placed", (event: string) => event);
  });
});

describe("systemEvents", () => {
  it("can be a bus's catalog", () => {
    const system = new Bus({ events: systemEvents });

    system.subscribe("action.*.*", (event) => {
      expectTypeOf(event).toEqualTypeOf<
        | BusEvent<`action.${string}.start`, ActionStartData>
        | BusEvent<`action.${string}.success`, ActionSuccessData>
        | BusEvent<`action.${string}.failure`, ActionFailureData>
      >();
    });
    system.subscribe("resource.registered", (event) => {
      expectTypeOf(event.data).toEqualTypeOf<Readonly<ResourceData>>();
      expectTypeOf(event.data.kind).toEqualTypeOf<string | undefined>();
      expectTypeOf(event.data.anything).toBeUnknown();
    });
    void system.publish("action.build.failure", {
      action: "build",
      durationMs: 3,
      error: { type: "Timeout", message: "" },
    });
    void system.publish("resource.registered", { resource: "db", host: "localhost" });
    // @ts-expect-error the resource has no name
    void system.publish("resource.registered", { kind: "database" });
    // @ts-expect-error the duration is missing
    void system.publish("action.build.success", { action: "build" });
  });
});
