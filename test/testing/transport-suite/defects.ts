import { AsyncResource } from "node:async_hooks";
import { MemoryBroker, MemoryTransport } from "../../../src/transports/memory.ts";
import type { Envelope, Transport, TransportReport, TransportSubscription } from "../../../src/transports/transport.ts";
import { type Alteration, altered, handledBy, showing, understanding } from "./altered-transport.ts";

/** A transport that is broken in one way, and the cases that have to notice. */
export interface Defect {
  readonly defect: string;
  readonly caughtBy: readonly string[];
  /** Makes the alteration for one case; all transports of the case share it. */
  readonly alteration: () => Alteration;
  /** @default a broker as the suite expects it */
  readonly broker?: () => MemoryBroker;
}

const ACK = { settle: "ack" } as const;
const NEVER_ENDS = new AbortController().signal;
const EVERYTHING_OPEN: TransportSubscription = {
  closed: new Promise(() => undefined),
  drain: async () => undefined,
  close: async () => undefined,
  [Symbol.asyncDispose]: async () => undefined,
};

const PUBLISHING: readonly Defect[] = [
  {
    defect: "claims what it was not said to",
    caughtBy: ["says of itself what the suite was told"],
    alteration: () => ({ capabilities: { countsAttempts: false } }),
  },
  {
    defect: "loses one envelope in ten",
    caughtBy: [
      "carries every envelope whole, from one connection to another",
      "carries what many publishers send at once to many subscriptions",
      "stays whole while connections and subscriptions come and go",
    ],
    alteration: () => {
      let count = 0;
      return { publish: (inner, envelopes) => inner.publish(envelopes.filter(() => ++count % 10 !== 0)) };
    },
  },
  {
    defect: "leaves the causation out",
    caughtBy: ["carries every envelope whole, from one connection to another"],
    alteration: () => showing(({ causationId: _, ...envelope }) => envelope),
  },
  {
    defect: "writes text in Latin-1",
    caughtBy: ["carries every envelope whole, from one connection to another"],
    alteration: () => showing((envelope) => ({ ...envelope, source: Buffer.from(envelope.source).toString("latin1") })),
  },
  {
    defect: "hands one envelope in ten over twice",
    caughtBy: ["hands each envelope over once while nothing fails"],
    alteration: () => {
      let count = 0;
      return {
        publish: (inner, envelopes) =>
          inner.publish(envelopes.flatMap((each) => (++count % 10 === 0 ? [each, each] : [each]))),
      };
    },
  },
  {
    defect: "shares envelopes between subscriptions that have no group",
    caughtBy: ["gives each subscription without a group every envelope"],
    alteration: () => ({ subscribe: (inner, request) => inner.subscribe({ group: "all", ...request }) }),
  },
  {
    defect: "loses an envelope when several are published in one turn",
    caughtBy: [
      "carries what many publishers send at once to many subscriptions",
      "keeps many names apart while all are published at once",
    ],
    alteration: () => {
      let running = 0;
      return {
        publish: async (inner, envelopes) => {
          running++;
          await new Promise((resolve) => setImmediate(resolve));
          await inner.publish(running > 3 ? envelopes.slice(1) : envelopes);
          running--;
        },
      };
    },
  },
  {
    defect: "mixes up two names that begin alike",
    caughtBy: ["keeps many names apart while all are published at once"],
    alteration: () => ({
      subscribe: (inner, request) => {
        return inner.subscribe({ ...request, pattern: request.pattern.replace(/number-3$/, "number-4") });
      },
    }),
  },
  {
    defect: "takes * for any number of tokens",
    caughtBy: ["delivers what a pattern means, and nothing else"],
    alteration: () => ({
      subscribe: (inner, request) => inner.subscribe({ ...request, pattern: request.pattern.replace(/\*+$/, "**") }),
    }),
  },
  {
    defect: "knows wildcards only at the end",
    caughtBy: ["delivers what a pattern means, and nothing else"],
    alteration: () => ({
      subscribe: (inner, request) => inner.subscribe({ ...request, pattern: request.pattern.replace(".*.", ".any.") }),
    }),
  },
  {
    defect: "turns the order of a batch around",
    caughtBy: ["keeps the order of each publisher", "does not let later envelopes overtake one that is retried"],
    alteration: () => ({ publish: (inner, envelopes) => inner.publish(envelopes.toReversed()) }),
  },
  {
    defect: "claims to de-duplicate, and does not",
    caughtBy: ["drops a second envelope of the same id"],
    alteration: () => ({ capabilities: { deduplicates: true } }),
  },
];

const SETTLING: readonly Defect[] = [
  {
    defect: "takes a retry for an ack",
    caughtBy: [
      "hands an envelope over again when asked to retry, and when the handler throws or rejects",
      "goes on after every envelope was retried many times",
      "carries the context of each envelope through a redelivery",
    ],
    alteration: () => understanding((settlement) => (settlement.settle === "retry" ? ACK : settlement)),
  },
  {
    defect: "takes a throw for an ack",
    caughtBy: ["hands an envelope over again when asked to retry, and when the handler throws or rejects"],
    alteration: () =>
      handledBy((onEnvelope) => async (delivery) => {
        try {
          return await onEnvelope(delivery);
        } catch {
          return ACK;
        }
      }),
  },
  {
    defect: "gives up after three attempts",
    caughtBy: ["goes on after every envelope was retried many times", "counts how often it hands an envelope over"],
    alteration: () => understanding((settlement, { attempt }) => (attempt >= 3 ? ACK : settlement)),
  },
  {
    defect: "ignores maxInFlight",
    caughtBy: [
      "hands over no more than maxInFlight until something is settled",
      "settles one envelope after the other unless asked otherwise",
    ],
    alteration: () => ({ subscribe: (inner, request) => inner.subscribe({ ...request, maxInFlight: 100 }) }),
  },
  {
    defect: "puts what is retried behind what came later",
    caughtBy: ["does not let later envelopes overtake one that is retried"],
    alteration: () => ({ subscribe: (inner, request) => inner.subscribe({ maxInFlight: 2, ...request }) }),
  },
  {
    defect: "takes a dead letter for a retry",
    caughtBy: ["hands over no more what was dead-lettered, and goes on with the others"],
    alteration: () => {
      let times = 0;
      return understanding((settlement) => {
        return settlement.settle === "dead-letter" && ++times < 5 ? { settle: "retry" } : settlement;
      });
    },
  },
  {
    defect: "says each time that it is the first",
    caughtBy: ["counts how often it hands an envelope over"],
    alteration: () =>
      handledBy(
        (onEnvelope) =>
          ({ envelope, signal }) =>
            onEnvelope({ envelope, signal, attempt: 1 }),
      ),
  },
  {
    defect: "retries at once whatever delay was asked for",
    caughtBy: ["waits as long as a retry asks for"],
    alteration: () => understanding((settlement) => (settlement.settle === "retry" ? { settle: "retry" } : settlement)),
  },
  {
    defect: "never ends the signal of a delivery",
    caughtBy: [
      "ends the signal of a delivery when it is settled, and not before",
      "ends the signals of open deliveries when their transport is closed",
    ],
    alteration: () =>
      handledBy(
        (onEnvelope) =>
          ({ envelope, attempt }) =>
            onEnvelope({ envelope, attempt, signal: NEVER_ENDS }),
      ),
  },
  {
    defect: "ends the signal of a delivery when it begins",
    caughtBy: ["ends the signal of a delivery when it is settled, and not before"],
    alteration: () =>
      handledBy((onEnvelope) => ({ envelope, attempt }) => {
        return onEnvelope({ envelope, attempt, signal: AbortSignal.abort() });
      }),
  },
];

const GROUPS: readonly Defect[] = [
  {
    defect: "hands each envelope to every member of a group",
    caughtBy: ["gives every group every envelope, and each to one of the group"],
    alteration: () => ({ subscribe: (inner, { group: _, ...request }) => inner.subscribe(request) }),
  },
  {
    defect: "takes all groups for one",
    caughtBy: ["gives every group every envelope, and each to one of the group"],
    alteration: () => ({
      subscribe: (inner, request) =>
        inner.subscribe(request.group === undefined ? request : { ...request, group: "one" }),
    }),
  },
  {
    defect: "lets only the first member of a group work",
    caughtBy: ["lets every member of a group work"],
    alteration: () => {
      const groups = new Set<string>();
      return {
        subscribe: async (inner, request) => {
          if (request.group !== undefined && groups.has(request.group)) return EVERYTHING_OPEN;
          groups.add(request.group ?? "");
          return inner.subscribe(request);
        },
      };
    },
  },
  {
    defect: "acks what a closed subscription had not settled",
    caughtBy: [
      "gives what a closed subscription had not settled to the others of its group",
      "carries the context of each envelope to another subscription of the group",
    ],
    alteration: ackingOnClose,
  },
  {
    defect: "forgets a group when its last subscription is closed",
    caughtBy: ["keeps what a group has not settled while nobody is subscribed"],
    alteration: () => {
      let generation = 0;
      return {
        subscribe: async (inner, request) => {
          if (request.group === undefined) return inner.subscribe(request);
          generation++;
          return inner.subscribe({ ...request, group: `${request.group}-${generation}` });
        },
      };
    },
  },
];

const CLOSING: readonly Defect[] = [
  {
    defect: "says published before it is, and drops it when closed",
    caughtBy: ["delivers what publish resolved for although the publisher closes at once"],
    alteration: () => {
      const closed = new WeakSet<Transport>();
      return {
        publish: async (inner, envelopes) => {
          setTimeout(() => closed.has(inner) || void inner.publish(envelopes), 2);
        },
        close: async (inner) => {
          closed.add(inner);
          return inner.close();
        },
      };
    },
  },
  {
    defect: "does not close subscriptions",
    caughtBy: ["hands nothing over after a subscription was closed"],
    alteration: () => ({
      subscribe: async (inner, request) => ({ ...(await inner.subscribe(request)), ...EVERYTHING_OPEN }),
    }),
  },
  {
    defect: "cuts open deliveries to drain",
    caughtBy: [
      "finishes what was handed over before it has drained, and takes nothing new",
      "hands over what it holds for a subscription before that has drained, where nobody else is there to take it",
    ],
    alteration: () => ({
      subscribe: async (inner, request) => {
        const subscription = await inner.subscribe(request);
        const close = (): Promise<void> => subscription.close();
        return { closed: subscription.closed, drain: close, close, [Symbol.asyncDispose]: close };
      },
    }),
  },
  {
    defect: "does not heed the signal of a subscription",
    caughtBy: ["closes a subscription when its signal is aborted, and leaves the envelopes to the others"],
    alteration: () => ({ subscribe: (inner, { signal: _, ...request }) => inner.subscribe(request) }),
  },
  {
    defect: "closes the oldest subscription when a connection is closed",
    caughtBy: ["stays whole while connections and subscriptions come and go"],
    alteration: () => {
      const open: TransportSubscription[] = [];
      return {
        subscribe: async (inner, request) => {
          const subscription = await inner.subscribe(request);
          open.push(subscription);
          return subscription;
        },
        close: async (inner) => {
          await open.shift()?.close();
          return inner.close();
        },
      };
    },
  },
  {
    defect: "swallows what is published after it was closed",
    caughtBy: ["refuses work once it is closed, and may be closed twice"],
    alteration: () => ({ publish: (inner, ...rest) => inner.publish(...rest).catch(() => undefined) }),
  },
];

const CONTEXT: readonly Defect[] = [
  {
    defect: "leaves tracestate out",
    caughtBy: ["carries trace context, baggage, correlation and causation in the envelope"],
    alteration: () =>
      showing((envelope) => {
        const { tracestate: _, ...headers } = envelope.headers;
        return { ...envelope, headers };
      }),
  },
  {
    defect: "gives what waited the context of what was published last",
    caughtBy: ["carries the context of each envelope through a buffer"],
    alteration: () => {
      let last: Envelope | undefined;
      return {
        publish: async (inner, envelopes, options) => {
          last = envelopes.at(-1);
          await inner.publish(envelopes, options);
        },
        ...showing((envelope) => ({ ...envelope, headers: last?.headers ?? {} })),
      };
    },
  },
  {
    defect: "loses the headers of what is handed over again",
    caughtBy: [
      "carries the context of each envelope through a redelivery",
      "carries the context of each envelope to another subscription of the group",
    ],
    alteration: () => showing((envelope, { attempt }) => (attempt > 1 ? { ...envelope, headers: {} } : envelope)),
  },
  {
    defect: "hands over in the subscriber's async context",
    caughtBy: ["hands over in nobody's async context"],
    alteration: () => handledBy((onEnvelope) => AsyncResource.bind(onEnvelope)),
  },
  {
    defect: "hands over in the publisher's async context",
    caughtBy: ["hands over in nobody's async context"],
    alteration: () => {
      const contexts = new Map<string, AsyncResource>();
      return {
        publish: (inner, envelopes) => {
          for (const { id } of envelopes) contexts.set(id, new AsyncResource("publisher"));
          return inner.publish(envelopes);
        },
        ...handledBy((onEnvelope) => (delivery) => {
          const context = contexts.get(delivery.envelope.id);
          return context?.runInAsyncScope(onEnvelope, undefined, delivery) ?? ACK;
        }),
      };
    },
  },
];

const LIMITS: readonly Defect[] = [
  {
    defect: "swallows what it refuses",
    caughtBy: [
      "refuses what is no envelope, and hands none of it over",
      "refuses malformed headers, and hands none of them over",
      "takes 8 KiB of headers, and refuses one byte more",
    ],
    alteration: () => ({ publish: (inner, ...rest) => inner.publish(...rest).catch(() => undefined) }),
  },
  {
    defect: "takes malformed headers for none",
    caughtBy: ["refuses malformed headers, and hands none of them over"],
    alteration: () => ({
      publish: (inner, envelopes) =>
        inner.publish(envelopes).catch(() => inner.publish(envelopes.map((each) => ({ ...each, headers: {} })))),
    }),
  },
  {
    defect: "counts characters where headers are limited in bytes",
    caughtBy: ["takes 8 KiB of headers, and refuses one byte more"],
    alteration: () => ({
      publish: (inner, envelopes) => {
        const isFine = envelopes.every((each) => JSON.stringify(each?.headers ?? {}).length < 8192);
        return inner.publish(isFine ? envelopes.map((each) => ({ ...each, headers: {} })) : envelopes);
      },
    }),
  },
  {
    defect: "hands over the publisher's own objects",
    caughtBy: ["takes envelopes as they are when they are published, and hands them over frozen"],
    alteration: () => {
      const originals = new Map<string, Envelope>();
      return {
        publish: (inner, envelopes) => {
          for (const each of envelopes) originals.set(each.id, each);
          return inner.publish(envelopes);
        },
        ...showing((envelope) => originals.get(envelope.id) ?? envelope),
      };
    },
  },
  {
    defect: "calls handlers inside publish",
    caughtBy: ["never runs a handler inside publish"],
    alteration: () => {
      const handlers: ((envelope: Envelope) => unknown)[] = [];
      return {
        publish: async (_inner, envelopes) => {
          for (const envelope of envelopes) for (const handler of handlers) handler(envelope);
        },
        subscribe: async (_inner, { onEnvelope }) => {
          handlers.push((envelope) => onEnvelope({ envelope, attempt: 1, signal: NEVER_ENDS }));
          return EVERYTHING_OPEN;
        },
      };
    },
  },
  {
    defect: "holds without bound",
    caughtBy: [
      "holds a bounded number of envelopes, and loses none of those it took",
      "stops waiting for room when the publisher's signal is aborted",
    ],
    alteration: () => ({}),
    broker: () => new MemoryBroker({ capacity: 1_000_000 }),
  },
  {
    defect: "drops the oldest where there is no room",
    caughtBy: ["holds a bounded number of envelopes, and loses none of those it took"],
    alteration: () => ({ publish: (inner, envelopes) => inner.publish(envelopes).catch(() => undefined) }),
  },
  {
    defect: "does not heed the publisher's signal",
    caughtBy: ["stops waiting for room when the publisher's signal is aborted"],
    alteration: () => ({ publish: (inner, envelopes) => inner.publish(envelopes) }),
  },
];

const SURVIVAL: readonly Defect[] = [
  {
    defect: "starts with new envelopes always",
    caughtBy: ["lets a new subscription start with old envelopes, where it asks to"],
    alteration: () => ({ subscribe: (inner, request) => inner.subscribe({ ...request, from: "new" }) }),
  },
  {
    defect: "starts with old envelopes always",
    caughtBy: ["lets a new subscription start with old envelopes, where it asks to"],
    alteration: () => ({ subscribe: (inner, request) => inner.subscribe({ ...request, from: "oldest" }) }),
  },
];

const LOSS: readonly Defect[] = [
  {
    defect: "says that it holds nothing",
    caughtBy: ["says what it holds, and for whom, until it is settled"],
    alteration: () => ({ unsettled: () => [] }),
  },
  {
    defect: "counts what is handed over as settled",
    caughtBy: ["says what it holds, and for whom, until it is settled"],
    alteration: () => {
      const handedOver = new Set<string>();
      return {
        unsettled: (inner) => inner.unsettled().filter(({ envelope }) => !handedOver.has(envelope.id)),
        ...handledBy((onEnvelope) => (delivery) => {
          handedOver.add(delivery.envelope.id);
          return onEnvelope(delivery);
        }),
      };
    },
  },
  {
    defect: "says that closing it loses nothing",
    caughtBy: ["names what it held that nobody had settled when it is closed"],
    alteration: () => ({
      close: async (inner) => {
        await inner.close();
        return { unsettled: [] };
      },
    }),
  },
  {
    defect: "does not tell a subscription that it was closed with its transport",
    caughtBy: ["tells each subscription when it is closed, whoever closed it"],
    alteration: () => ({
      subscribe: async (inner, request) => {
        const subscription = await inner.subscribe(request);
        let tell: (report: TransportReport) => void = () => undefined;
        const closed = new Promise<TransportReport>((resolve) => {
          tell = resolve;
        });
        const ended = (how: "drain" | "close") => async (): Promise<void> => {
          await subscription[how]();
          tell(await subscription.closed);
        };
        return { closed, drain: ended("drain"), close: ended("close"), [Symbol.asyncDispose]: ended("drain") };
      },
    }),
  },
];

export const DEFECTS: readonly Defect[] = [
  ...PUBLISHING,
  ...SETTLING,
  ...GROUPS,
  ...CLOSING,
  ...CONTEXT,
  ...LIMITS,
  ...SURVIVAL,
  ...LOSS,
];

/** Connects broken transports of one broker. */
export function connectorOf({ alteration, broker: makeBroker }: Defect, capacity: number): () => Transport {
  const broker = makeBroker?.() ?? new MemoryBroker({ capacity });
  const shared = alteration();
  return () => altered(new MemoryTransport({ broker }), shared);
}

function ackingOnClose(): Alteration {
  const ackAll = new WeakMap<Transport, Set<() => void>>();
  return {
    subscribe: async (inner, request) => {
      const acks = ackAll.get(inner) ?? new Set();
      ackAll.set(inner, acks);
      const onEnvelope: typeof request.onEnvelope = (delivery) => {
        const acked = new Promise<typeof ACK>((resolve) => acks.add(() => resolve(ACK)));
        return Promise.race([acked, request.onEnvelope(delivery)]);
      };
      const subscription = await inner.subscribe({ ...request, onEnvelope });
      const close = async (): Promise<void> => {
        for (const ack of acks) ack();
        await new Promise((resolve) => setImmediate(resolve));
        await subscription.close();
      };
      return { closed: subscription.closed, drain: close, close, [Symbol.asyncDispose]: close };
    },
    close: async (inner) => {
      for (const ack of ackAll.get(inner) ?? []) ack();
      await new Promise((resolve) => setImmediate(resolve));
      return inner.close();
    },
  };
}
