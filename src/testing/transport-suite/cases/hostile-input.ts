import { deepEqual, equal, ok } from "node:assert/strict";
import type { Envelope } from "../../../transports/transport.ts";
import type { CaseDefinition } from "../case-definition.ts";
import { codeOf } from "../code-of.ts";
import { ACK } from "../inbox.ts";

const HEADER_BYTES = 8192;

/** What comes from outside is checked, capped and frozen. */
export const HOSTILE_INPUT_CASES: readonly CaseDefinition[] = [
  {
    name: "refuses what is no envelope, and hands none of it over",
    run: async (world) => {
      const transport = await world.connect();
      const good = world.envelope(world.name("order"));
      const inbox = await world.open(transport, { pattern: world.name("**") });
      const { id: _id, ...withoutId } = good;
      const broken: readonly (readonly [code: string, envelope: unknown])[] = [
        ["INVALID_EVENT", null],
        ["INVALID_EVENT", withoutId],
        ["INVALID_EVENT", { ...good, correlationId: "with spaces" }],
        ["INVALID_EVENT", { ...good, source: "two\nlines" }],
        ["INVALID_EVENT", { ...good, timestamp: "yesterday" }],
        ["INVALID_EVENT", { ...good, depth: -1 }],
        ["INVALID_NAME", { ...good, name: "order.*" }],
        ["INVALID_NAME", { ...good, name: "../../etc/passwd" }],
        ["INVALID_EVENT", Object.defineProperty({ ...good }, "id", { get: throwing })],
      ];

      const codes: string[] = [];
      for (const [, envelope] of broken) codes.push(await codeOf(transport.publish([envelope as Envelope])));
      await transport.publish([good]);
      await inbox.received([good]);

      deepEqual(
        codes,
        broken.map(([code]) => code),
      );
      equal(inbox.deliveries.length, 1, "nothing but the good envelope may come");
    },
  },
  {
    name: "refuses malformed headers, and hands none of them over",
    run: async (world) => {
      const transport = await world.connect();
      const inbox = await world.open(transport, { pattern: world.name("order") });
      const hostile: readonly unknown[] = [
        "traceparent: 00",
        ["traceparent"],
        { traceparent: 7 },
        { traceparent: Buffer.from("00") },
        { "x-next": "one\r\nx-injected: two" },
        { "x-nul": "a\u0000b" },
        { "with space": "x" },
        { "": "x" },
        Object.defineProperty({}, "traceparent", { get: throwing, enumerable: true }),
      ];

      const codes: string[] = [];
      for (const headers of hostile) {
        const envelope = { ...world.envelope(world.name("order")), headers } as Envelope;
        codes.push(await codeOf(transport.publish([envelope])));
      }
      const strange = world.envelope(world.name("order"), { headers: JSON.parse('{ "__proto__": "x", "to": "y" }') });
      await transport.publish([strange]);
      await inbox.received([strange]);

      deepEqual(
        codes,
        hostile.map(() => "INVALID_EVENT"),
      );
      equal(inbox.deliveries.length, 1, "nothing but the last envelope may come");
      equal(Object.getPrototypeOf(inbox.envelopes[0]?.headers), Object.prototype);
    },
  },
  {
    name: "takes 8 KiB of headers, and refuses one byte more",
    run: async (world) => {
      const transport = await world.connect();
      const inbox = await world.open(transport, { pattern: world.name("order") });
      const names = "baggage".length + "x-pad".length;
      const baggage = "ü".repeat((HEADER_BYTES - names - 2) / 2); // two bytes each
      const fitting = world.envelope(world.name("order"), { headers: { baggage, "x-pad": "ab" } });

      const tooLarge = { ...fitting, headers: { baggage, "x-pad": "abc" } };
      const code = await codeOf(transport.publish([tooLarge]));
      await transport.publish([fitting]);
      await inbox.received([fitting]);

      equal(code, "HEADERS_TOO_LARGE");
      deepEqual({ ...inbox.envelopes[0]?.headers }, { ...fitting.headers });
    },
  },
  {
    name: "takes envelopes as they are when they are published, and hands them over frozen",
    run: async (world) => {
      const transport = await world.connect();
      const inbox = await world.open(transport, { pattern: world.name("order") });
      const mutable = {
        ...world.envelope(world.name("order")),
        headers: { "x-tenant": "acme" } as Record<string, string>,
      };
      const batch = [mutable];

      const publishing = transport.publish(batch);
      batch.push({ ...mutable, id: "pushed-later" });
      mutable.correlationId = "changed-later";
      mutable.headers["x-tenant"] = "changed-later";
      await publishing;
      await inbox.delivered(1);
      await inbox.staysQuiet(world.limits.quietMs, "one envelope was published");

      const { envelope } = inbox.deliveries[0]!;
      ok(Object.isFrozen(envelope) && Object.isFrozen(envelope.headers), "the envelope is not frozen");
      ok(envelope.correlationId !== "changed-later", "a change after publish() reached the subscriber");
      equal(envelope.headers["x-tenant"], "acme");
    },
  },
  {
    name: "never runs a handler inside publish",
    run: async (world) => {
      const transport = await world.connect();
      let isPublishing = false;
      const inside: boolean[] = [];
      const inbox = await world.open(transport, {
        pattern: world.name("order"),
        settle: () => {
          inside.push(isPublishing);
          return ACK;
        },
      });

      isPublishing = true;
      const publishing = transport.publish(world.many(world.name("order"), 3));
      isPublishing = false;
      await publishing;
      await inbox.delivered(3);

      deepEqual(inside, [false, false, false]);
    },
  },
];

function throwing(): never {
  throw new Error("a hostile getter");
}
