import { describe, expect, it } from "vitest";
import type { BusEvent } from "../../src/event/event.ts";
import { publishEvent, subscribeTo, withErrorBoundary } from "../../src/index.ts";
import { createBus, rejectionOf, thrownBy } from "../support/test-bus.ts";

describe("@subscribeTo", () => {
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

  it("subscribes nothing by itself", async () => {
    class Monitor {
      readonly events: BusEvent[] = [];

      @subscribeTo("*")
      see(event: BusEvent): void {
        this.events.push(event);
      }
    }
    const { bus } = createBus();
    const monitor = new Monitor();

    await bus.publish("order.placed");

    expect(monitor.events).toEqual([]);
  });

  it("leaves a method that can be called as before", () => {
    class Orders {
      @subscribeTo("order.placed")
      describe(event: { readonly name: string }): string {
        return `saw ${event.name}`;
      }
    }

    const text = new Orders().describe({ name: "order.placed" });

    expect(text).toBe("saw order.placed");
    expect([Orders.prototype.describe.name, Orders.prototype.describe.length]).toEqual(["describe", 1]);
  });

  it("reaches private methods", async () => {
    class Vault {
      readonly #seen: string[] = [];

      get seen(): readonly string[] {
        return this.#seen;
      }

      @subscribeTo("vault.opened")
      #onOpened(event: { readonly name: string }): void {
        this.#seen.push(event.name);
      }

      open(): void {
        this.#onOpened({ name: "by hand" });
      }
    }
    const { bus } = createBus();
    const vault = new Vault();

    const { subscriptions } = bus.attach(vault);
    await bus.publish("vault.opened");
    vault.open();

    expect(vault.seen).toEqual(["vault.opened", "by hand"]);
    expect(subscriptions.map((each) => each.name)).toEqual(["Vault.#onOpened"]);
  });

  it("takes several patterns on one method", async () => {
    class Orders {
      readonly names: string[] = [];

      @subscribeTo("order.placed")
      @subscribeTo("order.cancelled")
      on(event: BusEvent): void {
        this.names.push(event.name);
      }
    }
    const { bus } = createBus();
    const orders = new Orders();

    bus.attach(orders);
    await bus.publish("order.placed");
    await bus.publish("order.cancelled");

    expect(orders.names).toEqual(["order.placed", "order.cancelled"]);
  });

  it("is inherited, and calls the override", async () => {
    class Base {
      readonly calls: string[] = [];

      @subscribeTo("order.placed")
      on(): void {
        this.calls.push("base");
      }

      @subscribeTo("order.cancelled")
      onCancelled(): void {
        this.calls.push("base cancelled");
      }
    }
    class Override extends Base {
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
    expect(subscriptions.map((each) => each.name)).toEqual(["Override.on", "Override.onCancelled"]);
  });

  it("counts once where a method and its override are marked with one pattern", async () => {
    class Base {
      calls = 0;

      @subscribeTo("order.placed")
      on(): void {
        this.calls++;
      }
    }
    class Override extends Base {
      @subscribeTo("order.placed")
      override on(): void {
        this.calls += 10;
      }
    }
    const { bus } = createBus();
    const instance = new Override();

    bus.attach(instance);
    await bus.publish("order.placed");

    expect(instance.calls).toBe(10);
  });

  it("serves instances apart, on as many buses as they are attached to", async () => {
    class Monitor {
      readonly names: string[] = [];

      @subscribeTo("*")
      see(event: BusEvent): void {
        this.names.push(event.name);
      }
    }
    const { bus: first } = createBus();
    const { bus: second } = createBus();
    const both = new Monitor();
    const one = new Monitor();

    const attached = first.attach(both);
    second.attach(both);
    second.attach(one);
    await first.publish("a.first");
    attached[Symbol.dispose]();
    await first.publish("a.late");
    await second.publish("a.second");

    expect(both.names).toEqual(["a.first", "a.second"]);
    expect(one.names).toEqual(["a.second"]);
  });

  it.each([
    ["around", "before"],
    ["inside", "after"],
  ])("works with other decorators %s it", async (place) => {
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

  it("names a method whose key is a symbol", () => {
    class Monitor {
      @subscribeTo("*")
      [Symbol("see")](): void {}
    }
    const { bus } = createBus();

    const { subscriptions } = bus.attach(new Monitor());

    expect(subscriptions.map((each) => each.name)).toEqual(["Monitor.see"]);
  });

  it("refuses what is no method", () => {
    const decorate = subscribeTo("*") as (value: unknown, context: unknown) => void;

    const error = thrownBy(
      () =>
        class {
          @decorate
          field = 1;
        },
    );

    expect(error).toMatchObject({
      code: "INVALID_HANDLER",
      message: "subscribeTo goes around a function or on a method, not on a field",
    });
  });

  it("refuses a static method, which has no instance to attach", () => {
    const error = thrownBy(
      () =>
        class {
          readonly id = 1;

          @subscribeTo("*")
          static see(): void {}
        },
    );

    expect(error).toMatchObject({
      code: "INVALID_OPTION",
      message: 'cannot subscribe the static method "see" to "*": it has no instance to attach; give the option bus',
    });
  });
});

describe("@subscribeTo with a bus", () => {
  it("subscribes each instance when it is constructed", async () => {
    const { bus } = createBus();
    class Monitor {
      readonly names: string[] = [];

      @subscribeTo("*", { bus })
      see(event: BusEvent): void {
        this.names.push(event.name);
      }

      @subscribeTo("order.*", { bus })
      #seeOrder(event: { readonly name: string }): void {
        this.names.push(`order ${event.name}`);
      }

      open(): void {
        this.#seeOrder({ name: "by hand" });
      }
    }
    await bus.publish("order.early");
    const monitor = new Monitor();

    await bus.publish("order.placed");

    expect(monitor.names).toEqual(["order.placed", "order order.placed"]);
    expect(bus.describe().subscriptions.map((each) => each.name)).toEqual(["Monitor.see", "Monitor.#seeOrder"]);
  });

  it("subscribes a static method with the class as `this`", async () => {
    const { bus } = createBus();
    const names: string[] = [];
    class Monitor {
      readonly id = 1;

      @subscribeTo("*", { bus, retry: { maxAttempts: 2 } })
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

  it("counts once where a method and its override are decorated, with the override's options", async () => {
    const { bus } = createBus();
    class Base {
      calls = 0;

      @subscribeTo("order.placed", { bus, name: "base" })
      on(): void {
        this.calls++;
      }
    }
    class Override extends Base {
      @subscribeTo("order.placed", { bus, name: "override" })
      override on(): void {
        this.calls += 10;
      }
    }

    const instance = new Override();
    await bus.publish("order.placed");

    expect(instance.calls).toBe(10);
    expect(bus.describe().subscriptions.map((each) => each.name)).toEqual(["override"]);
  });

  it("subscribes private methods of one name in a class and its base, which are two", async () => {
    const { bus } = createBus();
    const calls: string[] = [];
    class Base {
      @subscribeTo("order.placed", { bus })
      #on(): void {
        calls.push("base");
      }

      callBase(): void {
        this.#on();
      }
    }
    class Derived extends Base {
      @subscribeTo("order.placed", { bus, name: "derived" })
      #on(): void {
        calls.push("derived");
      }

      callDerived(): void {
        this.#on();
      }
    }

    const instance = new Derived();
    await bus.publish("order.placed");

    expect(instance).toBeInstanceOf(Base);
    expect(calls).toEqual(["base", "derived"]);
  });

  it("subscribes one method on several buses", async () => {
    const { bus: first } = createBus();
    const { bus: second } = createBus();
    class Monitor {
      readonly names: string[] = [];

      @subscribeTo("*", { bus: first })
      @subscribeTo("*", { bus: second })
      see(event: BusEvent): void {
        this.names.push(event.name);
      }
    }
    const monitor = new Monitor();

    await first.publish("a.first");
    await second.publish("a.second");

    expect(monitor.names).toEqual(["a.first", "a.second"]);
  });
});

describe("@publishEvent", () => {
  it("publishes around a method, which keeps `this`, name and length", async () => {
    const { bus } = createBus();
    const events: unknown[] = [];
    bus.subscribe("action.**", (event) => void events.push([event.name, event.source]));
    class Account {
      balance = 10;

      @publishEvent("action.{name}", { bus, source: "bank" })
      async withdraw(amount: number): Promise<number> {
        this.balance -= amount;
        return this.balance;
      }
    }

    const left = await new Account().withdraw(4);

    expect(left).toBe(6);
    expect([Account.prototype.withdraw.name, Account.prototype.withdraw.length]).toEqual(["withdraw", 1]);
    expect(events).toEqual([
      ["action.withdraw.start", "bank"],
      ["action.withdraw.success", "bank"],
    ]);
  });

  it("publishes around private and static methods, named without their mark", async () => {
    const { bus } = createBus();
    const names: string[] = [];
    bus.subscribe("action.**", (event) => void names.push(event.name));
    class Account {
      open(): void {
        this.#check();
        Account.log();
      }

      @publishEvent("action.{name}", { bus })
      #check(): void {}

      @publishEvent("action.{name}", { bus })
      static log(): void {}
    }

    new Account().open();

    expect(names).toEqual(["action.check.start", "action.check.success", "action.log.start", "action.log.success"]);
  });

  it("rethrows what the method throws, to super callers too", async () => {
    const { bus } = createBus();
    const names: string[] = [];
    bus.subscribe("action.**", (event) => void names.push(event.name));
    class Base {
      @publishEvent("action.{name}", { bus })
      async save(): Promise<void> {
        throw new Error("disk full");
      }
    }
    class Derived extends Base {
      override async save(): Promise<void> {
        await super.save();
      }
    }

    const error = await rejectionOf(new Derived().save());

    expect(error).toMatchObject({ message: "disk full" });
    expect(names).toEqual(["action.save.start", "action.save.failure"]);
  });

  it("refuses what is no method", () => {
    const { bus } = createBus();
    const decorate = publishEvent("order.placed", { bus }) as (value: unknown, context: unknown) => never;

    const error = thrownBy(
      () =>
        class {
          @decorate
          get total(): number {
            return 1;
          }
        },
    );

    expect(error).toMatchObject({ code: "INVALID_HANDLER" });
  });
});

describe("@withErrorBoundary", () => {
  it("catches what a method throws, without options and with", async () => {
    const { bus } = createBus();
    const failures: unknown[] = [];
    const told: unknown[] = [];
    bus.subscribe("action.*.failure", (event) => void failures.push(event.name));
    class Mailer {
      readonly reason = "no route";

      @withErrorBoundary({ bus })
      async send(): Promise<void> {
        throw new Error(this.reason);
      }

      @withErrorBoundary({ onError: (error) => told.push(error) })
      count(): number | undefined {
        throw new Error(this.reason);
      }
    }
    const mailer = new Mailer();

    const results = [await mailer.send(), mailer.count()];

    expect(results).toEqual([undefined, undefined]);
    expect(failures).toEqual(["action.send.failure"]);
    expect(told).toMatchObject([{ message: "no route" }]);
  });

  it("passes on to the bus what a subscribed method throws", async () => {
    const { bus } = createBus();
    const reported: unknown[] = [];
    bus.onError((failure) => reported.push([failure.subscription, (failure.error as Error).message]));
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
    expect(reported).toEqual([["Mailer.send", "no route"]]);
  });
});
