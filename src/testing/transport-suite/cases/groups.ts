import { deepEqual, ok } from "node:assert/strict";
import type { CaseDefinition } from "../case-definition.ts";
import { createGate } from "../deadline.ts";
import { ACK, type Inbox } from "../inbox.ts";

/** Subscriptions that share their envelopes. */
export const GROUP_CASES: readonly CaseDefinition[] = [
  {
    name: "gives every group every envelope, and each to one of the group",
    needs: ["groups"],
    run: async (world) => {
      const pattern = world.name("order");
      const sent = world.many(pattern);
      const groups: Inbox[][] = [];
      for (const name of ["billing", "shipping"]) {
        const group = world.group(name);
        const [first, second] = [await world.connect(), await world.connect()];
        groups.push([await world.open(first, { pattern, group }), await world.open(second, { pattern, group })]);
      }

      await (await world.connect()).publish(sent);

      for (const inboxes of groups) await receivedTogether(inboxes, sent.length);
      await groups[0]![0]!.staysQuiet(world.limits.quietMs, "its group had every envelope");
      for (const inboxes of groups) {
        const ids = inboxes.flatMap((each) => each.envelopes.map(({ id }) => id));
        deepEqual(ids.sort(), sent.map(({ id }) => id).sort(), "what the members of one group got together");
      }
    },
  },
  {
    name: "lets every member of a group work",
    needs: ["groups"],
    run: async (world) => {
      const pattern = world.name("order");
      const gate = createGate();
      const settle = async (): Promise<typeof ACK> => {
        await gate.opened;
        return ACK;
      };
      const transport = await world.connect();
      const inboxes = [
        await world.open(transport, { pattern, group: world.group("billing"), settle }),
        await world.open(await world.connect(), { pattern, group: world.group("billing"), settle }),
      ];
      const sent = world.many(pattern, 10);

      await transport.publish(sent);
      for (const inbox of inboxes) await inbox.delivered(1);
      gate.open();

      await receivedTogether(inboxes, sent.length);
    },
  },
  {
    name: "gives what a closed subscription had not settled to the others of its group",
    needs: ["groups"],
    run: async (world) => {
      const pattern = world.name("order");
      const group = world.group("billing");
      const connection = await world.connect();
      const stuck = await world.open(connection, {
        pattern,
        group,
        maxInFlight: 3,
        settle: () => new Promise(() => undefined),
      });
      const sent = world.many(pattern, 6);
      const publisher = await world.connect();
      await publisher.publish(sent);
      await stuck.delivered(3);
      const other = await world.open(await world.connect(), { pattern, group });

      await connection.close();

      await other.received(sent);
    },
  },
  {
    name: "keeps what a group has not settled while nobody is subscribed",
    needs: ["groups", "persistent"],
    run: async (world) => {
      const pattern = world.name("order");
      const group = world.group("billing");
      const publisher = await world.connect();
      await (await world.connect().then((each) => world.open(each, { pattern, group }))).subscription.close();
      const sent = world.many(pattern);
      await publisher.publish(sent);

      const received = new Set<string>();
      const portion = Math.ceil(sent.length / 4);
      for (let round = 1; received.size < sent.length; round++) {
        const connection = await world.connect();
        const inbox = await world.open(connection, { pattern, group });
        const goal = Math.min(portion * round, sent.length);
        await inbox.until(
          () => new Set([...received, ...inbox.ids]).size >= goal,
          `${goal} of ${sent.length} envelopes`,
        );
        await connection.close();
        for (const id of inbox.ids) received.add(id);
      }

      deepEqual([...received].sort(), sent.map(({ id }) => id).sort());
    },
  },
];

async function receivedTogether(inboxes: readonly Inbox[], count: number): Promise<void> {
  const total = (): number => new Set(inboxes.flatMap((each) => each.ids)).size;
  await Promise.race(inboxes.map((each) => each.until(() => total() >= count, `${count} envelopes in the group`)));
  ok(total() >= count);
}
