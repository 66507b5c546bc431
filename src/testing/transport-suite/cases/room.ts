import { deepEqual, equal, ok } from "node:assert/strict";
import type { Envelope } from "../../../transports/transport.ts";
import type { CaseDefinition } from "../case-definition.ts";
import { codeOf } from "../code-of.ts";
import { createGate, pause } from "../deadline.ts";
import { ACK } from "../inbox.ts";

/** How much is handed over, and held, while nothing is settled. */
export const ROOM_CASES: readonly CaseDefinition[] = [
  {
    name: "hands over no more than maxInFlight until something is settled",
    run: async (world) => {
      const transport = await world.connect();
      const gate = createGate();
      const sent = world.many(world.name("order"), 10);
      const inbox = await world.open(transport, {
        pattern: world.name("order"),
        maxInFlight: 2,
        settle: async (_delivery, count) => {
          if (count <= 2) await gate.opened;
          return ACK;
        },
      });

      await transport.publish(sent);
      await inbox.delivered(2);
      await inbox.staysQuiet(world.limits.quietMs, "two were handed over with maxInFlight 2, and none was settled");
      const atOnce = inbox.deliveries.length;
      gate.open();
      await inbox.received(sent);

      equal(atOnce, 2, `it handed over ${atOnce} envelopes at once with maxInFlight 2`);
    },
  },
  {
    name: "settles one envelope after the other unless asked otherwise",
    run: async (world) => {
      const transport = await world.connect();
      const gate = createGate();
      const sent = world.many(world.name("order"), 3);
      const inbox = await world.open(transport, {
        pattern: world.name("order"),
        settle: async () => {
          await gate.opened;
          return ACK;
        },
      });

      await transport.publish(sent);
      await inbox.delivered(1);
      await inbox.staysQuiet(world.limits.quietMs, "the first was not settled");
      const atOnce = inbox.deliveries.length;
      gate.open();
      await inbox.received(sent);

      equal(atOnce, 1, `it handed over ${atOnce} envelopes at once`);
    },
  },
  {
    name: "holds a bounded number of envelopes, and loses none of those it took",
    needs: ["bounded"],
    run: async (world) => {
      const { capacity, quietMs } = world.limits;
      const transport = await world.connect();
      const gate = createGate();
      const inbox = await world.open(transport, {
        pattern: world.name("order"),
        maxInFlight: 10,
        settle: async () => {
          await gate.opened;
          return ACK;
        },
      });
      const sent = world.many(world.name("order"), 2 * capacity + 50);
      const taken: Envelope[] = [];
      const refusals: string[] = [];

      const publishing = sent.map(async (envelope) => {
        const code = await codeOf(transport.publish([envelope]));
        if (code === "resolved") taken.push(envelope);
        else refusals.push(code);
      });
      let before = -1;
      while (before !== taken.length) {
        before = taken.length;
        await pause(quietMs);
      }
      const heldAtMost = taken.length;
      gate.open();
      await Promise.all(publishing);
      await inbox.received(taken);

      ok(heldAtMost <= capacity, `it took ${heldAtMost} envelopes that nobody settled, ${capacity} are claimed`);
      deepEqual([...new Set(refusals)], refusals.length === 0 ? [] : ["TRANSPORT_FULL"]);
    },
  },
  {
    name: "stops waiting for room when the publisher's signal is aborted",
    needs: ["bounded"],
    run: async (world) => {
      const transport = await world.connect();
      const inbox = await world.open(transport, {
        pattern: world.name("order"),
        settle: () => new Promise(() => undefined),
      });
      const controller = new AbortController();
      const { signal } = controller;
      const codes: string[] = [];
      const sent = world.many(world.name("order"), world.limits.capacity + 20);
      const publishing = sent.map(async (envelope) => {
        codes.push(await codeOf(transport.publish([envelope], { signal })));
      });
      await inbox.delivered(1);
      await pause(world.limits.quietMs);

      controller.abort();
      await Promise.all(publishing);

      const others = codes.filter((code) => code !== "resolved");
      ok(others.length >= 20, `${others.length} publishes ended otherwise than well, 20 at least were too many`);
      deepEqual(
        others.filter((code) => code !== "ABORTED" && code !== "TRANSPORT_FULL"),
        [],
      );
    },
  },
];
