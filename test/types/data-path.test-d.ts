import { describe, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { defineEvents } from "../../src/catalog/catalog.ts";
import type { DataPath } from "../../src/catalog/data-path.ts";
import { EventBus } from "../../src/index.ts";

interface Card {
  readonly number: string;
  readonly holder?: { readonly email: string | null } | undefined;
}

describe("DataPath", () => {
  it("is each key, and each key inside joined by dots", () => {
    expectTypeOf<DataPath<{ id: string; card: Card }>>().toEqualTypeOf<
      "id" | "card" | "card.number" | "card.holder" | "card.holder.email"
    >();
  });

  it("passes through arrays, for each element or for one", () => {
    type Items = "items" | "items.sku" | `items.${number}` | `items.${number}.sku`;

    expectTypeOf<DataPath<{ items: readonly { sku: string }[] }>>().toEqualTypeOf<Items>();
    expectTypeOf<DataPath<[{ a: 1 }, { b: 2 }]>>().toEqualTypeOf<
      "a" | "b" | `${number}` | `${number}.a` | `${number}.b`
    >();
    expectTypeOf<"orders.items.sku">().toExtend<DataPath<{ orders: { items: { sku: string }[] }[] }>>();
    expectTypeOf<"orders.items.skew">().not.toExtend<DataPath<{ orders: { items: { sku: string }[] }[] }>>();
  });

  it("has the paths of every member of a union", () => {
    type Paid = { by: "card"; card: Card } | { by: "invoice"; invoice: { email: string } } | null;

    expectTypeOf<"card.number" | "invoice.email" | "by">().toExtend<DataPath<Paid>>();
    expectTypeOf<"invoice.number">().not.toExtend<DataPath<Paid>>();
  });

  it("takes any key of a record, and checks what is inside", () => {
    type Accounts = { accounts: Record<string, { email: string }>; byNumber: Record<number, string> };

    expectTypeOf<"accounts.ann.email" | "byNumber.7">().toExtend<DataPath<Accounts>>();
    expectTypeOf<"acounts.ann.email" | "byNumber.one">().not.toExtend<DataPath<Accounts>>();
  });

  it("is any text where nothing is known of the data", () => {
    expectTypeOf<DataPath<unknown>>().toEqualTypeOf<string>();
    // biome-ignore lint/suspicious/noExplicitAny: what untyped schemas make
    expectTypeOf<DataPath<any>>().toEqualTypeOf<string>();
    expectTypeOf<DataPath<object>>().toEqualTypeOf<string>();
    expectTypeOf<DataPath<{ known: string; [field: string]: unknown }>>().toEqualTypeOf<string>();
    expectTypeOf<DataPath<{ id: string; meta: unknown }>>().toEqualTypeOf<"id" | "meta" | `meta.${string}`>();
  });

  it("checks three keys, and takes any text for what is deeper", () => {
    type Deep = { a: { b: { c: { d: string } } } };
    interface Tree {
      readonly name: string;
      readonly children: readonly Tree[];
    }
    type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

    expectTypeOf<DataPath<Deep>>().toEqualTypeOf<"a" | "a.b" | "a.b.c" | `a.b.c.${string}`>();
    expectTypeOf<"children.children.name">().toExtend<DataPath<Tree>>();
    expectTypeOf<"children.names">().not.toExtend<DataPath<Tree>>();
    expectTypeOf<"any.thing">().toExtend<DataPath<Json>>();
  });

  it("does not look into values that have no fields of their own, nor at methods", () => {
    type Odd = { at: Date; tags: Set<string>; by: Map<string, string>; say(): string; "dotted.key": string };

    expectTypeOf<DataPath<Odd>>().toEqualTypeOf<"at" | "tags" | "by">();
    expectTypeOf<DataPath<string | undefined>>().toBeNever();
  });

  it("stays small for wide types that hold each other", () => {
    type Wide = { [Key in `field${Digit}${Digit}`]: Key extends `field0${Digit}` ? Wide : string };
    type Digit = 0 | 1 | 2 | 3 | 4 | 5;

    expectTypeOf<"field01.field02.field33">().toExtend<DataPath<Wide>>();
    expectTypeOf<"field01.field02.field77">().not.toExtend<DataPath<Wide>>();
  });
});

describe("the sensitive paths of an event", () => {
  const schema = z.object({
    orderId: z.string(),
    email: z.string().optional(),
    cards: z.array(z.object({ number: z.string() })),
    at: z.string().transform((text) => new Date(text)),
  });

  it("are checked against what the schema makes of the data", () => {
    const events = defineEvents({
      "order.placed": { sensitive: ["email", "cards.number", "cards.0.number"], schema },
      "order.paid": { schema, attributes: { "order.id": (data) => data.orderId }, sensitive: ["at"] },
      "note.taken": { sensitive: ["whatever.it.is"] },
      "log.written": { schema: z.looseObject({ line: z.string() }), sensitive: ["line", "user.email"] },
    });

    expectTypeOf(events["order.placed"].sensitive).toExtend<readonly string[] | undefined>();
  });

  it("are checked in every group, and beside spread catalogs", () => {
    const spread = defineEvents({ "order.placed": { schema, sensitive: ["email"] } });

    defineEvents({ ...spread, "order.paid": { schema, sensitive: ["email"] } }, spread);
    new EventBus({ events: defineEvents(spread, { "order.paid": { schema, sensitive: ["email"] } }) });
    // @ts-expect-error a misspelt field beside a spread catalog
    defineEvents({ ...spread, "order.paid": { schema, sensitive: ["emial"] } });
    // @ts-expect-error a misspelt field in the second group
    defineEvents(spread, { "order.paid": { schema, sensitive: ["emial"] } });
  });

  it("are refused where they lead nowhere", () => {
    // @ts-expect-error a misspelt field
    defineEvents({ "order.placed": { schema, sensitive: ["emial"] } });
    // @ts-expect-error a misspelt field inside
    defineEvents({ "order.placed": { schema, sensitive: ["orderId", "cards.nummer"] } });
    // @ts-expect-error text has no fields
    defineEvents({ "order.placed": { schema, sensitive: ["orderId.length"] } });
    // @ts-expect-error text that may be anything
    defineEvents({ "order.placed": { schema, sensitive: ["email"] as string[] } });
    // @ts-expect-error the data has no fields
    defineEvents({ "line.read": { schema: z.string(), sensitive: ["length"] } });
  });

  it("may be a list that several events share", () => {
    const people = ["email"] as const;

    defineEvents({
      "order.placed": { schema, sensitive: people },
      "order.paid": { schema, sensitive: [...people, "at"] },
    });
  });

  it("leave the data of a catalog without defineEvents typed", () => {
    const plain = new EventBus({ events: { "order.placed": { schema, sensitive: ["email"] } } });

    plain.subscribe("order.placed", (event) => {
      expectTypeOf(event.data.orderId).toEqualTypeOf<string>();
    });
  });
});
