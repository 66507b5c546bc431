import { deepEqual, equal, ok } from "node:assert/strict";
import type { TransportDelivery } from "../../../transports/transport.ts";
import type { CaseDefinition } from "../case-definition.ts";
import { codeOf } from "../code-of.ts";
import { createGate, within } from "../deadline.ts";
import { ACK } from "../inbox.ts";

/** What closing leaves, and what it ends. */
export const CLOSING_CASES: readonly CaseDefinition[] = [
  {
    name: "delivers what publish resolved for although the publisher closes at once",
    run: async (world) => {
      const publisher = await world.connect();
      const inbox = await world.open(await world.connect(), { pattern: world.name("order") });
      const sent = world.many(world.name("order"));

      const publishing = sent.map((envelope) => publisher.publish([envelope]));
      await publishing[0];
      const closing = publisher.close();
      const outcomes = await Promise.allSettled(publishing);
      await closing;

      await inbox.received(sent.filter((_, index) => outcomes[index]?.status === "fulfilled"));
    },
  },
  {
    name: "hands nothing over after a subscription was closed",
    run: async (world) => {
      const transport = await world.connect();
      const [closed, open] = [
        await world.open(transport, { pattern: world.name("order") }),
        await world.open(transport, { pattern: world.name("order") }),
      ];
      await closed.subscription.close();
      const sent = world.many(world.name("order"), 5);

      await transport.publish(sent);
      await open.received(sent);
      await closed.staysQuiet(world.limits.quietMs, "the subscription was closed before");

      equal(closed.deliveries.length, 0);
    },
  },
  {
    name: "finishes what was handed over before it has drained, and takes nothing new",
    run: async (world) => {
      const transport = await world.connect();
      const gate = createGate();
      const settled: string[] = [];
      const inbox = await world.open(transport, {
        pattern: world.name("order"),
        maxInFlight: 2,
        settle: async ({ envelope, signal }) => {
          await gate.opened;
          settled.push(signal.aborted ? "cut" : envelope.id);
          return ACK;
        },
      });
      const sent = world.many(world.name("order"), 5);
      await transport.publish(sent);
      await inbox.delivered(2);

      let isDrained = false;
      const drained = inbox.subscription.drain().then(() => {
        isDrained = true;
      });
      await inbox.staysQuiet(world.limits.quietMs, "the subscription drains");
      const wasDrainedEarly = isDrained;
      gate.open();
      await within(drained, world.limits.waitMs, () => "expected the drain to end with the last delivery");
      await inbox.staysQuiet(world.limits.quietMs, "the subscription has drained");

      equal(wasDrainedEarly, false, "it had drained while deliveries were open");
      deepEqual(settled.sort(), inbox.deliveries.map(({ envelope }) => envelope.id).sort());
    },
  },
  {
    name: "ends the signals of open deliveries when their transport is closed",
    run: async (world) => {
      const transport = await world.connect();
      const inbox = await world.open(transport, {
        pattern: world.name("order"),
        settle: () => new Promise(() => undefined),
      });
      await transport.publish(world.many(world.name("order"), 1));
      await inbox.delivered(1);
      const { signal } = inbox.deliveries[0] as TransportDelivery;
      const ended = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));

      await within(transport.close(), world.limits.waitMs, () => "expected close() not to wait for open deliveries");

      await within(ended, world.limits.waitMs, () => "expected the signal to be aborted by close()");
    },
  },
  {
    name: "closes a subscription when its signal is aborted, and leaves the envelopes to the others",
    run: async (world) => {
      const transport = await world.connect();
      const pattern = world.name("order");
      const controller = new AbortController();
      const cancelled = await world.open(transport, {
        pattern,
        signal: controller.signal,
        settle: () => ({ settle: "retry" }),
      });
      const other = await world.open(transport, { pattern });
      const sent = world.many(pattern, 20);
      await transport.publish(sent);
      await cancelled.delivered(1);

      controller.abort();
      await other.received(sent);
      await cancelled.staysQuiet(world.limits.quietMs, "its signal was aborted");

      const refused = transport.subscribe({ pattern, signal: controller.signal, onEnvelope: () => ACK });
      equal(await codeOf(refused), "ABORTED", "what subscribing with an aborted signal rejects with");
    },
  },
  {
    name: "stays whole while connections and subscriptions come and go",
    run: async (world) => {
      const pattern = world.name("order");
      const publisher = await world.connect();
      const steady = await world.open(await world.connect(), { pattern });
      const sent = world.many(pattern);
      const half = sent.length / 2;

      const comingAndGoing = Array.from({ length: 10 }, async () => {
        const connection = await world.connect();
        await world.open(connection, { pattern });
        await Promise.all([connection.close(), connection.close()]);
      });
      await Promise.all([...comingAndGoing, ...sent.slice(0, half).map((envelope) => publisher.publish([envelope]))]);
      await publisher.publish(sent.slice(half));

      await steady.received(sent);
    },
  },
  {
    name: "refuses work once it is closed, and may be closed twice",
    run: async (world) => {
      const transport = await world.connect();
      const inbox = await world.open(transport, { pattern: world.name("order") });
      await transport.close();

      const published = await codeOf(transport.publish(world.many(world.name("order"), 1)));
      const subscribed = await codeOf(transport.subscribe({ pattern: world.name("order"), onEnvelope: () => ACK }));
      await transport.close();
      await inbox.subscription.close();
      await inbox.subscription.drain();

      deepEqual([published, subscribed], ["TRANSPORT_CLOSED", "TRANSPORT_CLOSED"]);
      ok(inbox.deliveries.length === 0, "nothing was published");
    },
  },
];
