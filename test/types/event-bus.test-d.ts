import { assertType, describe, expectTypeOf, it } from "vitest";
import { z } from "zod";
import type { BusEvent } from "../../src/event/event.ts";
import {
  createEvent,
  type DeadLetters,
  DeliveryError,
  type DeliveryReport,
  defineEvents,
  EventBus,
  type HandlerContext,
  type Ledger,
  type PublishResult,
  type SubscribeOptions,
  type Subscription,
} from "../../src/index.ts";

interface Placed {
  orderId: string;
  total: number;
}

const events = defineEvents({
  "order.placed": { schema: z.object({ orderId: z.string(), total: z.coerce.number<string>() }) },
  "order.paid": { schema: z.object({ by: z.enum(["card", "cash"]) }) },
  "report.{name}.ready": { schema: z.object({ url: z.string() }) },
  "tick.came": { schema: z.undefined() },
  "note.taken": {},
});
const bus = new EventBus({ source: "shop", events });
const untyped = new EventBus({ source: "shop" });

describe("bus.publish", () => {
  it("takes a name of the catalog with what its schema accepts", () => {
    assertType<Promise<PublishResult>>(bus.publish("order.placed", { orderId: "o-1", total: "12" }));
    assertType<Promise<PublishResult>>(bus.publish("report.monthly.ready", { url: "/" }, { strict: true }));
  });

  it("refuses a name the catalog does not know", () => {
    // @ts-expect-error no event is called so
    void bus.publish("order.lost", {});
    // @ts-expect-error the family has three tokens
    void bus.publish("report.ready", { url: "/" });
  });

  it("refuses a pattern or a template in the place of a name", () => {
    // @ts-expect-error a pattern
    void bus.publish("order.*", { orderId: "o-1", total: "12" });
    // @ts-expect-error a pattern
    void bus.publish("*");
    // @ts-expect-error a template
    void bus.publish("report.{name}.ready", { url: "/" });
  });

  it("refuses data of another shape", () => {
    // @ts-expect-error total is missing
    void bus.publish("order.placed", { orderId: "o-1" });
    // @ts-expect-error total is published as text
    void bus.publish("order.placed", { orderId: "o-1", total: 12 });
    // @ts-expect-error nothing is paid in kind
    void bus.publish("order.paid", { by: "goat" });
    // @ts-expect-error data is required
    void bus.publish("order.placed");
  });

  it("lets data be left out where undefined is valid, or anything is", () => {
    assertType<Promise<PublishResult>>(bus.publish("tick.came"));
    assertType<Promise<PublishResult>>(bus.publish("note.taken"));
    assertType<Promise<PublishResult>>(bus.publish("note.taken", { any: "thing" }));
  });

  it("refuses options it does not have", () => {
    // @ts-expect-error no such option
    void bus.publish("tick.came", undefined, { timeoutMs: 5 });
    // @ts-expect-error no such wait
    void bus.publish("tick.came", undefined, { wait: "forever" });
  });

  it("takes event objects with the data of their event", () => {
    assertType<Promise<PublishResult>>(bus.publish({ name: "order.placed", data: { orderId: "o-1", total: "12" } }));
    assertType<Promise<PublishResult>>(
      bus.publish(createEvent({ name: "order.paid", data: { by: "cash" as const }, source: "till" })),
    );
    assertType<Promise<PublishResult>>(bus.publish({ name: "tick.came" }));
  });

  it("refuses event objects with other data", () => {
    // @ts-expect-error total is missing
    void bus.publish({ name: "order.placed", data: { orderId: "o-1" } });
    // @ts-expect-error data is required
    void bus.publish({ name: "order.placed" });
    // @ts-expect-error no event is called so
    void bus.publish({ name: "order.lost", data: {} });
  });
});

describe("the publish result", () => {
  it("is readonly, with a report for each delivery", () => {
    expectTypeOf<PublishResult["deliveries"]>().toEqualTypeOf<readonly DeliveryReport[]>();
    expectTypeOf<PublishResult["traceId"]>().toEqualTypeOf<string | undefined>();
    expectTypeOf<DeliveryReport["outcome"]>().toEqualTypeOf<
      "handled" | "failed" | "timed_out" | "skipped" | "dropped" | "aborted" | "deduplicated" | "in_flight"
    >();
    expectTypeOf<DeliveryReport["disposition"]>().toEqualTypeOf<"dead_lettered" | "discarded" | undefined>();
  });
});

describe("a DeliveryError", () => {
  it("has the publish result, once it is told from other errors", async () => {
    try {
      await bus.publish("tick.came", undefined, { strict: true });
    } catch (error) {
      if (error instanceof DeliveryError) expectTypeOf(error.result).toEqualTypeOf<PublishResult>();
      expectTypeOf((error as DeliveryError).result).toEqualTypeOf<PublishResult>();
    }
  });
});

describe("bus.subscribe", () => {
  it("gives the handler of a name its event, as the schema parsed it", () => {
    const subscription = bus.subscribe("order.placed", (event) => {
      expectTypeOf(event.name).toEqualTypeOf<"order.placed">();
      expectTypeOf(event.data).toEqualTypeOf<Readonly<Placed>>();
    });
    expectTypeOf(subscription).toEqualTypeOf<Subscription>();
  });

  it("gives the handler of a pattern a union to narrow by the name", () => {
    bus.subscribe("order.*", (event) => {
      expectTypeOf(event.name).toEqualTypeOf<"order.placed" | "order.paid">();
      if (event.name === "order.placed") expectTypeOf(event.data).toEqualTypeOf<Readonly<Placed>>();
      else expectTypeOf(event.data.by).toEqualTypeOf<"card" | "cash">();
    });
  });

  it("gives the handler of a family the names of the family", () => {
    bus.subscribe("report.{name}.ready", (event) => {
      expectTypeOf(event.name).toEqualTypeOf<`report.${string}.ready`>();
      expectTypeOf(event.data.url).toEqualTypeOf<string>();
    });
  });

  it("gives the handler of everything the union of all", () => {
    bus.subscribe("*", (event) => {
      expectTypeOf(event.name).toEqualTypeOf<
        "order.placed" | "order.paid" | `report.${string}.ready` | "tick.came" | "note.taken"
      >();
    });
  });

  it("keeps the event from being written to", () => {
    bus.subscribe("order.placed", (event) => {
      // @ts-expect-error readonly
      event.name = "order.placed";
      // @ts-expect-error readonly
      event.data.total = 5;
    });
  });

  it("refuses a pattern that nothing in the catalog matches", () => {
    // @ts-expect-error nothing begins so
    bus.subscribe("invoice.*", () => {});
    // @ts-expect-error no event is called so
    bus.subscribe("order.lost", () => {});
  });

  it("refuses a handler of another event", () => {
    // @ts-expect-error orders that are paid have no total
    bus.subscribe("order.paid", (event: BusEvent<"order.paid", Placed>) => event.data.total);
  });

  it("refuses options it does not have", () => {
    // @ts-expect-error no such option
    bus.subscribe("order.paid", () => {}, { timeout: 5 });
    // @ts-expect-error no such class
    bus.subscribe("order.paid", () => {}, { classify: () => "fine" });
    // @ts-expect-error once is what makes it once
    bus.once("order.paid", () => {}, { once: false });
  });
});

describe("the orderBy of a subscription", () => {
  it("sees the event of a name, as its handler does", () => {
    bus.subscribe("order.placed", () => {}, {
      orderBy: (event) => {
        expectTypeOf(event).toEqualTypeOf<BusEvent<"order.placed", Placed>>();
        return event.data.orderId;
      },
    });
  });

  it("sees the union of a pattern, and the names of a family", () => {
    bus.subscribe("order.*", () => {}, {
      orderBy: (event) => (event.name === "order.placed" ? event.data.orderId : event.data.by),
    });
    bus.subscribe("report.{name}.ready", () => {}, {
      orderBy: (event) => {
        expectTypeOf(event).toEqualTypeOf<BusEvent<`report.${string}.ready`, { url: string }>>();
        return event.data.url;
      },
    });
    bus.subscribe("report.monthly.ready", () => {}, {
      orderBy: (event) => {
        expectTypeOf(event.name).toEqualTypeOf<"report.monthly.ready">();
      },
    });
    bus.subscribe("*", () => {}, {
      orderBy: (event) => {
        expectTypeOf(event.name).toEqualTypeOf<
          "order.placed" | "order.paid" | `report.${string}.ready` | "tick.came" | "note.taken"
        >();
      },
    });
  });

  it("sees it beside a handler that is declared elsewhere, and in options that are", () => {
    const handler = (event: BusEvent): string => event.id;
    const anyKey: SubscribeOptions = { name: "any", orderBy: (event) => event.source };
    const placedKey: SubscribeOptions<BusEvent<"order.placed", Placed>> = { orderBy: (event) => event.data.total };

    bus.subscribe("order.placed", handler, { orderBy: (event) => event.data.orderId });
    bus.subscribe("order.*", handler, anyKey);
    bus.subscribe("order.placed", handler, placedKey);
    // @ts-expect-error the event may be order.paid
    bus.subscribe("order.*", handler, placedKey);
  });

  it("sees it in once too", () => {
    bus.once("order.placed", () => {}, { orderBy: (event) => event.data.orderId });
  });

  it("refuses what its event does not have", () => {
    // @ts-expect-error the data has no such field
    bus.subscribe("order.placed", () => {}, { orderBy: (event) => event.data.customerId });
    // @ts-expect-error the event may be order.paid
    bus.subscribe("order.*", () => {}, { orderBy: (event) => event.data.orderId });
    // @ts-expect-error the event may be order.paid
    bus.subscribe("order.*", () => {}, { orderBy: (event: BusEvent<"order.placed", Placed>) => event.data.orderId });
    // @ts-expect-error the event may be order.paid
    bus.once("order.*", () => {}, { orderBy: (event) => event.data.orderId });
    // @ts-expect-error there is no schema to say what the data is
    bus.subscribe("note.taken", () => {}, { orderBy: (event) => event.data.by });
  });

  it("may say what it expects where there is no catalog, as a handler may", () => {
    untyped.subscribe("order.placed", () => {}, {
      orderBy: (event) => {
        expectTypeOf(event).toEqualTypeOf<BusEvent>();
      },
    });
    untyped.subscribe("order.placed", () => {}, {
      orderBy: (event: BusEvent<"order.placed", Placed>) => event.data.total,
    });
    // @ts-expect-error no event at all
    untyped.subscribe("order.placed", () => {}, { orderBy: (event: string) => event });
  });
});

describe("bus.once, waitFor and events", () => {
  it("narrow like subscribe", () => {
    bus.once("order.*", (event) => {
      expectTypeOf(event.name).toEqualTypeOf<"order.placed" | "order.paid">();
    });
    const waiting = bus.waitFor("order.placed", { where: (event) => event.data.total > 10 });
    expectTypeOf(waiting).resolves.toEqualTypeOf<BusEvent<"order.placed", Placed>>();
    expectTypeOf(bus.events("order.*")).toEqualTypeOf<
      AsyncIterableIterator<BusEvent<"order.placed", Placed> | BusEvent<"order.paid", { by: "card" | "cash" }>>
    >();
  });

  it("refuse a pattern that nothing in the catalog matches", () => {
    // @ts-expect-error nothing begins so
    bus.once("invoice.*", () => {});
    // @ts-expect-error nothing begins so
    void bus.waitFor("invoice.*");
    // @ts-expect-error nothing begins so
    bus.events("invoice.*");
  });
});

describe("ctx", () => {
  it("publishes with the types of the bus", () => {
    bus.subscribe("order.paid", async (_, ctx) => {
      assertType<Promise<PublishResult>>(ctx.publish("order.placed", { orderId: "o-1", total: "12" }));
      // @ts-expect-error no event is called so
      void ctx.publish("order.lost", {});
      // @ts-expect-error total is missing
      void ctx.publish("order.placed", { orderId: "o-1" });
    });
  });

  it("has a signal, an attempt and verdicts", () => {
    bus.subscribe("order.paid", (_, ctx) => {
      expectTypeOf(ctx.signal).toEqualTypeOf<AbortSignal>();
      expectTypeOf(ctx.attempt).toEqualTypeOf<number>();
      expectTypeOf(ctx.deadLetter).parameters.toEqualTypeOf<[reason: string]>();
      expectTypeOf(ctx.retryAfter).parameters.toEqualTypeOf<[delayMs: number]>();
    });
  });
});

describe("a bus without a catalog", () => {
  it("publishes any name with any data", () => {
    assertType<Promise<PublishResult>>(untyped.publish("any.name"));
    assertType<Promise<PublishResult>>(untyped.publish("any.name", { any: "data" }, { wait: "accepted" }));
    assertType<Promise<PublishResult>>(untyped.publish({ name: "any.name", data: 5 }));
    assertType<Promise<PublishResult>>(untyped.publish(createEvent({ name: "any.name", data: 5, source: "shop" })));
  });

  it("publishes event objects without data", () => {
    assertType<Promise<PublishResult>>(untyped.publish({ name: "any.name" }));
    assertType<Promise<PublishResult>>(untyped.publish({ name: "any.name", data: null }));
    assertType<Promise<PublishResult>>(untyped.publish(createEvent({ name: "any.name", source: "shop" })));
  });

  it("hands out events with unknown data", () => {
    untyped.subscribe("any.*", (event) => {
      expectTypeOf(event.name).toEqualTypeOf<string>();
      expectTypeOf(event).toEqualTypeOf<BusEvent>();
    });
  });

  it("lets a handler say what it expects", () => {
    untyped.subscribe("order.placed", (event: BusEvent<"order.placed", Placed>) => {
      expectTypeOf(event.data.total).toEqualTypeOf<number>();
    });
  });

  it("has a ctx that is a HandlerContext", () => {
    untyped.subscribe("any.*", (_, ctx) => {
      assertType<HandlerContext>(ctx);
    });
  });

  it("publishes no number and no nothing", () => {
    // @ts-expect-error a name is text
    void untyped.publish(7);
    // @ts-expect-error an event has a name
    void untyped.publish({});
  });
});

describe("what a bus hands out", () => {
  it("is readonly", () => {
    expectTypeOf(bus.stats()).toEqualTypeOf<Readonly<Ledger>>();
    expectTypeOf(bus.deadLetters).toEqualTypeOf<DeadLetters>();
    // @ts-expect-error readonly
    bus.stats().published = 5;
    // @ts-expect-error readonly
    bus.deadLetters.size = 5;
  });

  it("tells failures with their outcome", () => {
    bus.onError((failure) => {
      expectTypeOf(failure.outcome).toEqualTypeOf<"failed" | "timed_out">();
      expectTypeOf(failure.error).toEqualTypeOf<unknown>();
    });
  });
});
