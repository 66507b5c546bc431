import { describe, expect, it } from "vitest";
import { z } from "zod";
import { defineEvents } from "../../../src/catalog/catalog.ts";
import { MemoryBroker, MemoryTransport } from "../../../src/transports/memory.ts";
import { deferred, settleTurns } from "../../support/test-bus.ts";
import { eventually, namesOf, station } from "./station.ts";

const RECEIVE = { receive: "order.*", retryDelayMs: 1 } as const;

describe("a received event", () => {
  it("is settled when its deliveries have settled, retries included", async () => {
    await using transport = new MemoryTransport();
    await using shop = await station("shop", transport, { send: "order.*" });
    await using office = await station("office", transport, RECEIVE);
    const gate = deferred();
    const retry = { maxAttempts: 2, backoff: { initialMs: 1 } };
    office.bus.subscribe(
      "order.placed",
      async (_event, ctx) => {
        if (ctx.attempt === 1) throw new Error("not yet");
        await gate.promise;
      },
      { name: "slow", retry },
    );

    await shop.bus.publish("order.placed");
    await shop.bus.publish("order.packed");
    await office.seen.waitForCalls(1);
    await settleTurns(10);
    const seenBefore = namesOf(office.seen);
    gate.resolve();
    await office.seen.waitForCalls(2);

    expect(seenBefore).toEqual(["order.placed"]);
    expect(namesOf(office.seen)).toEqual(["order.placed", "order.packed"]);
  });

  it("is acked when a delivery fails for good: the bus keeps it, and nobody handles it twice", async () => {
    const broker = new MemoryBroker();
    await using transport = new MemoryTransport({ broker });
    await using shop = await station("shop", transport, { send: "order.*" });
    await using office = await station("office", transport, RECEIVE);
    office.bus.subscribe("order.placed", failing, { name: "broken" });

    await shop.bus.publish("order.placed");
    await shop.bus.publish("order.packed");
    await office.seen.waitForCalls(2);

    expect(namesOf(office.seen)).toEqual(["order.placed", "order.packed"]);
    expect(office.bus.deadLetters.list().map(({ subscription }) => subscription)).toEqual(["broken"]);
    expect(broker.deadLetters).toEqual([]);
  });

  it("is set aside on the transport too where asked to", async () => {
    const broker = new MemoryBroker();
    await using transport = new MemoryTransport({ broker });
    await using shop = await station("shop", transport, { send: "order.*" });
    await using office = await station("office", transport, { ...RECEIVE, onFailure: "dead-letter" });
    office.bus.subscribe("order.placed", failing, { name: "broken" });

    const { id } = await shop.bus.publish("order.placed");
    await eventually(() => broker.deadLetters.length === 1, "the dead letter");

    expect(broker.deadLetters).toMatchObject([{ envelope: { id }, reason: "delivery_failed", pattern: "order.*" }]);
  });

  it("comes again where asked to, with the same id, until it has come often enough", async () => {
    const broker = new MemoryBroker();
    await using transport = new MemoryTransport({ broker });
    await using shop = await station("shop", transport, { send: "order.*" });
    await using office = await station("office", transport, { ...RECEIVE, onFailure: "retry", maxAttempts: 3 });
    office.bus.subscribe("order.placed", failing, { name: "broken" });

    const { id } = await shop.bus.publish("order.placed");
    await eventually(() => broker.deadLetters.length === 1, "the dead letter");

    expect(office.seen.events.map((event) => event.id)).toEqual([id, id, id]);
    expect(broker.deadLetters).toMatchObject([{ envelope: { id }, reason: "delivery_failed" }]);
  });

  it("is no failure when the handler says it is not", async () => {
    const broker = new MemoryBroker();
    await using transport = new MemoryTransport({ broker });
    await using shop = await station("shop", transport, { send: "order.*" });
    await using office = await station("office", transport, { ...RECEIVE, onFailure: "dead-letter" });
    office.bus.subscribe("order.placed", (_event, ctx) => ctx.discard("an old one"), { name: "picky" });

    await shop.bus.publish("order.placed");
    await shop.bus.publish("order.packed");
    await office.seen.waitForCalls(2);

    expect(broker.deadLetters).toEqual([]);
  });

  it("is set aside at once when the bus refuses it for what it is", async () => {
    const broker = new MemoryBroker();
    await using transport = new MemoryTransport({ broker });
    const events = defineEvents({ "order.placed": { schema: z.object({ total: z.number() }) } });
    await using shop = await station("shop", transport, { send: "**" });
    await using office = await station("office", transport, { receive: "**", bus: { events, maxDepth: 3 } });

    await shop.bus.publish("order.placed", { total: "twelve" });
    await shop.bus.publish("order.cancelled");
    await shop.bus.publish({ name: "order.placed", data: { total: 12 }, depth: 4 });
    await shop.bus.publish("order.placed", { total: 12 });
    await office.seen.waitForCalls(1);

    expect(broker.deadLetters.map(({ reason }) => reason)).toEqual(["invalid_data", "unknown_event", "depth_exceeded"]);
    expect(office.seen.events.map((event) => event.data)).toEqual([{ total: 12 }]);
    expect(office.bus.stats().refused).toEqual({ invalid_data: 1, unknown_event: 1, depth_exceeded: 1 });
  });

  it("goes to another of the group when its bus is closed while it is handled", async () => {
    await using transport = new MemoryTransport();
    await using shop = await station("shop", transport, { send: "order.*" });
    await using closing = await station("billing", transport, { ...RECEIVE, group: "billing" });
    closing.bus.subscribe("order.*", () => new Promise(() => undefined), { name: "hanging" });
    const { id } = await shop.bus.publish("order.placed");
    await closing.seen.waitForCalls(1);
    await using other = await station("billing", transport, { ...RECEIVE, group: "billing" });

    await closing.bus.close();
    const [call] = await other.seen.waitForCalls(1);

    expect(call?.event.id).toBe(id);
  });

  it("goes to the others of the group when its bus is closed already, which then receives no more", async () => {
    const broker = new MemoryBroker();
    await using transport = new MemoryTransport({ broker });
    await using shop = await station("shop", transport, { send: "order.*" });
    await using closed = await station("billing", transport, { ...RECEIVE, group: "billing" });
    await using other = await station("billing", transport, { ...RECEIVE, group: "billing" });
    await closed.bus.close();

    const results = [];
    for (let i = 0; i < 10; i++) results.push(await shop.bus.publish("order.placed"));
    await other.seen.waitForCalls(10);

    expect(other.seen.events.map(({ id }) => id).sort()).toEqual(results.map(({ id }) => id).sort());
    expect(closed.bus.stats().refused).toEqual({ bus_closed: 1 });
    expect(broker.deadLetters).toEqual([]);
  });
});

function failing(): never {
  throw new Error("the printer is on fire");
}
