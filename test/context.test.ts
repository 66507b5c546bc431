import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, it } from "vitest";
import { currentEvent, logFields } from "../src/context.ts";
import type { BusEvent } from "../src/event/event.ts";
import { createBus, deferred, settleTurns } from "./support/test-bus.ts";

describe("currentEvent", () => {
  it("is undefined outside a handler", () => {
    expect(currentEvent()).toBeUndefined();
  });

  it("is the event being handled", async () => {
    const { bus } = createBus();
    const seen: unknown[] = [];
    bus.subscribe("a", (event) => void seen.push(currentEvent() === event));

    await bus.publish("a");

    expect(seen).toEqual([true]);
  });

  it.each<readonly [what: string, pause: () => Promise<unknown>]>([
    ["a microtask", () => Promise.resolve()],
    ["a turn", () => settleTurns(1)],
    ["a timer", () => new Promise((resolve) => setTimeout(resolve, 1))],
    ["nextTick", () => new Promise<void>((resolve) => process.nextTick(() => resolve()))],
  ])("is the event being handled after an await of %s", async (_, pause) => {
    const { bus } = createBus();
    const seen: unknown[] = [];
    bus.subscribe("a", async (event) => {
      await pause();
      seen.push(currentEvent() === event);
    });

    await bus.publish("a");

    expect(seen).toEqual([true]);
  });

  it("is the event in a timer that the handler left behind", async () => {
    const { bus } = createBus();
    const done = deferred<unknown>();
    bus.subscribe("a", () => void setTimeout(() => done.resolve(currentEvent()?.name), 1));

    await bus.publish("a");

    expect(await done.promise).toBe("a");
  });

  it("is the event in every attempt", async () => {
    const { bus } = createBus();
    const seen: unknown[] = [];
    bus.subscribe(
      "a",
      (event, { attempt }) => {
        seen.push(currentEvent() === event);
        if (attempt < 3) throw new Error("boom");
      },
      { retry: { maxAttempts: 3, backoff: { initialMs: 1 } } },
    );

    await bus.publish("a");

    expect(seen).toEqual([true, true, true]);
  });

  it("is the event in middleware", async () => {
    const { bus } = createBus();
    const seen: unknown[] = [];
    bus.use((event, _, next) => {
      seen.push(currentEvent() === event);
      return next();
    });
    bus.subscribe("a", () => {});

    await bus.publish("a");

    expect(seen).toEqual([true]);
  });

  it("is the inner event in a nested publish, and the outer one after it", async () => {
    const { bus } = createBus();
    const names: unknown[] = [];
    bus.subscribe("outer", async () => {
      names.push(currentEvent()?.name);
      await bus.publish("inner");
      names.push(currentEvent()?.name);
    });
    bus.subscribe("inner", async () => {
      await null;
      names.push(currentEvent()?.name);
    });

    await bus.publish("outer");

    expect(names).toEqual(["outer", "inner", "outer"]);
  });

  it("is undefined again after the publish", async () => {
    const { bus } = createBus();
    bus.subscribe("a", async () => {});

    const published = bus.publish("a");
    const between = currentEvent();
    await published;

    expect([between, currentEvent()]).toEqual([undefined, undefined]);
  });

  it("does not mix up handlers that run at the same time", async () => {
    const { bus } = createBus();
    const mixed: boolean[] = [];
    bus.subscribe("*", async (event) => {
      for (let i = 0; i < 5; i++) {
        await settleTurns(1);
        mixed.push(currentEvent() !== event);
      }
    });

    await Promise.all(["a", "b", "c"].map((name) => bus.publish(name)));

    expect(mixed).toEqual(Array(15).fill(false));
  });

  it("is undefined in a handler of a bus with ambient: false", async () => {
    const { bus } = createBus({ ambient: false });
    const seen: unknown[] = [];
    bus.subscribe("a", async () => {
      seen.push(currentEvent());
      await null;
      seen.push(currentEvent());
    });

    await bus.publish("a");

    expect(seen).toEqual([undefined, undefined]);
  });

  it("is the event of the innermost bus", async () => {
    const first = createBus().bus;
    const second = createBus().bus;
    const names: unknown[] = [];
    first.subscribe("a", async () => {
      await second.publish("b");
      names.push(currentEvent()?.name);
    });
    second.subscribe("b", () => void names.push(currentEvent()?.name));

    await first.publish("a");

    expect(names).toEqual(["b", "a"]);
  });

  it("survives code that uses async storage of its own", async () => {
    const { bus } = createBus();
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    bus.subscribe("a", () =>
      storage.run("mine", async () => {
        await null;
        seen.push(currentEvent()?.name, storage.getStore());
      }),
    );

    await bus.publish("a");

    expect(seen).toEqual(["a", "mine"]);
  });

  it("keeps the async storage of the publisher for the handler", async () => {
    const { bus } = createBus();
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    bus.subscribe("a", async () => {
      await null;
      seen.push(storage.getStore());
    });

    await storage.run("request 1", () => bus.publish("a"));

    expect(seen).toEqual(["request 1"]);
  });

  it("is not the event of an earlier handler in an event stream's loop", async () => {
    const { bus } = createBus();
    const stream = bus.events("a");
    const next = stream.next();

    void bus.publish("a");
    await next;

    expect(currentEvent()).toBeUndefined();
  });
});

describe("logFields", () => {
  it("is empty outside a handler where nothing traces", () => {
    expect(logFields()).toEqual({});
  });

  it("names the event and the subscription", async () => {
    logFields(); // the first call asks for subscriptions to be kept
    const { bus } = createBus();
    const fields: unknown[] = [];
    bus.subscribe("a", () => void fields.push(logFields()), { name: "billing" });

    const { id, correlationId } = await bus.publish("a");

    expect(fields).toEqual([{ correlation_id: correlationId, event_id: id, event_name: "a", subscription: "billing" }]);
  });

  it("names the causing event", async () => {
    const { bus } = createBus();
    const fields: Record<string, unknown>[] = [];
    bus.subscribe("a", () => bus.publish("b"));
    bus.subscribe("b", () => void fields.push(logFields()), { name: "second" });

    const { id } = await bus.publish("a");

    expect(fields[0]).toMatchObject({ causation_id: id, event_name: "b", subscription: "second" });
  });

  it("names each handler's own subscription, also after an await", async () => {
    logFields();
    const { bus } = createBus();
    const names: unknown[] = [];
    const log = async (): Promise<void> => {
      await settleTurns(1);
      names.push(logFields().subscription);
    };
    bus.subscribe("a", log, { name: "first" });
    bus.subscribe("a", log, { name: "second" });

    await bus.publish("a");

    expect(names.toSorted()).toEqual(["first", "second"]);
  });

  it("keeps what was published inside a handler tied to its event", async () => {
    logFields();
    const { bus } = createBus();
    const seen: BusEvent[] = [];
    bus.subscribe("a", async () => {
      await null;
      await bus.publish("b");
    });
    bus.subscribe("b", (event) => void seen.push(event));

    const { id } = await bus.publish("a");

    expect(seen[0]?.causationId).toBe(id);
  });

  it("holds no data of the event", async () => {
    const { bus } = createBus();
    const fields: unknown[] = [];
    bus.subscribe("a", () => void fields.push(logFields()));

    await bus.publish("a", { secret: "s3cr3t" });

    expect(JSON.stringify(fields)).not.toContain("s3cr3t");
  });
});
