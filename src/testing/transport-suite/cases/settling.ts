import { deepEqual, equal, ok } from "node:assert/strict";
import type { TransportDelivery } from "../../../transports/transport.ts";
import type { CaseDefinition } from "../case-definition.ts";
import { createGate, within } from "../deadline.ts";
import { ACK } from "../inbox.ts";
import { numbersOf } from "../numbers-of.ts";

/** How a delivery ends: ack, retry, dead-letter. */
export const SETTLING_CASES: readonly CaseDefinition[] = [
  {
    name: "hands an envelope over again when asked to retry, and when the handler throws or rejects",
    run: async (world) => {
      const transport = await world.connect();
      const sent = world.many(world.name("order"), 20);
      const failures = new Map<string, number>();
      const inbox = await world.open(transport, {
        pattern: world.name("order"),
        settle: ({ envelope }) => {
          const failed = failures.get(envelope.id) ?? 0;
          failures.set(envelope.id, failed + 1);
          if (envelope.id === sent[2]?.id && failed < 2) return { settle: "retry" };
          if (envelope.id === sent[5]?.id && failed < 1) throw new Error("the handler throws, against its contract");
          if (envelope.id === sent[7]?.id && failed < 1) return Promise.reject(new Error("the handler rejects"));
          return ACK;
        },
      });

      await transport.publish(sent);
      await inbox.received(sent);
      await inbox.delivered(sent.length + 4);
      await inbox.staysQuiet(world.limits.quietMs, "every envelope was acked in the end");

      const times = sent.map(({ id }) => inbox.envelopes.filter((each) => each.id === id).length);
      deepEqual(
        times,
        sent.map((_, number) => ({ 2: 3, 5: 2, 7: 2 })[number] ?? 1),
        "deliveries of each envelope",
      );
    },
  },
  {
    name: "goes on after every envelope was retried many times",
    run: async (world) => {
      const transport = await world.connect();
      const sent = world.many(world.name("order"), 10);
      let isMended = false;
      const inbox = await world.open(transport, {
        pattern: world.name("order"),
        maxInFlight: 10,
        settle: () => (isMended ? ACK : { settle: "retry" }),
      });
      await transport.publish(sent);
      await inbox.delivered(50);

      isMended = true;
      const before = inbox.deliveries.length;
      const acked = (): number => new Set(inbox.envelopes.slice(before).map((each) => each.id)).size;
      await inbox.until(() => acked() === sent.length, "every envelope once more, now that the handler acks");
      await inbox.staysQuiet(world.limits.quietMs, "every envelope was acked");
    },
  },
  {
    name: "does not let later envelopes overtake one that is retried",
    needs: ["ordered"],
    run: async (world) => {
      const transport = await world.connect();
      const sent = world.many(world.name("order"), 10);
      let failed = 0;
      const inbox = await world.open(transport, {
        pattern: world.name("order"),
        settle: ({ envelope }) =>
          envelope.id === sent[3]?.id && ++failed <= 2 ? { settle: "retry", delayMs: 5 } : ACK,
      });

      await transport.publish(sent);
      await inbox.received(sent);

      deepEqual(numbersOf(inbox), [0, 1, 2, 3, 3, 3, 4, 5, 6, 7, 8, 9]);
    },
  },
  {
    name: "hands over no more what was dead-lettered, and goes on with the others",
    run: async (world) => {
      const transport = await world.connect();
      const sent = world.many(world.name("order"), 5);
      const inbox = await world.open(transport, {
        pattern: world.name("order"),
        settle: ({ envelope }) =>
          envelope.id === sent[1]?.id ? { settle: "dead-letter", reason: "no such order" } : ACK,
      });

      await transport.publish(sent);
      await inbox.received(sent);
      await inbox.staysQuiet(world.limits.quietMs, "every envelope was settled");

      equal(inbox.envelopes.filter((each) => each.id === sent[1]?.id).length, 1, "deliveries of the dead letter");
    },
  },
  {
    name: "counts how often it hands an envelope over",
    needs: ["countsAttempts"],
    run: async (world) => {
      const transport = await world.connect();
      const [envelope] = world.many(world.name("order"), 1);
      const inbox = await world.open(transport, {
        pattern: world.name("order"),
        settle: ({ attempt }) => (attempt < 4 ? { settle: "retry" } : ACK),
      });

      await transport.publish([envelope!]);
      await inbox.delivered(4);

      deepEqual(
        inbox.deliveries.map((each) => each.attempt),
        [1, 2, 3, 4],
      );
    },
  },
  {
    name: "waits as long as a retry asks for",
    needs: ["delaysRetries"],
    run: async (world) => {
      const delayMs = 60;
      const transport = await world.connect();
      const instants: number[] = [];
      const inbox = await world.open(transport, {
        pattern: world.name("order"),
        settle: () => (instants.push(performance.now()) === 1 ? { settle: "retry", delayMs } : ACK),
      });

      await transport.publish(world.many(world.name("order"), 1));
      await inbox.delivered(2);

      const waited = instants[1]! - instants[0]!;
      ok(waited >= delayMs - 5, `it came again after ${waited.toFixed(1)} ms, ${delayMs} were asked for`);
    },
  },
  {
    name: "ends the signal of a delivery when it is settled, and not before",
    run: async (world) => {
      const transport = await world.connect();
      const publisher = new AbortController();
      const gate = createGate();
      const endedEarly: boolean[] = [];
      const inbox = await world.open(transport, {
        pattern: world.name("order"),
        settle: async ({ signal }) => {
          await gate.opened;
          endedEarly.push(signal.aborted);
          return ACK;
        },
      });
      await transport.publish(world.many(world.name("order"), 1), { signal: publisher.signal });
      await inbox.delivered(1);

      publisher.abort(); // the publisher's is over; that is nothing to the delivery
      const { signal } = inbox.deliveries[0] as TransportDelivery;
      const ended = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
      gate.open();
      await within(ended, world.limits.waitMs, () => "expected the signal to be aborted once the delivery was acked");

      deepEqual(endedEarly, [false], "whether the signal was aborted before the delivery was settled");
    },
  },
];
