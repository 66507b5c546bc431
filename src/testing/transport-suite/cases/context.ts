import { deepEqual } from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import type { Envelope, TransportDelivery } from "../../../transports/transport.ts";
import type { CaseDefinition } from "../case-definition.ts";
import type { CaseWorld } from "../case-world.ts";
import { createGate } from "../deadline.ts";
import { ACK } from "../inbox.ts";

/** On every path the context is the envelope's, never what is active where a buffer is emptied. */
export const CONTEXT_CASES: readonly CaseDefinition[] = [
  {
    name: "carries trace context, baggage, correlation and causation in the envelope",
    run: async (world) => {
      const transport = await world.connect();
      const sent = traced(world, 5);
      const inbox = await world.open(await world.connect(), { pattern: world.name("order") });

      await transport.publish(sent);
      await inbox.received(sent);

      expectOwnContexts(inbox.deliveries, sent);
    },
  },
  {
    name: "carries the context of each envelope through a buffer",
    run: async (world) => {
      const transport = await world.connect();
      const gate = createGate();
      const sent = traced(world, 10);
      const inbox = await world.open(transport, {
        pattern: world.name("order"),
        settle: async () => {
          await gate.opened;
          return ACK;
        },
      });

      for (const envelope of sent) await transport.publish([envelope]);
      await inbox.delivered(1);
      gate.open();
      await inbox.received(sent);

      expectOwnContexts(inbox.deliveries, sent);
    },
  },
  {
    name: "carries the context of each envelope through a redelivery",
    run: async (world) => {
      const transport = await world.connect();
      const sent = traced(world, 5);
      const seen = new Set<string>();
      const inbox = await world.open(transport, {
        pattern: world.name("order"),
        settle: ({ envelope }) => {
          if (seen.has(envelope.id)) return ACK;
          seen.add(envelope.id);
          return { settle: "retry" };
        },
      });

      await transport.publish(sent);
      await inbox.delivered(2 * sent.length);

      expectOwnContexts(inbox.deliveries, sent);
    },
  },
  {
    name: "carries the context of each envelope to another subscription of the group",
    needs: ["groups"],
    run: async (world) => {
      const transport = await world.connect();
      const request = { pattern: world.name("order"), group: world.group("billing") };
      const stuck = await world.open(transport, {
        ...request,
        maxInFlight: 5,
        settle: () => new Promise(() => undefined),
      });
      const sent = traced(world, 5);
      await transport.publish(sent);
      await stuck.delivered(5);

      await stuck.subscription.close();
      const other = await world.open(await world.connect(), request);
      await other.received(sent);

      expectOwnContexts(other.deliveries, sent);
    },
  },
  {
    name: "hands over in nobody's async context",
    run: async (world) => {
      const active = new AsyncLocalStorage<string>();
      const transport = await active.run("where it connected", () => world.connect());
      const found: (string | undefined)[] = [];
      const inbox = await active.run("where it subscribed", () =>
        world.open(transport, {
          pattern: world.name("order"),
          settle: (_delivery, count) => {
            found.push(active.getStore());
            active.enterWith("where another was handled");
            return count === 1 ? { settle: "retry" } : ACK;
          },
        }),
      );

      const sent = world.many(world.name("order"), 3);
      await active.run("where it was published", () => transport.publish(sent));
      await inbox.delivered(4);

      deepEqual(found, [undefined, undefined, undefined, undefined], "the async context of each hand-over");
    },
  },
];

/** Envelopes that each belong to another trace. */
function traced(world: CaseWorld, count: number): Envelope[] {
  return Array.from({ length: count }, (_, number) => {
    const digit = (number + 1).toString(16);
    return world.envelope(world.name("order"), {
      correlationId: `correlation-${number}`,
      causationId: `causation-${number}`,
      depth: number,
      headers: {
        traceparent: `00-${digit.padStart(32, "a")}-${digit.padStart(16, "b")}-01`,
        tracestate: `vendor=${number},other=x`,
        baggage: `tenant=acme%20${number},spanbus.correlation_id=correlation-${number}`,
      },
    });
  });
}

function expectOwnContexts(deliveries: readonly TransportDelivery[], sent: readonly Envelope[]): void {
  const own = new Map(sent.map((each) => [each.id, contextOf(each)]));
  for (const { envelope } of deliveries) deepEqual(contextOf(envelope), own.get(envelope.id), "the envelope's context");
}

function contextOf({ correlationId, causationId, depth, headers }: Envelope): unknown {
  const { traceparent, tracestate, baggage } = headers;
  return { correlationId, causationId, depth, traceparent, tracestate, baggage };
}
