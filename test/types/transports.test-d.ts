import { describe, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { type BusEvent, defineEvents, EventBus } from "../../src/index.ts";
import {
  connectTransport,
  type Envelope,
  type Settlement,
  type TransportLink,
  type TransportSubscribeRequest,
} from "../../src/transports/index.ts";
import { MemoryTransport } from "../../src/transports/memory.ts";

const transport = new MemoryTransport();
const events = defineEvents({
  "order.placed": { schema: z.object({ total: z.number() }) },
  "report.{name}.ready": {},
});

describe("connectTransport", () => {
  it("takes a bus of any catalog, and nothing else", () => {
    expectTypeOf(connectTransport(new EventBus(), transport, { send: "*" })).resolves.toEqualTypeOf<TransportLink>();
    expectTypeOf(connectTransport).toBeCallableWith(new EventBus({ events }), transport, { receive: "order.*" });
    // @ts-expect-error a transport is no bus
    void connectTransport(transport, transport, { send: "*" });
    // @ts-expect-error a bus is no transport
    void connectTransport(new EventBus(), new EventBus(), { send: "*" });
    // @ts-expect-error there is no such option
    void connectTransport(new EventBus(), transport, { forward: "*" });
  });
});

describe("an envelope", () => {
  it("is what an event is written as, and what createEvent takes back", () => {
    expectTypeOf<BusEvent["toJSON"]>().returns.toExtend<Envelope>();
    expectTypeOf<EventBus["publish"]>().toBeCallableWith({} as Envelope);
  });
});

describe("a settlement", () => {
  it("is one of the three, and what a handler has to return", () => {
    expectTypeOf<Settlement["settle"]>().toEqualTypeOf<"ack" | "retry" | "dead-letter">();
    // @ts-expect-error a dead letter has a reason
    const withoutReason: Settlement = { settle: "dead-letter" };
    // @ts-expect-error nothing is no settlement
    const nothing: TransportSubscribeRequest["onEnvelope"] = () => {};
    expectTypeOf([withoutReason, nothing]).toBeArray();
  });
});
