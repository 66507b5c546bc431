import { deepEqual } from "node:assert/strict";
import type { Envelope, Transport } from "../../../transports/transport.ts";
import type { CaseDefinition } from "../case-definition.ts";
import { codeOf } from "../code-of.ts";
import { pause } from "../deadline.ts";

/** What outlives its subscribers, and its connection. */
export const SURVIVAL_CASES: readonly CaseDefinition[] = [
  {
    name: "lets a new subscription start with old envelopes, where it asks to",
    needs: ["retained"],
    run: async (world) => {
      const pattern = world.name("order");
      const publisher = await world.connect();
      const sent = world.many(pattern, 12);
      const [before, between, after] = [sent.slice(0, 4), sent.slice(4, 8), sent.slice(8)];

      await publisher.publish(before);
      const first = await world.open(await world.connect(), { pattern, from: "oldest" });
      await first.received(before);
      await publisher.publish(between);
      await first.received([...before, ...between]);
      const second = await world.open(await world.connect(), { pattern, from: "oldest" });
      const newcomer = await world.open(await world.connect(), { pattern, from: "new" });
      await publisher.publish(after);
      for (const inbox of [first, second]) await inbox.received(sent);
      await newcomer.received(after);
      await newcomer.staysQuiet(world.limits.quietMs, "everything published since it subscribed had come");

      deepEqual([...newcomer.ids].sort(), after.map(({ id }) => id).sort(), "what a subscription from now on got");
    },
  },
  {
    name: "comes back after the engine was gone, and loses nothing",
    needs: ["reconnects"],
    run: async (world) => {
      const [publisher, subscriber] = [await world.connect(), await world.connect()];
      const inbox = await world.open(subscriber, { pattern: world.name("order") });
      const sent = world.many(world.name("order"));
      const third = Math.floor(sent.length / 3);
      await publisher.publish(sent.slice(0, third));
      await inbox.delivered(1);

      const gone = world.interrupt();
      await Promise.all([gone, publishStubbornly(publisher, sent.slice(third, 2 * third), world.limits.waitMs)]);
      await publishStubbornly(publisher, sent.slice(2 * third), world.limits.waitMs);

      await inbox.received(sent);
    },
  },
];

/** Publishes each until that succeeds, as a publisher does whose broker restarts. */
async function publishStubbornly(transport: Transport, envelopes: readonly Envelope[], waitMs: number): Promise<void> {
  const endsAt = performance.now() + waitMs;
  for (const envelope of envelopes) {
    while ((await codeOf(transport.publish([envelope]))) !== "resolved" && performance.now() < endsAt) await pause(10);
  }
}
