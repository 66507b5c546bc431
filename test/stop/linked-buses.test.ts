import { describe, expect, it } from "vitest";
import { stopGracefully } from "../../src/stop/stop-gracefully.ts";
import { connectTransport, type Transport } from "../../src/transports/index.ts";
import { MemoryBroker, MemoryTransport } from "../../src/transports/memory.ts";
import { createBus, deferred, rejectionOf, settleTurns } from "../support/test-bus.ts";
import { station } from "../transports/link/station.ts";

const COUNT = 20;
const GROUP = "billing";

describe("a stop of buses that a transport of this process links", () => {
  it.each([
    ["the sending one first", false],
    ["the receiving one first", true],
  ])("handles everything that was sent, with %s", async (_order, isReversed) => {
    await using transport = new MemoryTransport();
    await using shop = await station("shop", transport, { send: "order.*" });
    await using office = await station("office", transport, { receive: "order.*" });
    const handled = handling(office.bus);
    const results = await publishMany(shop.bus);
    const buses = [shop.bus, office.bus];

    const report = await stopGracefully({ buses: isReversed ? buses.reverse() : buses });

    expect(handled).toEqual(results.map(({ id }) => id));
    expect(report).toMatchObject({ isComplete: true, cut: [], problems: [] });
    expect(transport.unsettled()).toEqual([]);
  });

  it("lets what the handlers send come back, as often as they send", async () => {
    await using transport = new MemoryTransport();
    await using shop = await station("shop", transport, { send: "order.*", receive: "parcel.*" });
    await using depot = await station("depot", transport, { send: "parcel.*", receive: "order.*" });
    const arrived: unknown[] = [];
    depot.bus.subscribe("order.placed", async (event, ctx) => {
      await settleTurns();
      void ctx.publish("parcel.packed", event.data);
    });
    shop.bus.subscribe("parcel.packed", async (event, ctx) => void (await ctx.publish("order.closed", event.data)));
    depot.bus.subscribe("order.closed", async (event) => {
      await settleTurns();
      arrived.push(event.data);
    });
    await publishMany(shop.bus);

    const report = await stopGracefully({ buses: [shop.bus, depot.bus] });

    expect(arrived).toEqual(Array.from({ length: COUNT }, (_, number) => ({ number })));
    expect(report).toMatchObject({ isComplete: true, cut: [] });
  });

  it("lets the handlers of one publish on another of them directly, wherever it stands in the list", async () => {
    await using transport = new MemoryTransport();
    await using shop = await station("shop", transport, { send: "order.*" });
    await using office = await station("office", transport, { receive: "order.*" });
    const { bus: audit } = createBus();
    const written: unknown[] = [];
    audit.subscribe("*", async (event) => void written.push(event.data));
    office.bus.subscribe("order.placed", async ({ data }) => {
      await settleTurns();
      await audit.publish("order.audited", data);
    });
    await publishMany(shop.bus);

    const report = await stopGracefully({ buses: [shop.bus, audit, office.bus] });

    expect(written).toHaveLength(COUNT);
    expect(report.isComplete).toBe(true);
  });

  it("refuses what comes from outside meanwhile", async () => {
    await using transport = new MemoryTransport();
    await using shop = await station("shop", transport, { send: "order.*" });
    await using office = await station("office", transport, { receive: "order.*" });
    const gate = deferred();
    office.bus.subscribe("order.placed", () => gate.promise);
    await publishMany(shop.bus);

    const stopping = stopGracefully({ buses: [shop.bus, office.bus] });
    await settleTurns(20);
    const refusals = await Promise.all([
      rejectionOf(shop.bus.publish("order.placed")),
      rejectionOf(office.bus.publish("order.placed")),
    ]);
    gate.resolve();
    await stopping;

    expect(refusals).toMatchObject([{ code: "BUS_DRAINING" }, { code: "BUS_DRAINING" }]);
  });

  it.each([
    ["a group", GROUP, GROUP],
    ["no group", undefined, "order.*"],
  ])("names what was not handled at the deadline, each event once, for %s", async (_kind, group, subscription) => {
    await using transport = new MemoryTransport();
    await using shop = await station("shop", transport, { send: "order.*" });
    await using office = await station("office", transport, { receive: "order.*", group });
    office.bus.subscribe("order.placed", () => new Promise(() => undefined), { name: "charge" });
    const results = await publishMany(shop.bus);

    const report = await stopGracefully({ buses: [shop.bus, office.bus], drainMs: 100 });

    const named = report.cut.map(({ eventId, subscription: name, reason }) => [eventId, name, reason]);
    const expected = results.map(({ id }, index) => {
      return index === 0 ? [id, "charge", "deadline"] : [id, subscription, "transport"];
    });
    expect(named).toEqual(expected);
    expect(report).toMatchObject({ isComplete: false, problems: [] });
    expect(report.cut[1]).toMatchObject({ eventName: "order.placed", correlationId: results[1]?.correlationId });
  });

  it("names an event for each bus that did not get to it, where each gets all of them", async () => {
    await using transport = new MemoryTransport();
    await using shop = await station("shop", transport, { send: "order.*" });
    await using office = await station("office", transport, { receive: "order.*" });
    await using depot = await station("depot", transport, { receive: "order.*" });
    for (const { bus } of [office, depot]) {
      bus.subscribe("order.placed", () => new Promise(() => undefined), { name: "stuck" });
    }
    await publishMany(shop.bus);

    const report = await stopGracefully({ buses: [shop.bus, office.bus, depot.bus], drainMs: 100 });

    const reasons = report.cut.map(({ reason }) => reason).sort();
    expect(reasons).toEqual([...Array(2).fill("deadline"), ...Array(2 * (COUNT - 1)).fill("transport")]);
  });

  it("names at once what a group holds that nobody is subscribed for", async () => {
    await using transport = new MemoryTransport();
    await using shop = await station("shop", transport, { send: "order.*" });
    const gone = await transport.subscribe({ pattern: "order.*", group: GROUP, onEnvelope: () => ({ settle: "ack" }) });
    await gone.close();
    const { id } = await shop.bus.publish("order.placed");

    const report = await stopGracefully({ buses: [shop.bus], drainMs: 60_000 });

    expect(report.cut).toMatchObject([{ eventId: id, subscription: GROUP, reason: "transport" }]);
    expect(report.durationMs).toBeLessThan(30_000);
  });

  it("waits for a bus that is not to be stopped, as long as it may", async () => {
    await using transport = new MemoryTransport();
    await using shop = await station("shop", transport, { send: "order.*" });
    await using office = await station("office", transport, { receive: "order.*" });
    const handled = handling(office.bus);
    await publishMany(shop.bus);

    const report = await stopGracefully({ buses: [shop.bus] });

    expect(handled).toHaveLength(COUNT);
    expect(report.isComplete).toBe(true);
    expect(office.bus.describe().state).toBe("open");
  });

  it("names what the transport held when others closed it under a link", async () => {
    const transport = new MemoryTransport();
    await using shop = await station("shop", transport, { send: "order.*" });
    await using office = await station("office", transport, { receive: "order.*" });
    const gate = deferred();
    office.bus.subscribe("order.placed", () => gate.promise);
    const results = await publishMany(shop.bus);

    const closed = await transport.close();
    gate.resolve();
    const report = await stopGracefully({ buses: [shop.bus, office.bus] });

    expect(closed.unsettled.map(({ envelope }) => envelope.id)).toEqual(results.map(({ id }) => id));
    expect(report.isComplete).toBe(false);
    expect(report.cut.map(({ reason }) => reason)).toEqual(Array(COUNT).fill("transport"));
  });

  it("names an event once where several transports of one broker hold it", async () => {
    const broker = new MemoryBroker();
    await using first = new MemoryTransport({ broker });
    await using second = new MemoryTransport({ broker });
    await using shop = await station("shop", first, { send: "order.*" });
    await using office = await station("office", second, { receive: "order.*", group: GROUP });
    await office.bus.close();
    const { id } = await shop.bus.publish("order.placed");
    await settleTurns(10);

    const report = await stopGracefully({ buses: [shop.bus, office.bus] });

    expect(report.cut).toMatchObject([{ eventId: id, reason: "transport" }]);
  });

  it("names what a link without a group still held for a bus that was closed before", async () => {
    await using transport = new MemoryTransport();
    await using shop = await station("shop", transport, { send: "order.*" });
    await using office = await station("office", transport, { receive: "order.*" });
    await office.bus.close();
    const { id } = await shop.bus.publish("order.placed");

    const report = await stopGracefully({ buses: [office.bus, shop.bus] });

    expect(report.cut).toMatchObject([{ eventId: id, subscription: "order.*", reason: "transport" }]);
  });

  it("is the same when it is asked for twice at once", async () => {
    await using transport = new MemoryTransport();
    await using shop = await station("shop", transport, { send: "order.*" });
    await using office = await station("office", transport, { receive: "order.*" });
    const handled = handling(office.bus);
    await publishMany(shop.bus);
    const buses = [shop.bus, office.bus];

    const [first, second] = await Promise.all([stopGracefully({ buses }), stopGracefully({ buses })]);

    expect(handled).toHaveLength(COUNT);
    expect([first.isComplete, second.isComplete]).toEqual([true, true]);
    expect(second.drains).toEqual(first.drains);
  });

  it("leaves what another process will get to a transport that keeps it", async () => {
    await using inner = new MemoryTransport();
    const transport = keeping(inner);
    await using shop = await station("shop", transport, { send: "order.*" });
    await using office = await station("office", transport, { receive: "order.*", group: GROUP });
    const gate = deferred();
    office.bus.subscribe("order.placed", () => gate.promise);
    await publishMany(shop.bus);

    const stopping = stopGracefully({ buses: [shop.bus, office.bus] });
    await settleTurns(10);
    gate.resolve();
    const report = await stopping;

    expect(report).toMatchObject({ isComplete: true, cut: [] });
    expect(inner.unsettled().length).toBeGreaterThan(0);
  });
});

type Bus = Awaited<ReturnType<typeof station>>["bus"];

/** The ids that a slow handler of `order.placed` has handled. */
function handling(bus: Bus): string[] {
  const ids: string[] = [];
  bus.subscribe("order.placed", async ({ id }) => {
    await settleTurns();
    ids.push(id);
  });
  return ids;
}

function publishMany(bus: Bus): Promise<readonly { readonly id: string; readonly correlationId: string }[]> {
  return Promise.all(Array.from({ length: COUNT }, (_, number) => bus.publish("order.placed", { number })));
}

/** A transport like those whose engine is another process. */
function keeping(inner: MemoryTransport): Transport {
  return {
    capabilities: { ...inner.capabilities, volatile: false },
    publish: (...given) => inner.publish(...given),
    subscribe: (request) => inner.subscribe(request),
    unsettled: () => [],
    close: () => inner.close(),
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
}

describe("bus.drain()", () => {
  it("lets what a transport of this process holds for the bus alone be handled first", async () => {
    await using transport = new MemoryTransport();
    await using shop = await station("shop", transport, { send: "order.*" });
    const { bus } = createBus();
    const link = await connectTransport(bus, transport, { receive: "order.*", group: GROUP });
    const handled = handling(bus);
    await publishMany(shop.bus);

    const { isComplete } = await bus.drain();
    const report = await link.drain();

    expect([handled.length, isComplete]).toEqual([COUNT, true]);
    expect(report).toEqual({ isComplete: true, unsettled: [] });
  });
});
