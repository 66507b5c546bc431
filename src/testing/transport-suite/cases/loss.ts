import { deepEqual, equal } from "node:assert/strict";
import type { Envelope, UnsettledEnvelope } from "../../../transports/transport.ts";
import type { CaseDefinition } from "../case-definition.ts";
import { createGate, pause, within } from "../deadline.ts";
import { ACK } from "../inbox.ts";

/** What ends with the process is finished, or named. */
export const LOSS_CASES: readonly CaseDefinition[] = [
  {
    name: "says what it holds, and for whom, until it is settled",
    needs: ["volatile"],
    run: async (world) => {
      const { waitMs } = world.limits;
      const transport = await world.connect();
      const [pattern, group] = [world.name("order"), world.group("billing")];
      const gate = createGate();
      const settle = async (): Promise<typeof ACK> => {
        await gate.opened;
        return ACK;
      };
      const inbox = await world.open(transport, { pattern, group, settle });
      const sent = world.many(pattern, 3);

      await transport.publish(sent);
      await inbox.delivered(1);
      const held = transport.unsettled();
      gate.open();
      await inbox.received(sent);
      const endsAt = performance.now() + waitMs;
      while (transport.unsettled().length > 0 && performance.now() < endsAt) await pause(1);

      const expected = { pattern, group: world.capabilities.groups ? group : undefined, hasReceiver: true };
      deepEqual(
        held.map(readable),
        sent.map((each) => readable({ ...expected, envelope: each })),
      );
      deepEqual(transport.unsettled(), [], "what it holds once everything is settled");
    },
  },
  {
    name: "names what it held that nobody had settled when it is closed",
    needs: ["volatile"],
    run: async (world) => {
      const transport = await world.connect();
      const pattern = world.name("order");
      const inbox = await world.open(transport, { pattern, settle: () => new Promise(() => undefined) });
      const sent = world.many(pattern, 3);
      await transport.publish(sent);
      await inbox.delivered(1);

      const [report, again] = [await transport.close(), await transport.close()];
      const { unsettled } = await inbox.subscription.closed;

      const lost = sent.map((envelope) => readable({ envelope, pattern, group: undefined, hasReceiver: false }));
      deepEqual(report.unsettled.map(readable), lost, "what the transport says when it is closed");
      deepEqual(again.unsettled.map(readable), lost, "what it says when it is closed again");
      deepEqual(unsettled.map(readable), lost, "what its subscription says");
    },
  },
  {
    name: "hands over what it holds for a subscription before that has drained, where nobody else is there to take it",
    needs: ["volatile"],
    run: async (world) => {
      const transport = await world.connect();
      const pattern = world.name("order");
      const gate = createGate();
      const settle = async (): Promise<typeof ACK> => {
        await gate.opened;
        return ACK;
      };
      const inbox = await world.open(transport, { pattern, settle });
      const sent = world.many(pattern);
      await transport.publish(sent);
      await inbox.delivered(1);

      const drained = inbox.subscription.drain();
      gate.open();
      await within(drained, world.limits.waitMs, () => "expected the drain to end");

      equal(inbox.deliveries.length, sent.length, "how many it handed over before it had drained");
      deepEqual((await inbox.subscription.closed).unsettled, [], "what was left");
    },
  },
  {
    name: "tells each subscription when it is closed, whoever closed it",
    run: async (world) => {
      const transport = await world.connect();
      const [closed, drained, left] = [
        await world.open(transport, { pattern: world.name("order") }),
        await world.open(transport, { pattern: world.name("order") }),
        await world.open(transport, { pattern: world.name("order") }),
      ];

      await closed.subscription.close();
      await drained.subscription.drain();
      await transport.close();

      const reports = Promise.all([closed, drained, left].map((each) => each.subscription.closed));
      await within(reports, world.limits.waitMs, () => "a subscription was not told that it is closed");
    },
  },
];

function readable({ envelope, pattern, group, hasReceiver }: UnsettledEnvelope): object {
  const { id }: Envelope = envelope;
  return { id, pattern, group, hasReceiver };
}
