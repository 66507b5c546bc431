import { describe, expect, it } from "vitest";
import { conservationViolations } from "./support/conservation.ts";
import { createBus, settleTurns, thrownBy, watchUnhandled } from "./support/test-bus.ts";

describe("bus.use", () => {
  it("wraps handlers like an onion, the first outermost", async () => {
    const { bus } = createBus();
    const order: string[] = [];
    for (const name of ["outer", "inner"]) {
      bus.use(async (_event, _ctx, next) => {
        order.push(`${name} before`);
        await next();
        order.push(`${name} after`);
      });
    }
    bus.subscribe("a", async () => void order.push("handler"));

    await bus.publish("a");

    expect(order).toEqual(["outer before", "inner before", "handler", "inner after", "outer after"]);
  });

  it("keeps a synchronous handler synchronous", () => {
    const { bus } = createBus();
    const order: string[] = [];
    bus.use((_event, _ctx, next) => next());
    bus.subscribe("a", () => void order.push("handler"));

    void bus.publish("a");

    expect(order).toEqual(["handler"]);
  });

  it("wraps handlers that were subscribed before", async () => {
    const { bus } = createBus();
    let calls = 0;
    bus.subscribe("a", () => {});

    bus.use((_event, _ctx, next) => {
      calls++;
      return next();
    });
    await bus.publish("a");

    expect(calls).toBe(1);
  });

  it("stops when it is disposed", async () => {
    const { bus } = createBus();
    let calls = 0;
    const using = bus.use((_event, _ctx, next) => {
      calls++;
      return next();
    });
    bus.subscribe("a", () => {});
    await bus.publish("a");

    using[Symbol.dispose]();
    await bus.publish("a");

    expect(calls).toBe(1);
    expect(bus.stats().handled).toBe(2);
  });

  it("takes away one use of a function that was added twice", async () => {
    const { bus } = createBus();
    let calls = 0;
    const count = (_event: unknown, _ctx: unknown, next: () => unknown): unknown => {
      calls++;
      return next();
    };
    bus.use(count);
    const second = bus.use(count);
    bus.subscribe("a", () => {});
    await bus.publish("a");

    second[Symbol.dispose]();
    await bus.publish("a");

    expect(calls).toBe(3);
  });

  it("sees the event and the context of the handler", async () => {
    const { bus } = createBus();
    const seen: unknown[] = [];
    bus.use((event, ctx, next) => {
      seen.push(event, ctx);
      return next();
    });
    bus.subscribe("a", (event, ctx) => void seen.push(event, ctx));

    await bus.publish("a");

    expect(seen.slice(0, 2)).toEqual(seen.slice(2));
    expect(seen[1]).toBe(seen[3]);
  });

  it("runs once for each attempt", async () => {
    const { bus } = createBus();
    const attempts: number[] = [];
    bus.use((_event, { attempt }, next) => {
      attempts.push(attempt);
      return next();
    });
    bus.subscribe(
      "a",
      () => {
        throw new Error("boom");
      },
      { retry: { maxAttempts: 3, backoff: { initialMs: 0 } } },
    );

    await bus.publish("a");

    expect(attempts).toEqual([1, 2, 3]);
  });

  it("counts as handled what it does not pass on", async () => {
    const { bus } = createBus();
    let calls = 0;
    bus.use(() => undefined);
    bus.subscribe("a", () => calls++);

    const { deliveries } = await bus.publish("a");

    expect(calls).toBe(0);
    expect(deliveries).toMatchObject([{ outcome: "handled" }]);
  });

  it("passes the handler's failure to the middleware", async () => {
    const { bus } = createBus();
    const caught: unknown[] = [];
    bus.use(async (_event, _ctx, next) => {
      try {
        await next();
      } catch (error) {
        caught.push(error);
      }
    });
    bus.subscribe("a", () => {
      throw new Error("boom");
    });

    const { deliveries } = await bus.publish("a");

    expect(caught).toMatchObject([{ message: "boom" }]);
    expect(deliveries).toMatchObject([{ outcome: "handled" }]);
  });

  it.each(["sync", "async"] as const)("fails the delivery when it throws: %s", async (kind) => {
    const { bus } = createBus();
    const fail = (): never => {
      throw new Error("middleware");
    };
    bus.use(kind === "sync" ? fail : async () => fail());
    bus.subscribe("a", () => {});

    const { deliveries } = await bus.publish("a");

    expect(deliveries).toMatchObject([{ outcome: "failed", error: { message: "middleware" } }]);
    expect(conservationViolations(bus.stats())).toEqual([]);
  });

  it("runs the handler once when next is called twice, and fails", async () => {
    const { bus } = createBus();
    let calls = 0;
    bus.use(function twice(_event, _ctx, next) {
      next();
      return next();
    });
    bus.subscribe("a", () => calls++);

    const { deliveries } = await bus.publish("a");

    expect(calls).toBe(1);
    expect(deliveries).toMatchObject([
      { outcome: "failed", error: { code: "NEXT_CALLED_TWICE", message: 'middleware "twice" called next() twice' } },
    ]);
  });

  it("may call next anew in the next attempt", async () => {
    const { bus } = createBus();
    bus.use((_event, _ctx, next) => next());
    bus.subscribe(
      "a",
      (_, { attempt }) => {
        if (attempt === 1) throw new Error("boom");
      },
      { retry: { maxAttempts: 2, backoff: { initialMs: 0 } } },
    );

    const { deliveries } = await bus.publish("a");

    expect(deliveries).toMatchObject([{ outcome: "handled", attempts: 2 }]);
  });

  it("raises no unhandled rejection when it forgets the promise of a handler that fails", async () => {
    const { bus } = createBus();
    using unhandled = watchUnhandled();
    bus.use((_event, _ctx, next) => void next());
    bus.subscribe("a", async () => {
      throw new Error("boom");
    });

    await bus.publish("a");
    await settleTurns();

    expect(unhandled.rejections).toEqual([]);
  });

  it.each([undefined, null, {}, "log"])("refuses %j as middleware", (middleware) => {
    const { bus } = createBus();

    expect(thrownBy(() => bus.use(middleware as never))).toMatchObject({ code: "INVALID_HANDLER" });
  });
});
