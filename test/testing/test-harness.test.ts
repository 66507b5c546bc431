import { describe, expect, it } from "vitest";
import { z } from "zod";
import { currentEvent, defineEvents } from "../../src/index.ts";
import { createTestBus, recordingHandler } from "../../src/testing/index.ts";
import { deferred, rejectionOf, settleTurns } from "../support/test-bus.ts";

const names = (records: readonly { readonly event: { readonly name: string } }[]): string[] => {
  return records.map((record) => record.event.name);
};

describe("the lists of a harness", () => {
  it("hold what was published and delivered, nested events too", async () => {
    await using harness = createTestBus();
    harness.bus.subscribe("order.placed", (_, ctx) => ctx.publish("invoice.created", { total: 12 }), {
      name: "billing",
    });
    harness.bus.subscribe("*", recordingHandler(), { name: "monitor" });

    await harness.bus.publish("order.placed", { orderId: "o-1" });

    expect(names(harness.published)).toEqual(["order.placed", "invoice.created"]);
    expect(harness.delivered.map(({ event, subscription }) => `${event.name} [${subscription}]`)).toEqual([
      "invoice.created [monitor]",
      "order.placed [monitor]",
      "order.placed [billing]",
    ]);
    expect(harness.delivered[0]?.attempts).toBe(1);
    expect(harness.published[1]?.event.data).toEqual({ total: 12 });
    expect(harness.conservation()).toEqual([]);
  });

  it("hold retries, final failures and dead letters, with the errors", async () => {
    await using harness = createTestBus({ expectFailures: true });
    const error = new Error("no money");
    const retry = { maxAttempts: 3 };
    harness.bus.subscribe("order.placed", recordingHandler({ throws: error }), { name: "billing", retry });

    await harness.bus.publish("order.placed");

    const [event] = harness.published.map((record) => record.event);
    expect(harness.retried).toEqual([
      { event, subscription: "billing", attempt: 1, error, retryInMs: 0 },
      { event, subscription: "billing", attempt: 2, error, retryInMs: 0 },
    ]);
    const failed = {
      event,
      subscription: "billing",
      attempts: 3,
      error,
      outcome: "failed",
      disposition: "dead_lettered",
      reason: "attempts_exhausted",
    };
    expect(harness.failed).toEqual([failed]);
    expect(harness.deadLettered).toEqual([{ ...failed, deadLetterId: harness.bus.deadLetters.list()[0]?.id }]);
    expect(harness.delivered).toEqual([]);
  });

  it("hold what was discarded, which is no unexpected failure", async () => {
    await using harness = createTestBus();
    harness.bus.subscribe("order.placed", (_, ctx) => ctx.discard("not ours"), { name: "billing" });
    harness.bus.subscribe("order.placed", recordingHandler({ throws: new TypeError("gone") }), {
      name: "stock",
      classify: () => "expected",
    });

    await harness.bus.publish("order.placed");
    await harness.settled();

    expect(harness.failed.map(({ subscription, disposition, reason }) => [subscription, disposition, reason])).toEqual([
      ["billing", "discarded", "not ours"],
      ["stock", "discarded", "expected"],
    ]);
    expect(harness.deadLettered).toEqual([]);
  });

  it("hold what nobody subscribed to, and what was refused", async () => {
    const events = defineEvents({ "order.placed": { schema: z.object({ orderId: z.string() }) } });
    await using harness = createTestBus({ events });

    await harness.bus.publish("order.placed", { orderId: "o-1" });
    const refusal = await rejectionOf(harness.bus.publish("order.placed", { orderId: 7 } as never));
    await rejectionOf(harness.bus.publish("no such name" as "order.placed", { orderId: "" }));

    expect(names(harness.unrouted)).toEqual(["order.placed"]);
    expect(harness.refused.map(({ name, code }) => [name, code])).toEqual([
      ["order.placed", "INVALID_DATA"],
      ["no such name", "INVALID_NAME"],
    ]);
    expect(harness.refused[0]?.error).toBe(refusal);
  });

  it("hold what was skipped and what was cut short", async () => {
    await using harness = createTestBus();
    const { bus } = harness;
    bus.subscribe("order.placed", () => void gone.unsubscribe(), { name: "leaving" });
    const gone = bus.subscribe("order.placed", recordingHandler(), { name: "gone" });
    bus.subscribe("order.placed", recordingHandler({ hangs: true }), { name: "hung" });

    void bus.publish("order.placed");
    await bus.close();
    await harness.settled();

    expect(harness.cut.map(({ subscription, outcome, attempts }) => [subscription, outcome, attempts])).toEqual([
      ["gone", "skipped", 0],
      ["hung", "aborted", 1],
    ]);
    expect(harness.conservation()).toEqual([]);
  });

  it.each(["handlers", "events", "off"] as const)("are complete with spans: %s", async (spans) => {
    await using harness = createTestBus({ spans, expectFailures: true });
    harness.bus.subscribe("order.*", recordingHandler(), { name: "audit" });
    harness.bus.subscribe("order.placed", recordingHandler({ throws: new Error("no") }), { name: "billing" });

    const run = await harness.run(async () => {
      await harness.bus.publish("order.placed", { orderId: "o-1" });
      await harness.bus.publish({ name: "stock.moved", data: 4 });
    });

    expect(names(run.published)).toEqual(["order.placed", "stock.moved"]);
    expect(run.unrouted[0]?.event.data).toBe(4);
    expect(run.delivered.map((record) => record.subscription)).toEqual(["audit"]);
    expect(run.failed.map((record) => record.subscription)).toEqual(["billing"]);
    expect(harness.conservation()).toEqual([]);
  });

  it("hold replays", async () => {
    await using harness = createTestBus({ expectFailures: true });
    const billing = recordingHandler({ throws: new Error("down"), times: 1 });
    harness.bus.subscribe("order.placed", billing, { name: "billing" });
    const first = await harness.run(() => harness.bus.publish("order.placed"));

    const replay = await harness.run(() => harness.bus.deadLetters.replay(first.deadLettered[0]?.deadLetterId ?? ""));

    expect(first.delivered).toEqual([]);
    expect(replay.delivered.map((record) => record.subscription)).toEqual(["billing"]);
    expect(replay.result.outcome).toBe("handled");
    expect(replay.trace.text).toBe("process order.placed [billing] -> publish order.placed");
    expect(harness.conservation()).toEqual([]);
  });

  it("are copies", async () => {
    await using harness = createTestBus();
    const before = harness.published;

    await harness.bus.publish("order.placed");

    expect([before.length, harness.published.length]).toEqual([0, 1]);
  });
});

describe("harness.run", () => {
  it("shows what the call returned", async () => {
    await using harness = createTestBus();

    const run = await harness.run(() => harness.bus.publish("order.placed"));

    expect(run.result.id).toBe(run.published[0]?.event.id);
    expect(run.error).toBeUndefined();
  });

  it("keeps what the call threw, and throws it where the result is asked for", async () => {
    await using harness = createTestBus();

    const run = await harness.run(() => harness.bus.publish("no such name"));

    expect(run.error).toMatchObject({ code: "INVALID_NAME" });
    expect(() => run.result).toThrow('cannot publish "no such name"');
    expect(run.refused).toHaveLength(1);
  });

  it("waits for what nobody awaits, and for what that causes", async () => {
    await using harness = createTestBus();
    const mailer = recordingHandler({ delayMs: 5 });
    harness.bus.subscribe("order.placed", () => void harness.bus.publish("invoice.created"), { name: "billing" });
    harness.bus.subscribe("invoice.created", mailer, { name: "mailer" });

    const run = await harness.run(() => void harness.bus.publish("order.placed"));

    expect(mailer.calls).toHaveLength(1);
    expect(names(run.delivered)).toEqual(["order.placed", "invoice.created"]);
  });

  it("does not mix with runs beside it, nor with what belongs to none", async () => {
    await using harness = createTestBus({ expectFailures: true });
    const { bus } = harness;
    bus.subscribe(
      "order.placed",
      async (event, ctx) => {
        await settleTurns();
        await bus.publish("invoice.created", event.data);
        if (ctx.attempt === 1 && event.data === "b") throw new Error("b fails once");
        ctx.log.info(`billed ${event.data}`);
      },
      { name: "billing", retry: { maxAttempts: 2 } },
    );
    bus.subscribe("invoice.created", () => settleTurns(), { name: "mailer" });

    const [a, b] = await Promise.all([
      harness.run(() => bus.publish("order.placed", "a")),
      harness.run(() => bus.publish("order.placed", "b")),
      bus.publish("order.placed", "c"),
    ]);

    expect(a.published.map(({ event }) => [event.name, event.data])).toEqual([
      ["order.placed", "a"],
      ["invoice.created", "a"],
    ]);
    expect(b.published.map(({ event }) => event.data)).toEqual(["b", "b", "b"]);
    expect([a.retried.length, b.retried.length, harness.retried.length]).toEqual([0, 1, 1]);
    expect([a, b].map((run) => run.logs.map((line) => line.message))).toEqual([["billed a"], ["billed b"]]);
    expect(a.trace.text).toBe(
      [
        "publish order.placed",
        "  process order.placed [billing]",
        "    publish invoice.created",
        "      process invoice.created [mailer]",
      ].join("\n"),
    );
    expect(b.metrics.value("spanbus.handler.retries")).toBe(1);
    expect(a.metrics.value("spanbus.handler.retries")).toBe(0);
    expect(harness.published).toHaveLength(7);
  });

  it("counts an event as its own by correlation id where the context was lost", async () => {
    await using harness = createTestBus();
    const { bus } = harness;
    harness.bus.subscribe("invoice.created", recordingHandler(), { name: "mailer" });
    const loop = (async () => {
      for await (const { correlationId } of bus.events("order.placed")) {
        await bus.publish("invoice.created", undefined, { correlationId });
      }
    })();

    const run = await harness.run(() => bus.publish("order.placed"));
    await settleTurns();

    expect(names(run.published)).toEqual(["order.placed", "invoice.created"]);
    expect(run.trace.text).toContain("publish invoice.created\n  process invoice.created [mailer]");
    await bus.close();
    await loop;
  });

  it("may stand inside another, which holds what it caused too", async () => {
    await using harness = createTestBus();

    const outer = await harness.run(async () => {
      await harness.bus.publish("outer.happened");
      return await harness.run(() => harness.bus.publish("inner.happened"));
    });

    expect(names(outer.published)).toEqual(["outer.happened", "inner.happened"]);
    expect(names(outer.result.published)).toEqual(["inner.happened"]);
  });

  it("works without ambient context", async () => {
    await using harness = createTestBus({ ambient: false });
    harness.bus.subscribe("order.placed", () => harness.bus.publish("invoice.created"), { name: "billing" });

    const run = await harness.run(() => harness.bus.publish("order.placed"));

    expect(names(run.published)).toEqual(["order.placed", "invoice.created"]);
  });
});

describe("a bus made by createTestBus", () => {
  it("counts ids, so that a run looks the same every time", async () => {
    const play = async (): Promise<unknown> => {
      await using harness = createTestBus({ now: () => 0 });
      harness.bus.subscribe("order.placed", (_, ctx) => ctx.publish("invoice.created"), { name: "billing" });
      const run = await harness.run(() => harness.bus.publish("order.placed"));
      return { events: run.published.map(({ event }) => event.toJSON()), spans: run.trace.spans, logs: run.logs };
    };

    const [first, second] = [await play(), await play()];

    expect(second).toEqual(first);
    expect(first).toMatchObject({ events: [{ id: "00000000-0000-4000-8000-000000000001", source: "test" }, {}] });
  });

  it("leaves a refused publish that nobody handles unhandled", async () => {
    await using harness = createTestBus();
    const { promise, resolve } = deferred<unknown>();
    const others = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection");
    process.once("unhandledRejection", resolve);

    void harness.bus.publish("no such name");
    const reason = await promise;

    for (const other of others) process.on("unhandledRejection", other);
    expect(reason).toMatchObject({ code: "INVALID_NAME" });
  });

  it("calls a thenable's then once", async () => {
    await using harness = createTestBus();
    let queries = 0;
    const query = {
      // biome-ignore lint/suspicious/noThenProperty: a query builder runs when it is awaited
      then: (resolve: (rows: number) => void) => {
        queries++;
        resolve(1);
      },
    };
    harness.bus.subscribe("order.placed", () => query, { name: "billing" });

    await harness.bus.publish("order.placed");

    expect(queries).toBe(1);
    expect(harness.delivered).toHaveLength(1);
  });

  it("keeps the event current in its handlers", async () => {
    await using harness = createTestBus();
    let seen: unknown;
    harness.bus.subscribe("order.placed", () => {
      seen = currentEvent();
    });

    const run = await harness.run(() => harness.bus.publish("order.placed"));

    expect(seen).toBe(run.published[0]?.event);
  });

  it("passes log lines on to a logger it is given, and refuses options it does not know", async () => {
    const lines: string[] = [];
    const write = (_: object | string, message?: string): void => void lines.push(message ?? "");
    await using harness = createTestBus({ logger: { debug: write, info: write, warn: write, error: write } });
    harness.bus.subscribe("order.placed", (_, ctx) => ctx.log.info({ total: 12 }, "charging"), { name: "billing" });

    const run = await harness.run(() => harness.bus.publish("order.placed"));

    expect(lines).toEqual(["charging"]);
    expect(run.logs[0]).toMatchObject({ level: "info", fields: { total: 12, subscription: "billing" } });
    expect(() => createTestBus({ retries: 3 } as never)).toThrow('no option "retries"');
  });
});
