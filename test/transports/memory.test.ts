import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { testEvent } from "../../src/testing/test-event.ts";
import { MemoryBroker, MemoryTransport } from "../../src/transports/memory.ts";
import type { Envelope, Settlement } from "../../src/transports/transport.ts";
import { deferred, rejectionOf, settleTurns, thrownBy } from "../support/test-bus.ts";

const ACK: Settlement = { settle: "ack" };

const envelope = (name = "order.placed"): Envelope => testEvent({ name, data: {} }).toJSON();
const envelopes = (count: number): Envelope[] => Array.from({ length: count }, () => envelope());
const codeOf = async (promise: Promise<unknown>): Promise<unknown> => {
  return ((await rejectionOf(promise)) as { readonly code?: string }).code;
};

describe("MemoryTransport.publish", () => {
  it("waits while a subscription has no room, and goes on as it settles", async () => {
    const broker = new MemoryBroker({ capacity: 2 });
    await using transport = new MemoryTransport({ broker });
    const gates = [deferred(), deferred(), deferred()];
    const received: string[] = [];
    const onEnvelope = async ({ envelope: { id } }: { envelope: Envelope }): Promise<Settlement> => {
      await gates[received.push(id) - 1]?.promise;
      return ACK;
    };
    await transport.subscribe({ pattern: "order.*", onEnvelope });
    const sent = envelopes(3);
    await transport.publish(sent.slice(0, 2));

    let isTaken = false;
    const publishing = transport.publish(sent.slice(2)).then(() => {
      isTaken = true;
    });
    await settleTurns();
    const wasTakenEarly = isTaken;
    gates[0]?.resolve();
    await publishing;
    for (const gate of gates) gate.resolve();
    await settleTurns(10);

    expect(wasTakenEarly).toBe(false);
    expect(received).toEqual(sent.map(({ id }) => id));
  });

  it("lets a publish overtake one that waits only where they go to different subscriptions", async () => {
    const broker = new MemoryBroker({ capacity: 1 });
    await using transport = new MemoryTransport({ broker });
    await transport.subscribe({ pattern: "order.*", onEnvelope: () => new Promise(() => undefined) });
    const placed: string[] = [];
    await transport.subscribe({
      pattern: "*.placed",
      onEnvelope: ({ envelope: { name } }) => {
        placed.push(name);
        return ACK;
      },
    });
    await transport.publish([envelope("order.packed")]);

    void transport.publish([envelope("order.placed")]).catch(() => undefined); // waits for the first subscription
    void transport.publish([envelope("basket.placed")]).catch(() => undefined); // behind it, at the second
    await transport.publish([envelope("basket.emptied")]); // meets neither
    await settleTurns();

    expect(placed).toEqual([]);
  });

  it("takes a batch as a whole, or waits with all of it", async () => {
    const broker = new MemoryBroker({ capacity: 3 });
    await using transport = new MemoryTransport({ broker });
    const gate = deferred();
    const received: string[] = [];
    await transport.subscribe({
      pattern: "**",
      maxInFlight: 10,
      onEnvelope: async ({ envelope: { id } }) => {
        received.push(id);
        await gate.promise;
        return ACK;
      },
    });
    await transport.publish(envelopes(2));

    const publishing = transport.publish(envelopes(2));
    await settleTurns();
    const before = received.length;
    gate.resolve();
    await publishing;
    await settleTurns();

    expect(before).toBe(2);
    expect(received).toHaveLength(4);
  });

  it("refuses where waiting would be in vain, and beyond so many that wait", async () => {
    const broker = new MemoryBroker({ capacity: 2 });
    await using transport = new MemoryTransport({ broker });
    const left = await transport.subscribe({ pattern: "mail.*", group: "mailers", onEnvelope: () => ACK });
    await left.close();
    await transport.subscribe({ pattern: "order.*", onEnvelope: () => new Promise(() => undefined) });

    const tooLarge = await codeOf(transport.publish(envelopes(3)));
    await transport.publish([envelope("mail.sent"), envelope("mail.sent")]);
    const nobody = await codeOf(transport.publish([envelope("mail.sent")]));
    await transport.publish(envelopes(2));
    const waiting = envelopes(2).map((each) => codeOf(transport.publish([each])));
    const tooMany = await codeOf(transport.publish(envelopes(1)));
    await transport.close();

    expect([tooLarge, nobody, tooMany]).toEqual(["TRANSPORT_FULL", "TRANSPORT_FULL", "TRANSPORT_FULL"]);
    expect(await Promise.all(waiting)).toEqual(["TRANSPORT_CLOSED", "TRANSPORT_CLOSED"]);
  });

  it("refuses what waited for a group whose last subscription leaves", async () => {
    const broker = new MemoryBroker({ capacity: 1 });
    await using transport = new MemoryTransport({ broker });
    const request = {
      pattern: "order.*",
      group: "billing",
      onEnvelope: () => new Promise<Settlement>(() => undefined),
    };
    const subscription = await transport.subscribe(request);
    await transport.publish(envelopes(1));

    const waiting = codeOf(transport.publish(envelopes(1)));
    await subscription.close();

    expect(await waiting).toBe("TRANSPORT_FULL");
  });

  it("takes in what waited for a subscription that has gone", async () => {
    const broker = new MemoryBroker({ capacity: 1 });
    await using transport = new MemoryTransport({ broker });
    const subscription = await transport.subscribe({ pattern: "*", onEnvelope: () => new Promise(() => undefined) });
    await transport.publish(envelopes(1));

    const waiting = transport.publish(envelopes(1));
    await subscription.close();

    await expect(waiting).resolves.toBeUndefined();
  });

  it("refuses what is no list of envelopes, and options it does not know", async () => {
    await using transport = new MemoryTransport();

    const codes = await Promise.all([
      codeOf(transport.publish(envelope() as never)),
      codeOf(transport.publish([{ ...envelope(), timestamp: undefined } as never])),
      codeOf(transport.publish([], { wait: true } as never)),
      codeOf(transport.publish([], { signal: AbortSignal.abort() })),
    ]);

    expect(codes).toEqual(["INVALID_EVENT", "INVALID_EVENT", "INVALID_OPTION", "ABORTED"]);
  });
});

describe("MemoryTransport.subscribe", () => {
  it("refuses requests that do not fit", async () => {
    await using transport = new MemoryTransport();
    const subscribe = (request: object): Promise<unknown> => {
      return codeOf(transport.subscribe({ pattern: "*", onEnvelope: () => ACK, ...request }));
    };

    const codes = await Promise.all([
      subscribe({ pattern: "a.**.b" }),
      subscribe({ onEnvelope: undefined }),
      subscribe({ group: "" }),
      subscribe({ from: "yesterday" }),
      subscribe({ maxInFlight: 0 }),
      subscribe({ signal: {} }),
      subscribe({ retries: 3 }),
    ]);

    expect(codes).toEqual(["INVALID_PATTERN", "INVALID_HANDLER", ...Array(5).fill("INVALID_OPTION")]);
  });

  it("starts with what is kept, the newest, where asked to", async () => {
    const broker = new MemoryBroker({ retain: 3 });
    await using transport = new MemoryTransport({ broker });
    const sent = envelopes(5);
    await transport.publish(sent);
    const received: string[] = [];

    await transport.subscribe({
      pattern: "order.*",
      from: "oldest",
      onEnvelope: ({ envelope: { id } }) => {
        received.push(id);
        return ACK;
      },
    });
    await settleTurns(10);

    expect(received).toEqual(sent.slice(2).map(({ id }) => id));
  });

  it("claims no past where none is kept", () => {
    const { capabilities } = new MemoryTransport({ broker: new MemoryBroker({ retain: 0 }) });

    expect(capabilities.retained).toBe(false);
  });

  it("keeps groups of one name apart by their patterns, and knows a pattern in either spelling", async () => {
    await using transport = new MemoryTransport();
    const counts = { all: 0, template: 0, star: 0 };
    const count = (key: keyof typeof counts) => (): Settlement => {
      counts[key]++;
      return ACK;
    };
    await transport.subscribe({ pattern: "**", group: "billing", onEnvelope: count("all") });
    await transport.subscribe({ pattern: "order.{id}", group: "billing", onEnvelope: count("template") });
    await transport.subscribe({ pattern: "order.*", group: "billing", onEnvelope: count("star") });

    await transport.publish(envelopes(10));
    await settleTurns(20);

    expect(counts.all).toBe(10);
    expect(counts.template + counts.star).toBe(10);
  });

  it("refuses a group too many", async () => {
    await using transport = new MemoryTransport();
    for (let i = 0; i < 1000; i++) {
      await transport.subscribe({ pattern: "*", group: `group-${i}`, onEnvelope: () => ACK });
    }

    const code = await codeOf(transport.subscribe({ pattern: "*", group: "one more", onEnvelope: () => ACK }));

    expect(code).toBe("TRANSPORT_FULL");
  });
});

describe("a delivery that is settled otherwise than by the contract", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
  afterEach(() => void vi.useRealTimers());

  it("comes again, after a while", async () => {
    await using transport = new MemoryTransport();
    const hostile = Object.defineProperty({}, "settle", { get: throwing });
    const answers: unknown[] = [undefined, "ack", { settle: "nack" }, hostile, Promise.resolve(null), ACK];
    let calls = 0;
    await transport.subscribe({ pattern: "*", onEnvelope: () => answers[calls++] as Settlement });
    await transport.publish([envelope()]);

    const after: number[] = [];
    for (let i = 0; i < 7; i++) {
      await settleTurns();
      after.push(calls);
      await vi.advanceTimersByTimeAsync(100);
    }

    expect(after).toEqual([1, 2, 3, 4, 5, 6, 6]);
  });

  it("keeps its subscription's timers from outliving it", async () => {
    await using transport = new MemoryTransport();
    const retry: Settlement = { settle: "retry", delayMs: 60_000 };
    const subscription = await transport.subscribe({ pattern: "*", onEnvelope: () => retry });
    await transport.publish([envelope()]);
    await settleTurns();
    const before = vi.getTimerCount();

    await subscription.close();

    expect([before, vi.getTimerCount()]).toEqual([1, 0]);
  });
});

describe("closing a subscription from inside", () => {
  it("gives the envelope at hand to another of the group", async () => {
    await using transport = new MemoryTransport();
    const request = { pattern: "order.*", group: "billing" };
    const seen: string[] = [];
    const first = await transport.subscribe({
      ...request,
      onEnvelope: async () => {
        await first.close();
        return ACK; // too late: it was given back
      },
    });
    await transport.publish(envelopes(1));
    await settleTurns();

    await transport.subscribe({
      ...request,
      onEnvelope: ({ envelope: { id }, attempt }) => {
        seen.push(`${id} ${attempt}`);
        return ACK;
      },
    });
    await settleTurns();

    expect(seen).toEqual([expect.stringMatching(/ 2$/)]);
  });

  it("gives back in the order it came, when its delivery ends", async () => {
    await using transport = new MemoryTransport();
    const request = { pattern: "order.*", group: "billing" };
    const first = await transport.subscribe({
      ...request,
      maxInFlight: 3,
      onEnvelope: ({ signal }) => {
        signal.addEventListener("abort", () => void first.close());
        return new Promise(() => undefined);
      },
    });
    const sent = envelopes(6);
    await transport.publish(sent);
    await settleTurns();
    await first.close();
    const seen: string[] = [];

    await transport.subscribe({
      ...request,
      onEnvelope: ({ envelope: { id } }) => {
        seen.push(id);
        return ACK;
      },
    });
    await settleTurns(20);

    expect(seen).toEqual(sent.map(({ id }) => id));
  });
});

describe("draining subscriptions of one group", () => {
  const request = { pattern: "order.*", group: "billing" };

  it("leaves what waits to a member that stays", async () => {
    await using transport = new MemoryTransport();
    const gate = deferred();
    const counts = { draining: 0, staying: 0 };
    const draining = await transport.subscribe({
      ...request,
      onEnvelope: async () => {
        counts.draining++;
        await gate.promise;
        return ACK;
      },
    });
    await transport.publish(envelopes(5));
    await settleTurns();
    const onEnvelope = (): Settlement => {
      counts.staying++;
      return ACK;
    };
    await transport.subscribe({ ...request, onEnvelope });

    const drained = draining.drain();
    await settleTurns(10);
    gate.resolve();
    await drained;

    expect(counts).toEqual({ draining: 1, staying: 4 });
  });

  it("lets them finish together what is held when none stays, and nothing that comes later", async () => {
    await using transport = new MemoryTransport();
    const gate = deferred();
    let count = 0;
    const onEnvelope = async (): Promise<Settlement> => {
      await gate.promise;
      count++;
      return ACK;
    };
    const members = [
      await transport.subscribe({ ...request, onEnvelope }),
      await transport.subscribe({ ...request, onEnvelope }),
    ];
    await transport.publish(envelopes(10));
    await settleTurns();

    const drained = Promise.all(members.map((each) => each.drain()));
    const later = envelopes(2);
    await transport.publish(later);
    gate.resolve();
    await drained;

    expect(count).toBe(10);
    expect(transport.unsettled()).toEqual(
      later.map((each) => ({ envelope: each, pattern: "order.*", group: "billing", hasReceiver: false })),
    );
  });

  it("makes a retry that waits where nobody else is there to make it, and else gives it back", async () => {
    await using transport = new MemoryTransport();
    const attempts: number[] = [];
    const draining = await transport.subscribe({
      ...request,
      onEnvelope: ({ attempt }) => {
        attempts.push(attempt);
        return attempt < 3 ? { settle: "retry", delayMs: 1 } : ACK;
      },
    });
    await transport.publish(envelopes(1));
    await settleTurns(1);

    await draining.drain();
    const waiting = await transport.subscribe({ ...request, onEnvelope: () => ({ settle: "retry", delayMs: 60_000 }) });
    await transport.publish(envelopes(1));
    await settleTurns();
    await transport.subscribe({
      ...request,
      onEnvelope: ({ attempt }) => {
        attempts.push(attempt * 10);
        return ACK;
      },
    });
    await waiting.drain();
    await settleTurns();

    expect(attempts).toEqual([1, 2, 3, 20]);
  });
});

describe("MemoryTransport.close", () => {
  it("names what groups still hold for the last transport of a broker only", async () => {
    const broker = new MemoryBroker();
    const [first, last] = [new MemoryTransport({ broker }), new MemoryTransport({ broker })];
    const gone = await last.subscribe({ pattern: "order.*", group: "billing", onEnvelope: () => ACK });
    await gone.close();
    const sent = envelopes(2);
    await first.publish(sent);

    const reports = [await first.close(), await last.close()];

    const held = sent.map((each) => ({ envelope: each, pattern: "order.*", group: "billing", hasReceiver: false }));
    expect(reports).toEqual([{ unsettled: [] }, { unsettled: held }]);
  });

  it("names each envelope once where two of its subscriptions were the last of their group", async () => {
    const transport = new MemoryTransport();
    const onEnvelope = (): Promise<Settlement> => new Promise(() => undefined);
    for (let i = 0; i < 2; i++) await transport.subscribe({ pattern: "order.*", group: "billing", onEnvelope });
    const sent = envelopes(4);
    await transport.publish(sent);
    await settleTurns();

    const { unsettled } = await transport.close();

    expect(unsettled.map(({ envelope: { id } }) => id)).toEqual(sent.map(({ id }) => id));
  });
});

describe("MemoryBroker", () => {
  it("keeps what was set aside, with the reason, the newest", async () => {
    const broker = new MemoryBroker({ capacity: 2 });
    await using transport = new MemoryTransport({ broker });
    let count = 0;
    await transport.subscribe({
      pattern: "order.*",
      group: "billing",
      onEnvelope: () => ({ settle: "dead-letter", reason: `number ${++count}` }),
    });

    for (const each of envelopes(3)) await transport.publish([each]);
    await settleTurns(10);

    expect(broker.deadLetters.map(({ reason, group, pattern }) => [reason, group, pattern])).toEqual([
      ["number 2", "billing", "order.*"],
      ["number 3", "billing", "order.*"],
    ]);
  });

  it("refuses options out of range", () => {
    const codes = [{ capacity: 0 }, { retain: -1 }, { capacity: 1.5 }, { size: 3 }].map((options) => {
      return (thrownBy(() => new MemoryBroker(options)) as { code?: string }).code;
    });
    const noBroker = thrownBy(() => new MemoryTransport({ broker: {} as never })) as { code?: string };

    expect([...codes, noBroker.code]).toEqual(Array(5).fill("INVALID_OPTION"));
  });
});

function throwing(): never {
  throw new Error("a hostile getter");
}
