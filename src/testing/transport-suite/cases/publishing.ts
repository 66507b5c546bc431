import { deepEqual, equal } from "node:assert/strict";
import type { Envelope } from "../../../transports/transport.ts";
import type { CaseDefinition } from "../case-definition.ts";
import { ACK } from "../inbox.ts";
import { numbersOf } from "../numbers-of.ts";

/** What comes out is what went in: to everybody it is meant for, to nobody else, in order. */
export const PUBLISHING_CASES: readonly CaseDefinition[] = [
  {
    name: "says of itself what the suite was told",
    run: async (world) => {
      const transport = await world.connect();

      deepEqual({ ...transport.capabilities }, { ...world.capabilities });
    },
  },
  {
    name: "carries every envelope whole, from one connection to another",
    run: async (world) => {
      const [publisher, subscriber] = [await world.connect(), await world.connect()];
      const name = world.name("order", "placed");
      const details = { causationId: "cause-1", depth: 3, source: "Versand, Köln", headers: { "x-tenant": "acme" } };
      const sent = world.many(name).map((each, number) => {
        return { ...each, ...details, data: { number, text: "größer > ☃", list: [1, { deep: null }] } };
      });
      const inbox = await world.open(subscriber, { pattern: name });

      await publisher.publish(sent.slice(0, 1));
      await publisher.publish(sent.slice(1));
      await inbox.received(sent);

      const received = new Map(inbox.envelopes.map((each) => [each.id, each]));
      for (const envelope of sent) deepEqual(plain(received.get(envelope.id)), plain(envelope));
    },
  },
  {
    name: "hands each envelope over once while nothing fails",
    run: async (world) => {
      const transport = await world.connect();
      const sent = world.many(world.name("order"));
      const inbox = await world.open(transport, { pattern: world.name("order"), maxInFlight: 5 });

      for (const envelope of sent) await transport.publish([envelope]);
      await inbox.received(sent);
      await inbox.staysQuiet(world.limits.quietMs, "every envelope had come and was acked");

      equal(inbox.deliveries.length, sent.length, `${inbox.deliveries.length} deliveries of ${sent.length} envelopes`);
    },
  },
  {
    name: "gives each subscription without a group every envelope",
    run: async (world) => {
      const [first, second] = [await world.connect(), await world.connect()];
      const name = world.name("order");
      const inboxes = [
        await world.open(first, { pattern: name }),
        await world.open(first, { pattern: name }),
        await world.open(second, { pattern: name }),
      ];
      const sent = world.many(name, 20);

      await first.publish(sent);

      for (const inbox of inboxes) await inbox.received(sent);
    },
  },
  {
    name: "carries what many publishers send at once to many subscriptions",
    run: async (world) => {
      const name = world.name("order");
      const publishers = await Promise.all(Array.from({ length: 5 }, () => world.connect()));
      const subscribers = await Promise.all(Array.from({ length: 5 }, () => world.connect()));
      const inboxes = await Promise.all(
        subscribers.map((each) => world.open(each, { pattern: name, maxInFlight: 4, settle: settleLater })),
      );
      const sent = publishers.map(() => world.many(name, Math.ceil(world.limits.envelopes / 5)));

      await Promise.all(
        publishers.map((each, index) => Promise.all(sent[index]!.map((envelope) => each.publish([envelope])))),
      );

      for (const inbox of inboxes) await inbox.received(sent.flat());
    },
  },
  {
    name: "keeps many names apart while all are published at once",
    run: async (world) => {
      const transport = await world.connect();
      const names = Array.from({ length: 10 }, (_, index) => world.name("shelf", `number-${index}`));
      const inboxes = await Promise.all(names.map((pattern) => world.open(transport, { pattern, maxInFlight: 3 })));
      const sent = names.map((name) => world.many(name, 10));

      await Promise.all(sent.map((envelopes) => transport.publish(envelopes)));
      for (const [index, inbox] of inboxes.entries()) await inbox.received(sent[index]!);

      for (const [index, inbox] of inboxes.entries()) {
        const strangers = inbox.envelopes.filter((each) => each.name !== names[index]);
        deepEqual(
          strangers.map((each) => each.name),
          [],
          `${names[index]} got envelopes of other names`,
        );
      }
    },
  },
  {
    name: "delivers what a pattern means, and nothing else",
    run: async (world) => {
      const transport = await world.connect();
      const names = [["a"], ["a", "b"], ["a", "b", "c"], ["ab", "b"], ["x", "b"]].map((tokens) =>
        world.name(...tokens),
      );
      const expected: readonly (readonly [pattern: string, matches: readonly number[]])[] = [
        [world.name("a", "b"), [1]],
        [world.name("a", "*"), [1]],
        [world.name("*", "b"), [1, 3, 4]],
        [world.name("a", "**"), [1, 2]],
        [world.name("**"), [0, 1, 2, 3, 4]],
      ];
      const inboxes = await Promise.all(expected.map(([pattern]) => world.open(transport, { pattern })));
      const everything = await world.open(transport, { pattern: "*" });
      const sent = names.map((name, number) => world.envelope(name, { data: { number } }));

      await transport.publish(sent);
      await everything.received(sent);
      for (const [index, inbox] of inboxes.entries()) {
        await inbox.received(expected[index]![1].map((number) => sent[number]!));
      }
      await inboxes[0]!.staysQuiet(world.limits.quietMs, "the only envelope it matches had come");

      for (const [index, inbox] of inboxes.entries()) {
        const [pattern, matches] = expected[index]!;
        deepEqual([...new Set(numbersOf(inbox))].sort(), [...matches], `what "${pattern}" got`);
      }
    },
  },
  {
    name: "keeps the order of each publisher",
    needs: ["ordered"],
    run: async (world) => {
      const name = world.name("order");
      const publishers = [await world.connect(), await world.connect()];
      const inbox = await world.open(await world.connect(), { pattern: world.name("*"), settle: settleLater });
      const sent = publishers.map((_, index) => world.many(`${name}-${index}`));

      await Promise.all(
        publishers.map(async (publisher, index) => {
          const envelopes = sent[index]!;
          await publisher.publish(envelopes.slice(0, 10));
          for (const envelope of envelopes.slice(10, 20)) await publisher.publish([envelope]);
          await Promise.all(envelopes.slice(20).map((envelope) => publisher.publish([envelope])));
        }),
      );
      await inbox.received(sent.flat());

      for (const envelopes of sent) {
        const ids = new Set(envelopes.map((each) => each.id));
        deepEqual(
          inbox.ids.filter((id) => ids.has(id)),
          [...ids],
        );
      }
    },
  },
  {
    name: "drops a second envelope of the same id",
    needs: ["deduplicates"],
    run: async (world) => {
      const transport = await world.connect();
      const [twice, last] = world.many(world.name("order"), 2) as [Envelope, Envelope];
      const inbox = await world.open(transport, { pattern: world.name("order") });

      await transport.publish([twice]);
      await transport.publish([twice]);
      await transport.publish([last]);
      await inbox.received([twice, last]);
      await inbox.staysQuiet(world.limits.quietMs, "both ids had come");

      deepEqual(numbersOf(inbox), [0, 1]);
    },
  },
];

/** Settles in a later turn, so that other work gets in between. */
async function settleLater(): Promise<typeof ACK> {
  await new Promise((resolve) => setImmediate(resolve));
  return ACK;
}

/** An envelope as its fields: where there is no causation id, the field may be there or not. */
function plain(envelope: Envelope | undefined): unknown {
  return envelope === undefined ? undefined : JSON.parse(JSON.stringify(envelope));
}
