import { describe, expect, it } from "vitest";
import { connectTransport } from "../../../src/transports/index.ts";
import { MemoryBroker, MemoryTransport } from "../../../src/transports/memory.ts";
import { createBus, deferred, rejectionOf, settleTurns } from "../../support/test-bus.ts";
import { eventually, namesOf, station } from "./station.ts";

describe("connectTransport", () => {
  it("carries events to another bus as they are: same id, correlation, causation, source, timestamp, depth and headers", async () => {
    await using transport = new MemoryTransport();
    await using shop = await station("shop", transport, { send: "**" });
    await using office = await station("office", transport, { receive: "**" });
    shop.bus.subscribe("order.placed", (event, ctx) => ctx.publish("invoice.asked", { of: event.id }), { name: "ask" });

    const data = { orderId: "o-1", total: 12 };
    await shop.bus.publish("order.placed", data, { correlationId: "checkout-42", headers: { "x-tenant": "acme" } });
    await office.seen.waitForCalls(2);

    const byName = (name: string) => (event: { name: string }) => event.name === name;
    for (const name of ["order.placed", "invoice.asked"]) {
      const sent = shop.seen.events.find(byName(name))!.toJSON();
      const received = office.seen.events.find(byName(name))!.toJSON();
      expect(received).toEqual({ ...sent, headers: { ...sent.headers, "spanbus-via": expect.any(String) } });
    }
    const asked = office.seen.events.find(byName("invoice.asked"))!;
    expect(asked).toMatchObject({ correlationId: "checkout-42", depth: 1, causationId: shop.seen.events[0]?.id });
    expect(office.seen.events[0]?.headers["x-tenant"]).toBe("acme");
  });

  it("continues correlation, causation and depth in what the other bus publishes in reply", async () => {
    await using transport = new MemoryTransport();
    await using shop = await station("shop", transport, { send: "order.*", receive: "payment.*" });
    await using office = await station("office", transport, { send: "payment.*", receive: "order.*" });
    office.bus.subscribe("order.placed", (event, ctx) => ctx.publish("payment.received", event.data), {
      name: "charge",
    });

    const { id, correlationId } = await shop.bus.publish("order.placed", { total: 12 });
    await shop.seen.waitForCalls(2);

    expect(shop.seen.events[1]).toMatchObject({
      name: "payment.received",
      source: "office",
      correlationId,
      causationId: id,
      depth: 1,
    });
  });

  it("publishes what arrives in nobody's context: the sender's handler is not its cause", async () => {
    await using transport = new MemoryTransport();
    await using shop = await station("shop", transport, { send: "order.*" });
    await using office = await station("office", transport, { receive: "order.*" });

    await shop.bus.publish("order.placed");
    const [call] = await office.seen.waitForCalls(1);

    expect(call?.event).toMatchObject({ causationId: undefined, depth: 0 });
  });

  it("sends and receives what its patterns mean, and nothing else", async () => {
    await using transport = new MemoryTransport();
    await using shop = await station("shop", transport, { send: "order.*" });
    await using office = await station("office", transport, { receive: "*.placed" });

    for (const name of ["order.viewed", "basket.placed", "order.placed"]) await shop.bus.publish(name);
    await office.seen.waitForCalls(1);
    await settleTurns();

    expect(namesOf(office.seen)).toEqual(["order.placed"]);
  });

  it("gives an event to one of the buses of a group", async () => {
    await using transport = new MemoryTransport();
    await using shop = await station("shop", transport, { send: "order.*" });
    await using first = await station("billing", transport, { receive: "order.*", group: "billing" });
    await using second = await station("billing", transport, { receive: "order.*", group: "billing" });

    const results = await Promise.all(Array.from({ length: 20 }, () => shop.bus.publish("order.placed")));
    await eventually(() => first.seen.calls.length + second.seen.calls.length >= 20, "20 deliveries");
    await settleTurns();

    const ids = [...first.seen.events, ...second.seen.events].map((event) => event.id);
    expect(ids.sort()).toEqual(results.map((result) => result.id).sort());
    expect(first.seen.calls.length).toBeGreaterThan(0);
    expect(second.seen.calls.length).toBeGreaterThan(0);
  });

  it("refuses options that do not fit, patterns that are none, and parties that are neither bus nor transport", async () => {
    await using transport = new MemoryTransport();
    const { bus } = createBus();

    const refused = [
      connectTransport(bus, transport, {}),
      connectTransport(bus, transport, { receive: "*", maxAttempts: 0 }),
      connectTransport(bus, transport, { receive: "*", incoming: "always" as never }),
      connectTransport(bus, transport, { receive: "*", retries: 3 } as never),
      connectTransport({} as never, transport, { receive: "*" }),
      connectTransport(bus, {} as never, { receive: "*" }),
      connectTransport(bus, transport, { receive: "a..b" }),
      connectTransport(bus, transport, { send: "a..b" }),
    ];
    const codes = (await Promise.all(refused.map(rejectionOf))).map((error) => (error as { code?: string }).code);

    expect(codes).toEqual([...Array(6).fill("INVALID_OPTION"), "INVALID_PATTERN", "INVALID_PATTERN"]);
  });

  it("leaves nothing subscribed when one half cannot be", async () => {
    await using transport = new MemoryTransport();
    const { bus } = createBus();

    await rejectionOf(connectTransport(bus, transport, { send: "order.*", receive: "a..b" }));

    expect(bus.describe().subscriptions).toEqual([]);
  });
});

describe("TransportLink.drain", () => {
  it("waits for what was received and what is being sent, then does neither", async () => {
    await using transport = new MemoryTransport();
    await using shop = await station("shop", transport, { send: "order.*" });
    await using office = await station("office", transport, { receive: "order.*" });
    const gate = deferred();
    const finished: string[] = [];
    office.bus.subscribe("order.*", async (event) => {
      await gate.promise;
      finished.push(event.name);
    });
    await shop.bus.publish("order.placed");
    await office.seen.waitForCalls(1);

    const drained = office.link.drain();
    await settleTurns();
    const finishedEarly = [...finished];
    gate.resolve();
    await drained;
    await shop.bus.publish("order.packed");
    await settleTurns();

    expect(finishedEarly).toEqual([]);
    expect(finished).toEqual(["order.placed"]);
    expect(namesOf(office.seen)).toEqual(["order.placed"]);
  });

  it("gives back what is not done at the deadline, for another of the group", async () => {
    await using transport = new MemoryTransport();
    await using shop = await station("shop", transport, { send: "order.*" });
    await using stuck = await station("billing", transport, { receive: "order.*", group: "billing" });
    stuck.bus.subscribe("order.*", () => new Promise(() => undefined));
    const { id } = await shop.bus.publish("order.placed");
    await stuck.seen.waitForCalls(1);
    await using other = await station("billing", transport, { receive: "order.*", group: "billing" });

    await stuck.link.drain({ deadlineMs: 5 });
    const [call] = await other.seen.waitForCalls(1);

    expect(call?.event.id).toBe(id);
  });

  it("stops at the end of an `await using` block, and leaves bus and transport open", async () => {
    await using transport = new MemoryTransport();
    await using shop = await station("shop", transport, { send: "order.*" });
    const { bus } = createBus({ source: "office" });
    const seen: string[] = [];
    bus.subscribe("*", (event) => void seen.push(event.name));

    {
      await using _link = await connectTransport(bus, transport, { receive: "order.*" });
      await shop.bus.publish("order.placed");
      await eventually(() => seen.length === 1, "the first event");
    }
    await shop.bus.publish("order.packed");
    await bus.publish("order.local");
    await settleTurns();

    expect(seen).toEqual(["order.placed", "order.local"]);
  });
});

describe("what a link leaves behind", () => {
  it("is received and handled before it has drained, where nobody else is there to take it", async () => {
    await using transport = new MemoryTransport();
    await using shop = await station("shop", transport, { send: "order.*" });
    await using office = await station("office", transport, { receive: "order.*", group: "billing" });
    office.bus.subscribe("order.*", () => settleTurns());
    for (let i = 0; i < 5; i++) await shop.bus.publish("order.placed");

    const report = await office.link.drain();

    expect(report).toEqual({ isComplete: true, unsettled: [] });
    expect(office.seen.events).toHaveLength(5);
  });

  it("is named in its report and on one line of the log when the deadline passes", async () => {
    await using transport = new MemoryTransport();
    await using shop = await station("shop", transport, { send: "order.*" });
    const { bus, logger } = createBus();
    bus.subscribe("order.*", () => new Promise(() => undefined));
    const link = await connectTransport(bus, transport, { receive: "order.*", group: "billing" });
    const { id, correlationId } = await shop.bus.publish("order.placed");

    const report = await link.drain({ deadlineMs: 5 });
    await bus.close();

    expect(report).toMatchObject({
      isComplete: false,
      unsettled: [{ envelope: { id }, pattern: "order.*", group: "billing", hasReceiver: false }],
    });
    const lines = logger.lines().filter(({ fields }) => fields.event === "spanbus.link.ended");
    expect(lines).toMatchObject([
      {
        level: "warn",
        message:
          'the link that receives "order.*" for "billing" has ended; 1 that it had not handled are left to nobody',
        fields: { ended_by: "link", unsettled_count: 1, unsettled: [{ event_id: id, correlation_id: correlationId }] },
      },
    ]);
  });

  it("is not what others of its group are there to take", async () => {
    await using transport = new MemoryTransport();
    await using shop = await station("shop", transport, { send: "order.*" });
    await using stuck = await station("billing", transport, { receive: "order.*", group: "billing" });
    stuck.bus.subscribe("order.*", () => new Promise(() => undefined));
    await shop.bus.publish("order.placed");
    await stuck.seen.waitForCalls(1);
    await using other = await station("billing", transport, { receive: "order.*", group: "billing" });

    const report = await stuck.link.close();
    await other.seen.waitForCalls(1);

    expect(report).toEqual({ isComplete: false, unsettled: [] });
  });

  it("is told when others close its transport, also where that is nothing", async () => {
    const transport = new MemoryTransport();
    const { bus, logger } = createBus();
    const link = await connectTransport(bus, transport, { receive: "order.*" });

    await transport.close();
    const report = await link.drain();
    await bus.close();

    expect(report).toEqual({ isComplete: true, unsettled: [] });
    expect(logger.lines()).toMatchObject([
      {
        level: "warn",
        message: 'the link that receives "order.*" receives no more: its transport was closed',
        fields: { event: "spanbus.link.ended", ended_by: "transport", unsettled_count: 0 },
      },
    ]);
  });

  it("is not worth a line where the bus was closed before and nothing is left", async () => {
    const transport = new MemoryTransport();
    const { bus, logger } = createBus();
    await connectTransport(bus, transport, { receive: "order.*" });

    await bus.close();
    await transport.close();
    await settleTurns();

    expect(logger.lines()).toEqual([]);
  });
});

describe("a link that sends", () => {
  it("makes what cannot be sent a dead letter of the bus, which can be replayed", async () => {
    const broker = new MemoryBroker({ capacity: 1 });
    await using transport = new MemoryTransport({ broker });
    const slow = deferred();
    const received: string[] = [];
    await transport.subscribe({
      pattern: "order.*",
      onEnvelope: async ({ envelope }) => {
        received.push(envelope.id);
        await slow.promise;
        return { settle: "ack" };
      },
    });
    const sending = { name: "to the office", timeoutMs: 10, retry: { maxAttempts: 2, backoff: { initialMs: 1 } } };
    await using shop = await station("shop", transport, { send: "order.*", sending });

    const first = await shop.bus.publish("order.placed");
    const second = await shop.bus.publish("order.placed");
    const [letter] = shop.bus.deadLetters.list({ subscription: "to the office" });
    slow.resolve();
    await eventually(() => received.length === 1, "the first event");
    await settleTurns();
    await shop.bus.deadLetters.replay(letter!.id);
    await eventually(() => received.length === 2, "the replayed event");

    const outcomes = [first, second].map((result) => result.deliveries.at(-1));
    expect(outcomes).toMatchObject([
      { subscription: "to the office", outcome: "handled" },
      { subscription: "to the office", outcome: "timed_out", attempts: 2 },
    ]);
    expect(received).toEqual([first.id, second.id]);
  });

  it("does not try again what will be refused again", async () => {
    const transport = new MemoryTransport();
    await using shop = await station("shop", transport, { send: "order.*" });
    await transport.close();

    const { deliveries } = await shop.bus.publish("order.placed");

    expect(deliveries.at(-1)).toMatchObject({ outcome: "failed", disposition: "dead_lettered", attempts: 1 });
  });
});
