import { afterEach, describe, expect, it } from "vitest";
import { MemoryTransport } from "../../../src/transports/memory.ts";
import { recordSdk, resetProcessState } from "../../telemetry/recorded-sdk.ts";
import { station } from "./station.ts";

afterEach(resetProcessState);

describe("the trace of an event that travels", () => {
  it("goes on at the receiver, under the publish span of the sender", async () => {
    using sdk = recordSdk();
    await using transport = new MemoryTransport();
    await using shop = await station("shop", transport, { send: "order.*" });
    await using office = await station("office", transport, { receive: "order.*" });

    const result = await shop.bus.publish("order.placed");
    const [call] = await office.seen.waitForCalls(1);
    await office.bus.drain();

    const [sent, received] = sdk.named("publish order.placed").sort((a, b) => Number(a.startNs - b.startNs));
    const handled = sdk.named("process order.placed").filter((span) => span.parentSpanId === received?.spanId);
    expect(received).toMatchObject({ traceId: result.traceId, parentSpanId: sent?.spanId });
    expect(handled.map((span) => span.attributes["messaging.destination.subscription.name"])).toEqual(["seen"]);
    expect(call?.event.correlationId).toBe(result.correlationId);
    const ids = sdk.spans().map((span) => span.attributes["messaging.message.conversation_id"]);
    expect(new Set(ids)).toEqual(new Set([result.correlationId]));
  });

  it("is a linked trace of its own where the sender is not trusted", async () => {
    using sdk = recordSdk();
    await using transport = new MemoryTransport();
    await using shop = await station("shop", transport, { send: "order.*" });
    await using office = await station("office", transport, { receive: "order.*", incoming: "link" });

    const { traceId } = await shop.bus.publish("order.placed");
    await office.seen.waitForCalls(1);
    await office.bus.drain();

    const [sent, received] = sdk.named("publish order.placed").sort((a, b) => Number(a.startNs - b.startNs));
    expect(received?.traceId).not.toBe(traceId);
    expect(received?.parentSpanId).toBeUndefined();
    expect(received?.links).toEqual([{ traceId, spanId: sent?.spanId }]);
  });

  it("is that of each event, also when many wait in the transport and are redelivered", async () => {
    using sdk = recordSdk();
    await using transport = new MemoryTransport();
    await using shop = await station("shop", transport, { send: "order.*" });
    const options = { receive: "order.*", onFailure: "retry", retryDelayMs: 1 } as const;
    await using office = await station("office", transport, options);
    const failed = new Set<string>();
    office.bus.subscribe("order.*", (event) => {
      if (failed.has(event.id)) return;
      failed.add(event.id);
      throw new Error("the first time fails");
    });

    const results = await Promise.all(Array.from({ length: 5 }, () => shop.bus.publish("order.placed")));
    await office.seen.waitForCalls(10);
    await office.bus.drain();

    for (const { id, traceId } of results) {
      const spans = sdk.spans().filter((span) => span.attributes["messaging.message.id"] === id);
      expect(spans.filter((span) => span.name.startsWith("publish"))).toHaveLength(3);
      expect(new Set(spans.map((span) => span.traceId))).toEqual(new Set([traceId]));
    }
  });

  it("keeps a caller's correlation id in baggage, and ids without any SDK", async () => {
    await using transport = new MemoryTransport();
    await using shop = await station("shop", transport, { send: "order.*" });
    await using office = await station("office", transport, { receive: "order.*" });

    await shop.bus.publish("order.placed", undefined, { correlationId: "checkout-1" });
    using _sdk = recordSdk();
    await shop.bus.publish("order.placed", undefined, { correlationId: "checkout-2" });
    const [first, second] = await office.seen.waitForCalls(2);

    expect([first, second].map((call) => call?.event.correlationId)).toEqual(["checkout-1", "checkout-2"]);
    expect(second?.event.headers.baggage).toBe("spanbus.correlation_id=checkout-2");
  });
});
