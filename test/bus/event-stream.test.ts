import { getEventListeners } from "node:events";
import { describe, expect, it, vi } from "vitest";
import type { BusCore } from "../../src/bus/bus-core.ts";
import { type BusInside, INSIDE } from "../../src/bus/inside.ts";
import type { DefaultCatalog } from "../../src/catalog/catalog-types.ts";
import type { BusEvent } from "../../src/event/event.ts";
import type { EventBus } from "../../src/event-bus.ts";
import type { BusOptions } from "../../src/options.ts";
import { OpenTelemetry } from "../../src/telemetry/opentelemetry.ts";
import { conservationViolations } from "../support/conservation.ts";
import { createBus, deferred, rejectionOf, settleTurns, thrownBy } from "../support/test-bus.ts";

/** A bus, and its inside. */
function createOpenedBus(): { bus: EventBus; core: BusCore } {
  let opened: BusCore | undefined;
  const inside: BusInside = {
    telemetry: (guard, settings) => new OpenTelemetry(guard, settings),
    attach: (core) => {
      opened = core;
    },
  };
  const { bus } = createBus({ [INSIDE]: inside } as BusOptions<DefaultCatalog>);
  return { bus, core: opened as unknown as BusCore };
}

describe("bus.events", () => {
  it("yields the matching events in order", async () => {
    const { bus } = createBus();
    const stream = bus.events("order.*");
    void bus.publish("order.placed", 1);
    void bus.publish("invoice.sent", 2);
    void bus.publish("order.paid", 3);

    const seen = [(await stream.next()).value, (await stream.next()).value] as BusEvent[];

    expect(seen.map((event) => [event.name, event.data])).toEqual([
      ["order.placed", 1],
      ["order.paid", 3],
    ]);
  });

  it("yields events of later publishes too", async () => {
    const { bus } = createBus();
    const stream = bus.events("a");
    const next = stream.next();

    void bus.publish("a", 1);

    expect(await next).toMatchObject({ done: false, value: { data: 1 } });
  });

  it("misses nothing between its making and the loop", async () => {
    const { bus } = createBus();
    const stream = bus.events("a");
    void bus.publish("a", 1);
    await settleTurns();

    const data: unknown[] = [];
    for await (const event of stream) {
      data.push(event.data);
      break;
    }

    expect(data).toEqual([1]);
  });

  it("keeps a publish waiting until the next event is asked for", async () => {
    const { bus } = createBus();
    const stream = bus.events("a");
    let isPublished = false;
    const published = bus.publish("a").then((result) => {
      isPublished = true;
      return result;
    });
    await stream.next();
    await settleTurns();
    const before = isPublished;

    void stream.next();

    expect((await published).deliveries).toMatchObject([{ outcome: "handled" }]);
    expect(before).toBe(false);
  });

  it("settles every event that several pending calls of next got", async () => {
    const { bus } = createBus();
    const stream = bus.events("a");
    const pending = [stream.next(), stream.next(), stream.next()];

    void bus.publish("a", 1);
    void bus.publish("a", 2);
    await settleTurns();

    const [first, second] = await Promise.all(pending.slice(0, 2));
    expect([first?.value.data, second?.value.data]).toEqual([1, 2]);
    expect(bus.stats()).toMatchObject({ handled: 2, running: 0 });
  });

  it("unsubscribes when the loop is left by break", async () => {
    const { bus } = createBus();
    void Promise.resolve().then(() => bus.publish("a"));

    for await (const _ of bus.events("a")) break;

    expect(bus.describe().subscriptions).toEqual([]);
  });

  it("counts the event of the loop that was left as handled", async () => {
    const { bus } = createBus();
    const stream = bus.events("a");
    const published = bus.publish("a");

    for await (const _ of stream) break;

    expect((await published).deliveries).toMatchObject([{ outcome: "handled" }]);
  });

  it("lets go of what is buffered when the loop is left", async () => {
    const { bus } = createBus();
    const stream = bus.events("a");
    const published = [bus.publish("a", 1), bus.publish("a", 2), bus.publish("a", 3)];

    for await (const _ of stream) break;
    await Promise.all(published);

    expect(bus.stats()).toMatchObject({ running: 0, queued: 0, handled: 1, skipped: 2 });
    expect(conservationViolations(bus.stats())).toEqual([]);
  });

  it("unsubscribes when the body throws, and passes the error on", async () => {
    const { bus } = createBus();
    const stream = bus.events("a");
    const published = bus.publish("a");
    const loop = async (): Promise<void> => {
      for await (const _ of stream) throw new Error("body");
    };

    const error = await rejectionOf(loop());

    expect(error).toMatchObject({ message: "body" });
    expect(bus.describe().subscriptions).toEqual([]);
    expect((await published).deliveries).toHaveLength(1);
  });

  it("ends when its signal is aborted while it waits", async () => {
    const { bus } = createBus();
    const controller = new AbortController();
    const next = bus.events("a", { signal: controller.signal }).next();

    controller.abort();

    expect(await next).toEqual({ done: true, value: undefined });
    expect(bus.describe().subscriptions).toEqual([]);
  });

  it("ends when its signal is aborted while events are buffered", async () => {
    const { bus } = createBus();
    const controller = new AbortController();
    const stream = bus.events("a", { signal: controller.signal });
    const published = bus.publish("a");

    controller.abort();

    expect(await stream.next()).toEqual({ done: true, value: undefined });
    expect((await published).deliveries).toMatchObject([{ outcome: "handled" }]);
  });

  it("ends at once when its signal was aborted before", async () => {
    const { bus } = createBus();

    const next = await bus.events("a", { signal: AbortSignal.abort() }).next();

    expect(next).toEqual({ done: true, value: undefined });
    expect(bus.describe().subscriptions).toEqual([]);
  });

  it("ends when the bus is closed while it waits", async () => {
    const { bus } = createBus();
    const next = bus.events("a").next();

    await bus.close();

    expect(await next).toEqual({ done: true, value: undefined });
  });

  it("aborts what it holds when the bus is closed", async () => {
    const { bus } = createBus();
    const stream = bus.events("a");
    const published = bus.publish("a");
    await stream.next();

    await bus.close();

    expect((await published).deliveries).toMatchObject([{ outcome: "aborted" }]);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    expect(conservationViolations(bus.stats())).toEqual([]);
  });

  it("is consumed by a drain before it ends", async () => {
    const { bus } = createBus();
    const data: unknown[] = [];
    const stream = bus.events("a");
    for (const n of [1, 2, 3]) void bus.publish("a", n);
    const loop = (async () => {
      for await (const event of stream) data.push(event.data);
    })();

    const report = await bus.drain();
    await loop;

    expect(data).toEqual([1, 2, 3]);
    expect(report.isComplete).toBe(true);
  });

  it("stays ended", async () => {
    const { bus } = createBus();
    const stream = bus.events("a");
    await stream.return?.();

    const again = [await stream.next(), await stream.return?.()];

    expect(again).toEqual([
      { done: true, value: undefined },
      { done: true, value: undefined },
    ]);
  });

  it("leaves no listener on the signal when it ends by itself", async () => {
    const { bus } = createBus();
    const { signal } = new AbortController();
    const stream = bus.events("a", { signal });
    const during = getEventListeners(signal, "abort").length;

    await stream.return?.();

    expect([during, getEventListeners(signal, "abort").length]).toEqual([1, 0]);
  });

  it("leaves no listener on the bus when it ends by itself, nor does a wait that is over", async () => {
    const { bus, core } = createOpenedBus();
    const stream = bus.events("a");
    const waiting = bus.waitFor("a");
    const during = core.closeListeners.size;

    await bus.publish("b");
    await stream.return?.();
    await bus.publish("a");
    await waiting;

    expect([during, core.closeListeners.size]).toEqual([2, 0]);
  });

  it("lets pass what a middleware still held when it ended", async () => {
    const { bus } = createBus();
    const gate = deferred();
    bus.use(async (_event, _ctx, next) => {
      await gate.promise;
      return next();
    });
    const stream = bus.events("a");
    const published = bus.publish("a");
    await stream.return?.();

    gate.resolve();

    expect((await published).deliveries).toMatchObject([{ outcome: "handled" }]);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it("keeps the last of several pending calls' event until the next is asked for", async () => {
    const { bus } = createBus();
    const stream = bus.events("a");
    const pending = [stream.next(), stream.next()];
    void bus.publish("a", 1);
    void bus.publish("a", 2);
    await Promise.all(pending);
    await settleTurns();
    const before = bus.stats().handled;

    void stream.next();
    await settleTurns();

    expect([before, bus.stats().handled]).toEqual([1, 2]);
  });

  it("takes a pattern as long as any pattern may be", () => {
    const { bus } = createBus();
    const pattern = [..."abcd"].map((letter) => letter.repeat(60)).join(".");

    expect(() => bus.events(pattern)).not.toThrow();
  });

  it.each([{ signal: "now" }, { signal: null }, { buffer: 5 }, 7, null])("refuses the options %j", (options) => {
    const { bus } = createBus();

    const error = thrownBy(() => bus.events("a", options as object));

    expect(error).toMatchObject({ code: "INVALID_OPTION" });
  });

  it("refuses what is no pattern", () => {
    const { bus } = createBus();

    expect(thrownBy(() => bus.events("a..b"))).toMatchObject({ code: "INVALID_PATTERN" });
  });
});

describe("bus.waitFor", () => {
  it("resolves with the first matching event from now on", async () => {
    const { bus } = createBus();
    await bus.publish("order.placed", 0);
    const waiting = bus.waitFor("order.*");

    await bus.publish("invoice.sent", 1);
    await bus.publish("order.placed", 2);
    await bus.publish("order.placed", 3);

    expect(await waiting).toMatchObject({ name: "order.placed", data: 2 });
  });

  it("takes only what passes where", async () => {
    const { bus } = createBus();
    const waiting = bus.waitFor("a", { where: (event) => (event.data as number) > 10 });

    await bus.publish("a", 1);
    await bus.publish("a", 11);

    expect((await waiting).data).toBe(11);
  });

  it("unsubscribes when it has what it waited for", async () => {
    const { bus } = createBus();
    const waiting = bus.waitFor("a");
    const during = bus.describe().subscriptions.length;

    await bus.publish("a");
    await waiting;

    expect([during, bus.describe().subscriptions.length]).toEqual([1, 0]);
  });

  it("does not keep a publish waiting", async () => {
    const { bus } = createBus();
    const waiting = bus.waitFor("a", { where: () => false });

    const { deliveries } = await bus.publish("a");

    expect(deliveries).toMatchObject([{ outcome: "handled" }]);
    await bus.close();
    await waiting.catch(() => {});
  });

  it("rejects with TIMEOUT when nothing came in time", async () => {
    const { bus } = createBus();

    const error = await rejectionOf(bus.waitFor("order.*", { timeoutMs: 1 }));

    expect(error).toMatchObject({
      code: "TIMEOUT",
      message: 'no event matching "order.*" came within 1 ms',
    });
    expect(bus.describe().subscriptions).toEqual([]);
  });

  it("rejects with ABORTED when its signal was aborted before", async () => {
    const { bus } = createBus();
    const reason = new Error("changed my mind");

    const error = await rejectionOf(bus.waitFor("a", { signal: AbortSignal.abort(reason) }));

    expect(error).toMatchObject({
      code: "ABORTED",
      message: 'stopped waiting for "a": the signal was aborted',
      cause: reason,
    });
    expect(bus.describe().subscriptions).toEqual([]);
  });

  it("rejects with ABORTED when its signal is aborted meanwhile", async () => {
    const { bus } = createBus();
    const controller = new AbortController();
    const waiting = rejectionOf(bus.waitFor("a", { signal: controller.signal }));

    controller.abort();

    expect(await waiting).toMatchObject({ code: "ABORTED" });
    expect(bus.describe().subscriptions).toEqual([]);
  });

  it("leaves no listener and no timer behind when it has what it waited for", async () => {
    vi.useFakeTimers();
    try {
      const { bus } = createBus();
      const { signal } = new AbortController();
      const waiting = bus.waitFor("a", { signal, timeoutMs: 60_000 });
      const during = [getEventListeners(signal, "abort").length, vi.getTimerCount()];

      await bus.publish("a");
      await waiting;

      expect(during).toEqual([1, 1]);
      expect([getEventListeners(signal, "abort").length, vi.getTimerCount()]).toEqual([0, 0]);
    } finally {
      vi.useRealTimers();
    }
  });

  it("sets no timer unless it is told how long to wait", async () => {
    vi.useFakeTimers();
    try {
      const { bus } = createBus();

      const waiting = bus.waitFor("a");

      expect(vi.getTimerCount()).toBe(0);
      await bus.publish("a");
      await waiting;
    } finally {
      vi.useRealTimers();
    }
  });

  it("rejects with BUS_CLOSED when the bus is closed meanwhile", async () => {
    const { bus } = createBus();
    const waiting = rejectionOf(bus.waitFor("a"));

    await bus.close();

    expect(await waiting).toMatchObject({
      code: "BUS_CLOSED",
      message: 'stopped waiting for "a": the bus was closed',
    });
  });

  it("rejects with BUS_CLOSED when the bus is drained meanwhile", async () => {
    const { bus } = createBus();
    const waiting = rejectionOf(bus.waitFor("a"));

    await bus.drain();

    expect(await waiting).toMatchObject({ code: "BUS_CLOSED" });
  });

  it("rejects with what where throws, without failing the delivery", async () => {
    const { bus } = createBus();
    const thrown = new Error("bad predicate");
    const waiting = rejectionOf(
      bus.waitFor("a", {
        where: () => {
          throw thrown;
        },
      }),
    );

    const { deliveries } = await bus.publish("a");

    expect(await waiting).toBe(thrown);
    expect(deliveries).toMatchObject([{ outcome: "handled" }]);
    expect(bus.deadLetters.size).toBe(0);
  });

  it("waits for an event of a family by its template", async () => {
    const { bus } = createBus();
    const waiting = bus.waitFor("report.{name}.ready");

    await bus.publish("report.monthly.ready");

    expect((await waiting).name).toBe("report.monthly.ready");
  });

  it("resolves for each of several who wait", async () => {
    const { bus } = createBus();
    const waiting = [bus.waitFor("a"), bus.waitFor("a")];

    await bus.publish("a", 1);

    expect((await Promise.all(waiting)).map((event) => event.data)).toEqual([1, 1]);
  });

  it("says nothing in the log about several who wait for the same", async () => {
    const { bus, logger } = createBus();
    const waiting = [bus.waitFor("a"), bus.waitFor("a")];

    await bus.publish("a");
    await Promise.all(waiting);

    expect(logger.lines()).toEqual([]);
  });

  it("takes a pattern as long as any pattern may be", async () => {
    const { bus } = createBus();
    const name = [..."abcd"].map((letter) => letter.repeat(60)).join(".");
    const waiting = bus.waitFor(name);

    await bus.publish(name);

    expect((await waiting).name).toBe(name);
  });

  it("may be awaited in a handler for an effect of its own", async () => {
    const { bus } = createBus();
    const seen: unknown[] = [];
    const start = deferred();
    bus.subscribe("request", async (_, ctx) => {
      const reply = bus.waitFor("reply");
      void start.promise.then(() => bus.publish("reply", "pong"));
      seen.push(await reply.then((event) => event.data));
      await ctx.publish("done");
    });
    const published = bus.publish("request");

    start.resolve();
    await published;

    expect(seen).toEqual(["pong"]);
  });

  it.each([
    [{ where: "data.n > 1" }, "where"],
    [{ timeoutMs: -1 }, "timeoutMs"],
    [{ timeoutMs: Number.POSITIVE_INFINITY }, "timeoutMs"],
    [{ signal: {} }, "signal"],
    [{ timeout: 5 }, "timeout"],
  ])("refuses the options %j", async (options, named) => {
    const { bus } = createBus();

    const error = await rejectionOf(bus.waitFor("a", options as object));

    expect(error).toMatchObject({ code: "INVALID_OPTION", message: expect.stringContaining(named) });
    expect(bus.describe().subscriptions).toEqual([]);
  });

  it("refuses what is no pattern", async () => {
    const { bus } = createBus();

    expect(await rejectionOf(bus.waitFor("a..b"))).toMatchObject({ code: "INVALID_PATTERN" });
  });
});
