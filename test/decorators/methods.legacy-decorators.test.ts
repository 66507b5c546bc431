import { describe, expect, it } from "vitest";
import { z } from "zod";
import { defineEvents } from "../../src/catalog/catalog.ts";
import type { BusEvent } from "../../src/event/event.ts";
import { publishEvent, subscribeTo, withErrorBoundary } from "../../src/index.ts";
import { createBus, rejectionOf, thrownBy } from "../support/test-bus.ts";

describe("@subscribeTo as a legacy decorator", () => {
  it("marks methods that bus.attach subscribes, with their options and `this`", async () => {
    class Connections {
      readonly names: string[] = [];

      @subscribeTo("connection.registered")
      onRegistered(event: BusEvent): void {
        this.names.push(event.name);
      }

      @subscribeTo("connection.*", { name: "monitor", timeoutMs: 50 })
      onAny(event: BusEvent): void {
        this.names.push(`any ${event.name}`);
      }
    }
    const { bus } = createBus();
    const connections = new Connections();

    const attached = bus.attach(connections);
    await bus.publish("connection.registered");

    expect(attached.subscriptions.map((each) => each.name)).toEqual(["Connections.onRegistered", "monitor"]);
    expect(connections.names).toEqual(["connection.registered", "any connection.registered"]);
  });

  it("takes several patterns on one method, and serves several buses", async () => {
    class Orders {
      readonly names: string[] = [];

      @subscribeTo("order.placed")
      @subscribeTo("order.cancelled")
      on(event: BusEvent): void {
        this.names.push(event.name);
      }
    }
    const { bus: first } = createBus();
    const { bus: second } = createBus();
    const orders = new Orders();

    first.attach(orders);
    second.attach(orders);
    await first.publish("order.placed");
    await second.publish("order.cancelled");

    expect(orders.names).toEqual(["order.placed", "order.cancelled"]);
  });

  it("is inherited, calls the override, and takes the options of the override's own mark", async () => {
    class Base {
      readonly calls: string[] = [];

      @subscribeTo("order.placed", { name: "base" })
      on(): void {
        this.calls.push("base");
      }

      @subscribeTo("order.cancelled")
      onCancelled(): void {
        this.calls.push("base cancelled");
      }
    }
    class Override extends Base {
      @subscribeTo("order.placed", { name: "override" })
      override on(): void {
        this.calls.push("override");
      }
    }
    const { bus } = createBus();
    const instance = new Override();

    const { subscriptions } = bus.attach(instance);
    await bus.publish("order.placed");
    await bus.publish("order.cancelled");

    expect(instance.calls).toEqual(["override", "base cancelled"]);
    expect(subscriptions.map((each) => each.name)).toEqual(["override", "Override.onCancelled"]);
  });

  it.each(["around", "inside"])("works with other decorators %s it", async (place) => {
    const { bus } = createBus();
    const names: string[] = [];
    bus.subscribe("action.**", (event) => void names.push(event.name));
    class Around {
      @publishEvent("action.{name}", { bus })
      @subscribeTo("order.placed")
      charge(): void {
        names.push("charge");
      }
    }
    class Inside {
      @subscribeTo("order.placed")
      @publishEvent("action.{name}", { bus })
      charge(): void {
        names.push("charge");
      }
    }

    bus.attach(place === "around" ? new Around() : new Inside());
    await bus.publish("order.placed");

    expect(names).toEqual(["action.charge.start", "charge", "action.charge.success"]);
  });

  it("subscribes a static method at once, with a bus", async () => {
    const { bus } = createBus();
    const names: string[] = [];
    class Monitor {
      readonly id = 1;

      @subscribeTo("*", { bus })
      static see(event: BusEvent): void {
        // biome-ignore lint/complexity/noThisInStatic: what `this` is, is what is tested
        names.push(`${this.name} ${event.name}`);
      }
    }

    await bus.publish("order.placed");

    expect(Monitor.see).toBeTypeOf("function");
    expect(names).toEqual(["Monitor order.placed"]);
    expect(bus.describe().subscriptions.map((each) => each.name)).toEqual(["Monitor.see"]);
  });

  it("refuses a static method without a bus", () => {
    const error = thrownBy(() => {
      class Monitor {
        readonly id = 1;

        @subscribeTo("*")
        static see(): void {}
      }
      return Monitor;
    });

    expect(error).toMatchObject({ code: "INVALID_OPTION" });
  });

  it("refuses an instance method with a bus, and says what to do", () => {
    const { bus } = createBus();

    const error = thrownBy(() => {
      class Monitor {
        @subscribeTo("*", { bus })
        see(): void {}
      }
      return Monitor;
    });

    expect(error).toMatchObject({
      code: "INVALID_OPTION",
      message:
        'cannot subscribe the method "see" to "*": legacy decorators do not see instances being made; leave bus out and call bus.attach(instance)',
    });
  });

  it("refuses what is no method", () => {
    const decorate = subscribeTo("*") as unknown as (target: object, key: string) => void;

    const error = thrownBy(() => {
      class Monitor {
        @decorate
        field = 1;
      }
      return Monitor;
    });

    expect(error).toMatchObject({
      code: "INVALID_HANDLER",
      message: "subscribeTo goes around a function or on a method, not on a property or an accessor",
    });
  });
});

describe("@publishEvent as a legacy decorator", () => {
  it("publishes around a method, which keeps `this`, name and length", async () => {
    const { bus } = createBus();
    const names: string[] = [];
    bus.subscribe("action.**", (event) => void names.push(event.name));
    class Account {
      balance = 10;

      @publishEvent("action.{name}", { bus })
      async withdraw(amount: number): Promise<number> {
        this.balance -= amount;
        return this.balance;
      }

      @publishEvent("action.{name}", { bus })
      static async close(): Promise<void> {
        throw new Error("not empty");
      }
    }

    const left = await new Account().withdraw(4);
    const error = await rejectionOf(Account.close());

    expect(left).toBe(6);
    expect(error).toMatchObject({ message: "not empty" });
    expect([Account.prototype.withdraw.name, Account.prototype.withdraw.length]).toEqual(["withdraw", 1]);
    expect(names).toEqual([
      "action.withdraw.start",
      "action.withdraw.success",
      "action.close.start",
      "action.close.failure",
    ]);
  });

  it("keeps the way to metadata that other decorators left on the method", () => {
    const { bus } = createBus();
    const routes = new WeakMap<object, string>();
    const route = (path: string) => (_target: object, _key: string, descriptor: PropertyDescriptor) => {
      routes.set(descriptor.value, path);
    };
    class Controller {
      @publishEvent("action.{name}", { bus })
      @route("/orders")
      list(): void {}
    }

    const found = routes.get(Object.getPrototypeOf(Controller.prototype.list));

    expect(found).toBe("/orders");
  });

  it("works inside a composed decorator that ignores what it returns, as Nest's applyDecorators does", () => {
    const { bus } = createBus();
    const names: string[] = [];
    bus.subscribe("action.**", (event) => void names.push(event.name));
    const composed = (target: object, key: string, descriptor: TypedPropertyDescriptor<() => void>): void => {
      publishEvent("action.{name}", { bus })(target, key, descriptor);
    };
    class Controller {
      @composed
      list(): void {}
    }

    new Controller().list();

    expect(names).toEqual(["action.list.start", "action.list.success"]);
  });
});

describe("@withErrorBoundary as a legacy decorator", () => {
  it("catches what a method throws", async () => {
    const told: unknown[] = [];
    class Mailer {
      readonly reason = "no route";

      @withErrorBoundary({ onError: (error) => told.push(error) })
      async send(): Promise<void> {
        throw new Error(this.reason);
      }
    }

    const result = await new Mailer().send();

    expect(result).toBeUndefined();
    expect(told).toMatchObject([{ message: "no route" }]);
  });

  it("passes on to the bus what a subscribed method throws, without options", async () => {
    const { bus } = createBus();
    class Mailer {
      @subscribeTo("mail.wanted")
      @withErrorBoundary
      send(): void {
        throw new Error("no route");
      }
    }
    bus.attach(new Mailer());

    const { deliveries } = await bus.publish("mail.wanted");

    expect(deliveries.map((each) => each.outcome)).toEqual(["failed"]);
  });
});

describe("the types of legacy decorators", () => {
  it("check methods against a catalog, `data` and what a boundary returns", () => {
    const events = defineEvents({ "order.placed": { schema: z.object({ total: z.number() }) }, "order.cancelled": {} });
    const { bus } = createBus({ events });
    const onOrders = subscribeTo<typeof events>();
    const data = (total: number): { total: number } => ({ total });
    class Billing {
      @onOrders("order.placed")
      charge(_event: BusEvent<"order.placed", { total: number }>): void {}

      // @ts-expect-error the event may be order.cancelled
      @onOrders("order.*")
      refund(_event: BusEvent<"order.placed", { total: number }>): void {}

      @publishEvent("order.placed", { bus, data })
      place(total: number): number {
        return total;
      }

      // @ts-expect-error `data` takes a number
      @publishEvent("order.placed", { bus, data })
      cancel(_reason: string): void {}

      // @ts-expect-error it would return undefined, which its type does not allow
      @withErrorBoundary
      count(): number {
        return 1;
      }
    }

    const { subscriptions } = bus.attach(new Billing());

    expect(subscriptions.map((each) => each.pattern)).toEqual(["order.placed", "order.*"]);
  });
});
