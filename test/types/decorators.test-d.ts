import { describe, expectTypeOf, it } from "vitest";
import { z } from "zod";
import type { systemEvents } from "../../src/catalog/system-events.ts";
import type { BusEvent, ContextOf, EventsMatching, HandlerContext } from "../../src/index.ts";
import { defineEvents, type EventBus, publishEvent, subscribeTo, withErrorBoundary } from "../../src/index.ts";

const events = defineEvents({
  "order.placed": { schema: z.object({ orderId: z.string(), total: z.number() }) },
  "order.cancelled": { schema: z.object({ orderId: z.string() }) },
  "report.{name}.ready": { schema: z.object({ url: z.string() }) },
  "noted.anything": {},
});
type Events = typeof events;
type Placed = BusEvent<"order.placed", { orderId: string; total: number }>;

declare const bus: EventBus<Events>;
declare const systemBus: EventBus<typeof systemEvents>;
declare const plainBus: EventBus;

describe("subscribeTo without a catalog", () => {
  it("takes methods of any event, and a context", () => {
    class Monitor {
      @subscribeTo("*")
      see(_event: BusEvent, _ctx: HandlerContext): void {}

      @subscribeTo("order.placed", { name: "charge", timeoutMs: 5_000, retry: { maxAttempts: 3 } })
      async charge(_event: Placed): Promise<void> {}

      @subscribeTo("order.placed")
      @subscribeTo("order.cancelled")
      ring(): void {}
    }

    expectTypeOf(Monitor.prototype.charge).parameters.toEqualTypeOf<[Placed]>();
  });

  it("lets orderBy say what it expects, as the method does", () => {
    subscribeTo("order.placed", { orderBy: (event: Placed) => event.data.orderId });
    // @ts-expect-error nothing says what the data is
    subscribeTo("order.placed", { orderBy: (event) => event.data.orderId });
  });

  it("refuses methods that take no event", () => {
    class Monitor {
      // @ts-expect-error a number is no event
      @subscribeTo("*")
      add(_a: number, _b: number): void {}

      // @ts-expect-error there is no such option
      @subscribeTo("*", { timeout: 5 })
      see(): void {}
    }

    expectTypeOf<Monitor>().toBeObject();
  });

  it("is no decorator of plain functions", () => {
    // @ts-expect-error without a bus nothing would subscribe it
    subscribeTo("*")(() => {});
  });

  it("shows functions the untyped event of an untyped bus", () => {
    subscribeTo("order.placed", { bus: plainBus })((event) => {
      expectTypeOf(event).toEqualTypeOf<BusEvent>();
    });
    const handler = subscribeTo("order.placed", { bus: plainBus })((event: Placed) => event.data.total);

    expectTypeOf(handler).toEqualTypeOf<(event: Placed) => number>();
  });
});

describe("subscribeTo with a bus", () => {
  it("infers the event from the bus's catalog and the pattern", () => {
    subscribeTo("order.placed", { bus })((event, ctx) => {
      expectTypeOf(event).toEqualTypeOf<EventsMatching<Events, "order.placed">>();
      expectTypeOf(event.data.total).toEqualTypeOf<number>();
      expectTypeOf(ctx.publish).toEqualTypeOf(bus.publish);
    });
    subscribeTo("order.*", { bus })((event) => {
      expectTypeOf(event.name).toEqualTypeOf<"order.placed" | "order.cancelled">();
    });
  });

  it("returns the handler's own type", () => {
    const handler = subscribeTo("order.placed", { bus })(async (event) => event.data.orderId);

    expectTypeOf(handler).returns.resolves.toEqualTypeOf<string>();
  });

  it("shows orderBy the event that the handler gets", () => {
    subscribeTo("order.placed", {
      bus,
      orderBy: (event) => {
        expectTypeOf(event).toEqualTypeOf<Placed>();
        return event.data.orderId;
      },
    })((event) => event.data.total);
    subscribeTo("order.*", { bus, orderBy: (event) => event.data.orderId });
    subscribeTo("order.*", { bus: plainBus, orderBy: (event: Placed) => event.data.orderId });
    // @ts-expect-error the event may be order.cancelled
    subscribeTo("order.*", { bus, orderBy: (event) => event.data.total });
  });

  it("refuses patterns and handlers that do not fit the catalog", () => {
    // @ts-expect-error no event in the catalog matches
    subscribeTo("user.created", { bus });
    // @ts-expect-error the data has no field "missing"
    subscribeTo("order.placed", { bus })((event) => event.data.missing);
    // @ts-expect-error the event may be order.cancelled
    subscribeTo("order.*", { bus })((event: Placed) => event.data.total);
  });

  it("checks methods against the catalog", () => {
    class Billing {
      @subscribeTo("order.placed", { bus })
      charge(_event: Placed, _ctx: HandlerContext): void {}

      // @ts-expect-error the event may be order.cancelled
      @subscribeTo("order.*", { bus })
      refund(_event: Placed): void {}
    }

    expectTypeOf(Billing.prototype.charge).toBeFunction();
  });
});

describe("subscribeTo<typeof events>()", () => {
  const onOrders = subscribeTo<Events>();

  it("checks methods against the catalog", () => {
    class Billing {
      @onOrders("order.placed", { name: "billing" })
      charge(_event: Placed, _ctx: HandlerContext): void {}

      @onOrders("order.*")
      any(_event: EventsMatching<Events, "order.*">): void {}

      @onOrders("report.{name}.ready")
      #send(_event: BusEvent<`report.${string}.ready`, { url: string }>): void {}

      // @ts-expect-error the event may be order.cancelled
      @onOrders("order.*")
      refund(_event: Placed): void {}

      // @ts-expect-error no event in the catalog matches
      @onOrders("user.created")
      greet(): void {
        void this.#send;
      }
    }

    expectTypeOf(Billing.prototype.charge).toBeFunction();
  });

  it("shows orderBy the event that the method gets", () => {
    onOrders("order.placed", { orderBy: (event) => event.data.orderId });
    // @ts-expect-error the event may be order.cancelled
    onOrders("order.*", { orderBy: (event) => event.data.total });
  });

  it("takes a context whose publish knows the catalog", () => {
    class Billing {
      @onOrders("order.placed")
      charge(_event: Placed, ctx: ContextOf<Events>): void {
        void ctx.publish("order.cancelled", { orderId: "o-1" });
        // @ts-expect-error the data lacks fields
        void ctx.publish("order.placed", {});
        // @ts-expect-error no event in the catalog is called so
        void ctx.publish("nope.nope", 3);
      }

      @subscribeTo("order.placed") // of any catalog
      ship(_event: Placed, ctx: ContextOf<Events>): void {
        // @ts-expect-error no event in the catalog is called so
        void ctx.publish("nope.nope", 3);
      }
    }

    expectTypeOf<ContextOf<Events>["publish"]>().toEqualTypeOf(bus.publish);

    expectTypeOf<Billing>().toBeObject();
  });
});

describe("publishEvent", () => {
  it("returns the function's own type", () => {
    function charge<Order extends { id: string }>(order: Order, _times = 1): Promise<Order> {
      return Promise.resolve(order);
    }

    const wrapped = publishEvent("action.{name}", { bus: plainBus, source: "billing" })(charge);

    expectTypeOf(wrapped).toEqualTypeOf<typeof charge>();
  });

  it("lets the bus say what the handler inside takes", () => {
    const around = publishEvent("action.{name}", { bus: systemBus });

    bus.subscribe(
      "order.placed",
      around((event, ctx) => {
        expectTypeOf(event).toEqualTypeOf<EventsMatching<Events, "order.placed">>();
        expectTypeOf(ctx.publish).toEqualTypeOf(bus.publish);
      }),
    );
  });

  it("leaves a method's type alone", () => {
    class Billing {
      @publishEvent("action.{name}", { bus: systemBus })
      async charge(orderId: string): Promise<number> {
        return orderId.length;
      }
    }

    expectTypeOf<Billing["charge"]>().toEqualTypeOf<(orderId: string) => Promise<number>>();
  });

  it("wants data as the catalog has it", () => {
    publishEvent("order.cancelled", { bus, data: (orderId: string) => ({ orderId }) })((_orderId: string) => {});
    publishEvent("noted.anything", { bus })(() => {});
    // @ts-expect-error the schema wants an orderId
    publishEvent("order.cancelled", { bus });
    // @ts-expect-error an orderId is a string
    publishEvent("order.cancelled", { bus, data: (orderId: number) => ({ orderId }) });
  });

  it("refuses functions whose arguments `data` cannot take", () => {
    const around = publishEvent("order.cancelled", { bus, data: (orderId: string) => ({ orderId }) });

    around((_orderId: string, _reason: string) => {});
    // @ts-expect-error a number is no orderId
    around((_id: number) => {});
    // @ts-expect-error there is no argument to take the orderId from
    around(() => {});
  });

  it("refuses names that the catalog does not have", () => {
    // @ts-expect-error no event in the catalog is called so
    publishEvent("user.created", { bus });
    // @ts-expect-error the catalog has no actions
    publishEvent("action.{name}", { bus });
    // @ts-expect-error a pattern is no name
    publishEvent("order.*", { bus: plainBus });
    publishEvent("action.{name}", { bus: systemBus });
    publishEvent("action.charge.start", { bus: systemBus });
  });
});

describe("withErrorBoundary", () => {
  it("adds undefined to what a handler returns", () => {
    const double = withErrorBoundary((n: number) => n * 2);
    const load = withErrorBoundary(async (id: string) => id);
    const fail = withErrorBoundary(() => {
      throw new Error("always");
    });

    expectTypeOf(double).parameters.toEqualTypeOf<[n: number]>();
    expectTypeOf(double).returns.toEqualTypeOf<number | undefined>();
    expectTypeOf(load).returns.toEqualTypeOf<Promise<string | undefined>>();
    expectTypeOf(fail).returns.toEqualTypeOf<undefined>();
  });

  it("shows onError the handler's arguments", () => {
    withErrorBoundary((event: Placed) => event.data.total, {
      onError: (error, event) => {
        expectTypeOf(error).toBeUnknown();
        expectTypeOf(event).toEqualTypeOf<Placed>();
      },
      bus: systemBus,
    });
  });

  it("makes a handler that every bus takes", () => {
    const anyEvent = withErrorBoundary((event: BusEvent) => event.name);
    const placed = withErrorBoundary((event: Placed) => event.data.total);

    plainBus.subscribe("order.placed", anyEvent);
    bus.subscribe("order.placed", placed);
    // @ts-expect-error the event may be order.cancelled
    bus.subscribe("order.*", placed);
  });

  it("lets the bus say what the handler inside takes", () => {
    bus.subscribe(
      "order.placed",
      withErrorBoundary(
        async (event, ctx) => {
          expectTypeOf(event).toEqualTypeOf<EventsMatching<Events, "order.placed">>();
          expectTypeOf(ctx.publish).toEqualTypeOf(bus.publish);
        },
        { onError: (_error, event) => event.data.total },
      ),
    );
  });

  it("takes its options first too, as the other decorators do", () => {
    const safely = withErrorBoundary({ onError: (error) => error });
    const double = safely((n: number) => n * 2);
    const load = withErrorBoundary()(async (id: string) => id);

    expectTypeOf(double).parameters.toEqualTypeOf<[n: number]>();
    expectTypeOf(double).returns.toEqualTypeOf<number | undefined>();
    expectTypeOf(load).returns.toEqualTypeOf<Promise<string | undefined>>();
    plainBus.subscribe(
      "order.placed",
      safely(() => {}),
    );
    bus.subscribe(
      "order.placed",
      safely((event, ctx) => {
        expectTypeOf(event).toEqualTypeOf<EventsMatching<Events, "order.placed">>();
        expectTypeOf(ctx.publish).toEqualTypeOf(bus.publish);
      }),
    );
    const placed = safely((event: Placed) => event.data.total);
    // @ts-expect-error the event may be order.cancelled
    bus.subscribe("order.*", placed);
  });

  it("wants a handler that takes what onError takes", () => {
    const told = withErrorBoundary({ onError: (_error, event: Placed) => event.data.total });
    const safe = told((event: Placed) => event.data.orderId);

    expectTypeOf(safe).parameters.toEqualTypeOf<[event: Placed]>();
    // @ts-expect-error onError would be shown a number
    void told((n: number) => n);

    class Mailer {
      @told
      send(_event: Placed, _ctx: HandlerContext): void {}

      // @ts-expect-error onError would be shown a number
      @told
      count(_n: number): void {}
    }

    expectTypeOf<Mailer>().toBeObject();
  });

  it("decorates methods that may return undefined", () => {
    class Mailer {
      @withErrorBoundary
      send(_event: BusEvent): void {}

      @withErrorBoundary({ bus })
      async load(_event: BusEvent): Promise<string | undefined> {
        return undefined;
      }

      // @ts-expect-error it would return undefined, which its type does not allow
      @withErrorBoundary
      count(): number {
        return 1;
      }

      // @ts-expect-error it would resolve with undefined, which its type does not allow
      @withErrorBoundary()
      async total(): Promise<number> {
        return 1;
      }
    }

    expectTypeOf<Mailer["load"]>().returns.resolves.toEqualTypeOf<string | undefined>();
  });
});
