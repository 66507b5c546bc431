import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { startTelemetry } from "../../instrumentation/index.ts";
import { defineEvents } from "../../src/catalog/catalog.ts";
import { stopGracefully } from "../../src/stop/stop-gracefully.ts";
import { stopOnSignals } from "../../src/stop/stop-on-signals.ts";
import type { StopOnSignalsOptions, StopOptions } from "../../src/stop/stop-options.ts";
import { startOtlpReceiver } from "../support/otlp-receiver.ts";
import { createBus, deferred, rejectionOf, thrownBy } from "../support/test-bus.ts";

describe("stopGracefully", () => {
  it("drains buses in their order, so that the handlers of one can publish on the next", async () => {
    const [shop, audit] = [createBus().bus, createBus().bus];
    const written: string[] = [];
    shop.subscribe("order.placed", async () => {
      await wait(20);
      await audit.publish("order.audited");
    });
    audit.subscribe("*", async (event) => void written.push(event.name));
    void shop.publish("order.placed");

    const report = await stopGracefully({ buses: [shop, audit] });

    expect(written).toEqual(["order.audited"]);
    expect(report).toMatchObject({ isComplete: true, signal: undefined, cut: [], telemetry: undefined, problems: [] });
    expect(report.drains).toMatchObject([{ isComplete: true }, { isComplete: true }]);
  });

  it("lets no bus take the time of the others: what ran meanwhile is handled, what is idle is complete", async () => {
    const buses = [createBus().bus, createBus().bus, createBus().bus];
    const [hanging, slow] = buses;
    let isHandled = false;
    hanging?.subscribe("a", () => new Promise(() => {}), { name: "hanging" });
    slow?.subscribe("a", async () => {
      await wait(100);
      isHandled = true;
    });
    for (const bus of buses) void bus.publish("a");

    const report = await stopGracefully({ buses, drainMs: 300 });

    expect(isHandled).toBe(true);
    expect(report.cut).toMatchObject([{ subscription: "hanging" }]);
    expect(report.drains.map(({ isComplete }) => isComplete)).toEqual([false, true, true]);
  });

  it("lets the buses take what is published until beforeDrain is done", async () => {
    const { bus } = createBus();
    const names: string[] = [];
    bus.subscribe("*", async (event) => void names.push(event.name));

    const report = await stopGracefully({
      buses: [bus],
      beforeDrain: async () => {
        await wait(10);
        await bus.publish("last.request");
      },
    });

    expect(names).toEqual(["last.request"]);
    expect(report.isComplete).toBe(true);
  });

  it("drains all the same when beforeDrain takes more than half of the time", async () => {
    const { bus } = createBus();

    const report = await stopGracefully({ buses: [bus], drainMs: 200, beforeDrain: () => new Promise(() => {}) });

    expect(report).toMatchObject({ isComplete: false, problems: ["beforeDrain was not done within 100 ms"] });
    expect(report.drains).toMatchObject([{ isComplete: true }]);
  });

  it("shows in a problem what a terminal would obey", async () => {
    const beforeDrain = (): never => {
      throw new Error("\u001b[2Jgone\nroot");
    };

    const { problems } = await stopGracefully({ buses: [], beforeDrain });

    expect(problems).toEqual(["beforeDrain failed: \\u{1b}[2Jgone root"]);
  });

  it("runs afterDrain when the buses are closed, with the time that is left", async () => {
    const { bus } = createBus();
    const calls: [string, number][] = [];

    await stopGracefully({
      buses: [bus],
      drainMs: 5000,
      afterDrain: ({ deadlineMs }) => calls.push([bus.describe().state, deadlineMs]),
    });

    expect(calls).toEqual([["closed", expect.closeTo(5000, -3)]]);
  });

  it("names what the deadline cut, also when somebody else's drain has a later one", async () => {
    const { bus } = createBus();
    bus.subscribe("order.placed", () => new Promise(() => {}), { name: "billing" });
    void bus.publish("order.placed", undefined, { correlationId: "o-1" });
    const longer = bus.drain({ deadlineMs: 60_000 });

    const report = await stopGracefully({ buses: [bus], drainMs: 50 });

    const cut = { eventName: "order.placed", correlationId: "o-1", subscription: "billing", reason: "deadline" };
    expect(report).toMatchObject({ isComplete: false, cut: [cut], problems: [] });
    expect(report.drains[0]).toBe(await longer);
  });

  it("names a retry that was due too late", async () => {
    const { bus } = createBus();
    const retry = { maxAttempts: 2, backoff: { initialMs: 60_000, maxMs: 60_000, jitter: "none" as const } };
    const fail = async (): Promise<never> => {
      throw new Error("broken");
    };
    bus.subscribe("order.placed", fail, { name: "billing", retry });
    void bus.publish("order.placed");
    await wait(1);

    const report = await stopGracefully({ buses: [bus], drainMs: 1000 });

    expect(report).toMatchObject({
      isComplete: false,
      cut: [{ eventName: "order.placed", subscription: "billing", reason: "drain" }],
    });
  });

  it("names every retry that was due too late, also what is no dead letter any more", async () => {
    const { bus } = createBus({ deadLetters: { capacity: 2 } });
    const retry = { maxAttempts: 2, backoff: { initialMs: 60_000, maxMs: 60_000, jitter: "none" as const } };
    bus.subscribe("order.placed", () => Promise.reject(new Error("broken")), { name: "billing", retry });
    bus.onError(({ deadLetterId }) => bus.deadLetters.remove(deadLetterId as string)); // written down elsewhere
    const published = [1, 2, 3].map((n) => bus.publish("order.placed", n));
    await wait(1);

    const report = await stopGracefully({ buses: [bus], drainMs: 1000 });

    const ids = (await Promise.all(published)).map(({ id }) => id);
    expect(report.cut.map(({ eventId, reason }) => [eventId, reason])).toEqual(ids.map((id) => [id, "drain"]));
    expect(report.isComplete).toBe(false);
  });

  it("does not take a handler's own words for its own", async () => {
    const { bus } = createBus();
    bus.subscribe("order.placed", (_event, ctx) => ctx.deadLetter("drain"));
    await bus.publish("order.placed");

    const report = await stopGracefully({ buses: [bus] });

    expect(report).toMatchObject({ isComplete: true, cut: [] });
  });

  it("names the scheduled events that the drain cancelled", async () => {
    const { bus } = createBus();
    bus.subscribe("report.due", () => {}, { name: "reporter" });
    const { id } = await bus.publish("report.due", undefined, {
      delayMs: 60_000,
      correlationId: "r-1",
      wait: "accepted",
    });

    const report = await stopGracefully({ buses: [bus] });

    const cancelled = [{ eventId: id, eventName: "report.due", correlationId: "r-1" }];
    expect(report).toMatchObject({ isComplete: false, cut: [], cancelled });
  });

  it("finishes what waits in queues, paused ones too", async () => {
    const { bus } = createBus();
    let handled = 0;
    const subscription = bus.subscribe("order.placed", () => wait(5).then(() => handled++), { concurrency: 2 });
    for (let i = 0; i < 10; i++) void bus.publish("order.placed");
    subscription.pause();

    const report = await stopGracefully({ buses: [bus] });

    expect([handled, report.isComplete]).toEqual([10, true]);
  });

  it("names what was still queued at the deadline", async () => {
    const { bus } = createBus();
    bus.subscribe("order.placed", () => new Promise(() => {}), { name: "billing", concurrency: 1 });
    for (let i = 0; i < 3; i++) void bus.publish("order.placed");

    const report = await stopGracefully({ buses: [bus], drainMs: 100 });

    expect(report.cut.map(({ subscription, reason }) => `${subscription}: ${reason}`)).toEqual(
      Array(3).fill("billing: deadline"),
    );
  });

  it("names what somebody's close() cut", async () => {
    const { bus } = createBus();
    bus.subscribe("order.placed", () => new Promise(() => {}), { name: "billing" });
    void bus.publish("order.placed");

    const stopping = stopGracefully({ buses: [bus] });
    await wait(5);
    void bus.close();
    const report = await stopping;

    expect(report).toMatchObject({ isComplete: false, cut: [{ subscription: "billing", reason: "close" }] });
  });

  it("takes a bus that was closed before for a bus with nothing to do", async () => {
    const [drained, closed] = [createBus().bus, createBus().bus];
    await drained.drain();
    await closed.close();

    const report = await stopGracefully({ buses: [drained, closed] });

    expect(report).toMatchObject({ isComplete: true, cut: [], problems: [] });
  });

  it("does not call complete what ended with a publish whose schema had not answered", async () => {
    const validate = (): Promise<never> => new Promise(() => {});
    const schema = { "~standard": { version: 1, vendor: "test", validate } } as const;
    const { bus } = createBus({ events: defineEvents({ a: { schema } }) });
    const refused = rejectionOf(bus.publish("a", undefined as never));

    const report = await stopGracefully({ buses: [bus], drainMs: 20 });

    expect(report).toMatchObject({ isComplete: false, cut: [] });
    expect(bus.describe().state).toBe("closed");
    void refused; // its schema never answers
  });

  it("gives concurrent calls the same drain", async () => {
    const { bus } = createBus();
    const done = deferred();
    bus.subscribe("a", () => done.promise);
    void bus.publish("a");

    const both = Promise.all([stopGracefully({ buses: [bus] }), stopGracefully({ buses: [bus] })]);
    done.resolve();
    const [first, second] = await both;

    expect(first.drains[0]).toBe(second.drains[0]);
  });

  it("rejects inside a handler of a bus that it would drain", async () => {
    const { bus } = createBus();
    const errors: unknown[] = [];
    bus.subscribe("a", async () => void errors.push(await rejectionOf(stopGracefully({ buses: [bus] }))));

    await bus.publish("a");

    expect(errors).toMatchObject([{ code: "DRAIN_FROM_HANDLER" }]);
    expect(bus.describe().state).toBe("open");
  });

  it.each([
    [undefined, "options must be an object|buses must be an array of buses, got undefined"],
    [{ buses: {} }, "buses must be an array of buses, got an object"],
    [{ buses: [{}] }, "buses must be an array of buses, got an array of 1"],
    [{ buses: [], drainMs: -1 }, "drainMs must be a number from 0 to 2147483647, got -1"],
    [{ buses: [], flushMs: Number.NaN }, "flushMs must be"],
    [{ buses: [], telemetry: {} }, "telemetry must be telemetry with a shutdown\\(\\), or false, got an object"],
    [{ buses: [], telemetry: null }, "telemetry must be"],
    [{ buses: [], beforeDrain: 1 }, "beforeDrain must be a function, got 1"],
    [{ buses: [], signals: ["SIGTERM"] }, 'there is no option "signals"'],
  ])("refuses %j", async (options, message) => {
    const error = await rejectionOf(stopGracefully(options as unknown as StopOptions));

    expect(error).toMatchObject({ code: "INVALID_OPTION", message: expect.stringMatching(message) });
  });
});

describe("the telemetry of a stop", () => {
  it("is shut down after the drain, so that the spans of the last handlers arrive", async () => {
    await using receiver = await startOtlpReceiver();
    const { bus, logger } = createBus();
    const telemetry = startTelemetry({ endpoint: receiver.url, logger });
    bus.subscribe("a", () => wait(50), { name: "slow" });
    void bus.publish("a");

    const report = await stopGracefully({ buses: [bus] });

    expect(report.telemetry).toBe(await telemetry.shutdown());
    expect(report.telemetry).toMatchObject({ ok: true, spans: { exported: 2 } });
    expect(
      receiver
        .spans()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(["process a", "publish a"]);
  });

  it("goes on when it is told to", async () => {
    await using receiver = await startOtlpReceiver();
    const { bus, logger } = createBus();
    await using telemetry = startTelemetry({ endpoint: receiver.url, logger });

    const report = await stopGracefully({ buses: [bus], telemetry: false });
    await createBus().bus.publish("a");
    await telemetry.flush();

    expect(report.telemetry).toBeUndefined();
    expect(receiver.spans()).toHaveLength(1);
  });

  it("is counted where its own shutdown does not end", async () => {
    const spans = { exported: 5, dropped: 1, failed: 2, queued: 3 };
    const telemetry = { shutdown: () => new Promise(() => {}), stats: () => ({ spans }) };

    const report = await stopGracefully({ buses: [], telemetry, flushMs: 20 });

    expect(report.telemetry).toMatchObject({
      ok: false,
      timedOut: true,
      spans: { exported: 5, dropped: 1, failed: 2, notDelivered: 3 },
      errors: ["shutdown: not finished within 20 ms"],
    });
  });
});

describe("stopOnSignals in this process", () => {
  it("adds its listeners, and takes them away when it is disposed, twice or once", () => {
    const count = (): number[] => [process.listenerCount("SIGTERM"), process.listenerCount("SIGINT")];
    const before = count();
    const stopping = stopOnSignals({ buses: [] });
    const during = count();

    stopping[Symbol.dispose]();
    stopping[Symbol.dispose]();

    expect(during).toEqual(before.map((each) => each + 1));
    expect(count()).toEqual(before);
  });

  it("refuses a signal that an earlier call handles, until that is disposed", () => {
    const first = stopOnSignals({ buses: [] });

    const error = thrownBy(() => stopOnSignals({ buses: [], signals: ["SIGHUP", "SIGINT"] }));
    first[Symbol.dispose]();
    using again = stopOnSignals({ buses: [], signals: ["SIGINT", "SIGINT"] });

    expect(error).toMatchObject({ code: "INVALID_OPTION", message: expect.stringContaining("SIGINT") });
    expect(again).toBeDefined();
  });

  it.each([
    [{ buses: [], signals: [] }, "signals must be an array of SIGTERM, SIGINT,"],
    [{ buses: [], signals: ["SIGKILL"] }, "signals must be"],
    [{ buses: [], exit: 0 }, "exit must be a function, got 0"],
    [{ buses: [], logger: "console" }, "logger must be an object"],
    [{ buses: [], timeoutMs: 5 }, 'there is no option "timeoutMs"'],
  ])("refuses %j", (options, message) => {
    const error = thrownBy(() => stopOnSignals(options as unknown as StopOnSignalsOptions));

    expect(error).toMatchObject({ code: "INVALID_OPTION", message: expect.stringContaining(message) });
  });
});
