import { describe, expect, it } from "vitest";
import { connectTransport } from "../../../src/transports/index.ts";
import { MemoryBroker, MemoryTransport } from "../../../src/transports/memory.ts";
import { settleTurns } from "../../support/test-bus.ts";
import { eventually, namesOf, station } from "./station.ts";

const BOTH_WAYS = { send: "order.*", receive: "order.*" };

describe("buses that all send and receive the same events", () => {
  it("see each event once", async () => {
    await using transport = new MemoryTransport();
    await using first = await station("first", transport, BOTH_WAYS);
    await using second = await station("second", transport, BOTH_WAYS);
    await using third = await station("third", transport, BOTH_WAYS);

    await first.bus.publish("order.placed");
    await second.bus.publish("order.packed");
    await Promise.all([first, second, third].map((each) => each.seen.waitForCalls(2)));
    await settleTurns(20);

    for (const { seen } of [first, second, third])
      expect(namesOf(seen).sort()).toEqual(["order.packed", "order.placed"]);
  });

  it("see each event once when one bus receives through one link and sends through another", async () => {
    await using transport = new MemoryTransport();
    await using first = await station("first", transport, { send: "order.*" });
    await using second = await station("second", transport, { receive: "order.*" });
    await using _sending = await connectTransport(second.bus, transport, { send: "order.*" });
    await using third = await station("third", transport, { receive: "order.*" });

    await first.bus.publish("order.placed");
    await Promise.all([second, third].map((each) => each.seen.waitForCalls(1)));
    await settleTurns(20);

    for (const { seen } of [second, third]) expect(namesOf(seen)).toEqual(["order.placed"]);
  });
});

describe("a bus between two transports", () => {
  it("passes events on from one to the other", async () => {
    const [near, far] = [new MemoryTransport(), new MemoryTransport()];
    await using shop = await station("shop", near, BOTH_WAYS);
    await using bridge = await station("bridge", near, BOTH_WAYS);
    await using _link = await connectTransport(bridge.bus, far, BOTH_WAYS);
    await using office = await station("office", far, BOTH_WAYS);

    const placed = await shop.bus.publish("order.placed");
    const [call] = await office.seen.waitForCalls(1);
    await office.bus.publish("order.packed");
    await shop.seen.waitForCalls(2);
    await settleTurns(20);

    expect(call?.event.id).toBe(placed.id);
    expect(namesOf(shop.seen)).toEqual(["order.placed", "order.packed"]);
    expect(namesOf(bridge.seen)).toEqual(["order.placed", "order.packed"]);
    expect(namesOf(office.seen)).toEqual(["order.placed", "order.packed"]);
  });

  it("does not let events go round between buses that share both", async () => {
    const [left, right] = [new MemoryTransport(), new MemoryTransport()];
    await using first = await station("first", left, BOTH_WAYS);
    await using second = await station("second", left, BOTH_WAYS);
    await using _a = await connectTransport(first.bus, right, BOTH_WAYS);
    await using _b = await connectTransport(second.bus, right, BOTH_WAYS);

    await first.bus.publish("order.placed");
    await second.seen.waitForCalls(2);
    await settleTurns(50);

    expect(namesOf(first.seen)).toEqual(["order.placed"]);
    expect(namesOf(second.seen)).toEqual(["order.placed", "order.placed"]); // once over each transport, with one id
    expect(new Set(second.seen.events.map(({ id }) => id)).size).toBe(1);
  });
});

describe("an envelope that came through too many buses", () => {
  it("is set aside", async () => {
    const broker = new MemoryBroker();
    await using transport = new MemoryTransport({ broker });
    await using office = await station("office", transport, { receive: "order.*" });
    const via = Array.from({ length: 16 }, (_, index) => `bus-${index}`).join(",");
    const envelope = {
      id: "e-1",
      name: "order.placed",
      data: undefined,
      source: "somewhere",
      correlationId: "c-1",
      timestamp: "2026-01-01T00:00:00.000Z",
      depth: 0,
      headers: { "spanbus-via": via },
    };

    await transport.publish([envelope]);
    await eventually(() => broker.deadLetters.length === 1, "the dead letter");

    expect(broker.deadLetters[0]?.reason).toBe("too_many_buses");
    expect(office.seen.calls).toEqual([]);
  });
});
