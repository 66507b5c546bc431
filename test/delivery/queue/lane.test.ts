import { describe, expect, it } from "vitest";
import type { BusEvent, PublishResult } from "../../../src/index.ts";
import { conservationViolations } from "../../support/conservation.ts";
import { heldHandler } from "../../support/held-handler.ts";
import { createBus, settleTurns } from "../../support/test-bus.ts";

const SERIAL = { name: "serial", concurrency: 1 } as const;

function outcomesOf(results: readonly PublishResult[]): string[] {
  return results.map(({ deliveries: [report] }) => `${report?.outcome}${report?.reason ? ` ${report.reason}` : ""}`);
}

describe("concurrency", () => {
  it("never runs more attempts at once, and starts the next in the order they came", async () => {
    const { bus } = createBus();
    const handler = heldHandler();
    bus.subscribe("a", handler, { name: "two", concurrency: 2 });

    const published = [1, 2, 3, 4, 5].map((n) => bus.publish("a", n));
    const before = [...handler.started];
    await handler.end();
    const after = [...handler.started];
    await handler.release();
    await Promise.all(published);

    expect([before, after, handler.started]).toEqual([
      [1, 2],
      [1, 2, 3],
      [1, 2, 3, 4, 5],
    ]);
    expect(handler.most).toBe(2);
  });

  it("lets others run while a retry waits, and the retry when it is due", async () => {
    const { bus } = createBus();
    const seen: string[] = [];
    const retry = { maxAttempts: 2, backoff: { initialMs: 5, jitter: "none" } } as const;
    bus.subscribe(
      "a",
      (event, ctx) => {
        seen.push(`${event.data}#${ctx.attempt}`);
        if (event.data === 1 && ctx.attempt === 1) throw new Error("broken");
      },
      { ...SERIAL, retry },
    );

    await Promise.all([bus.publish("a", 1), bus.publish("a", 2)]);

    expect(seen).toEqual(["1#1", "2#1", "1#2"]);
  });

  it("gives the slot of a handler that timed out to the next, whose start finds the signal aborted", async () => {
    const { bus } = createBus();
    const signals: AbortSignal[] = [];
    const abortedAtStart: boolean[][] = [];
    bus.subscribe(
      "a",
      (event, ctx) => {
        abortedAtStart.push(signals.map((signal) => signal.aborted));
        signals.push(ctx.signal);
        return event.data === 1 ? new Promise(() => undefined) : undefined;
      },
      { ...SERIAL, timeoutMs: 5 },
    );

    const results = await Promise.all([bus.publish("a", 1), bus.publish("a", 2)]);

    expect(outcomesOf(results)).toEqual(["timed_out attempts_exhausted", "handled"]);
    expect(abortedAtStart).toEqual([[], [true]]);
  });

  it("goes through ten thousand waiting events of a synchronous handler without growing the stack", async () => {
    const { bus } = createBus();
    let count = 0;
    const subscription = bus.subscribe("a", () => void count++, { ...SERIAL, queue: { capacity: 10_000 } });
    subscription.pause();
    const published = Array.from({ length: 10_000 }, () => bus.publish("a"));

    subscription.resume();
    await Promise.all(published);

    expect(count).toBe(10_000);
    expect(bus.stats()).toMatchObject({ queued: 0, running: 0, handled: 10_000 });
  });

  it("leaves timers their turn while it works off a long queue", async () => {
    const { bus } = createBus();
    let count = 0;
    let countAtTimer = 0;
    const spin = (): void => {
      const until = performance.now() + 0.2;
      while (performance.now() < until);
      count++;
    };
    const subscription = bus.subscribe("a", spin, SERIAL);
    subscription.pause();
    const published = Array.from({ length: 500 }, () => bus.publish("a"));
    setTimeout(() => {
      countAtTimer = count;
    }, 1);

    subscription.resume();
    await Promise.all(published);

    expect(count).toBe(500);
    expect(countAtTimer).toBeLessThan(500);
  });
});

describe("the order of a queue", () => {
  it("lets who waits for room in before what a handler publishes meanwhile", async () => {
    const { bus } = createBus();
    const seen: unknown[] = [];
    const first = heldHandler();
    const other = heldHandler();
    bus.subscribe(
      "a",
      (event) => {
        seen.push(event.data);
        if (event.data === "B") void bus.publish("a", "D", { wait: "accepted" });
        if (event.data === "A") return first(event);
        return event.data === "other" ? other(event) : undefined;
      },
      { ...SERIAL, concurrency: 2, queue: { capacity: 1 } },
    );
    const published = ["A", "other", "B", "C"].map((data) => bus.publish("a", data));

    await first.release();
    await other.release();
    await Promise.all(published);
    await settleTurns();

    expect(seen).toEqual(["A", "other", "B", "C", "D"]);
  });

  it("is, within a key, that of publishing, also while one of the key waits for its retry", async () => {
    const { bus } = createBus();
    const seen: string[] = [];
    const keyOf = ({ data }: BusEvent): unknown => (data as string)[0];
    const retry = { maxAttempts: 3, backoff: { initialMs: 5, jitter: "none" } } as const;
    bus.subscribe(
      "a",
      (event, ctx) => {
        seen.push(`${event.data}#${ctx.attempt}`);
        if (event.data === "x1" && ctx.attempt < 3) throw new Error("broken");
      },
      { name: "keyed", orderBy: keyOf, retry },
    );

    await Promise.all(["x1", "x2", "y1", "x3", "y2"].map((data) => bus.publish("a", data)));

    expect(seen.filter((each) => each.startsWith("x"))).toEqual(["x1#1", "x1#2", "x1#3", "x2#1", "x3#1"]);
    expect(seen.indexOf("y2#1")).toBeLessThan(seen.indexOf("x1#2"));
  });

  it("holds among events whose key cannot be made: they form one line", async () => {
    const { bus } = createBus();
    const handler = heldHandler();
    const orderBy = (): never => {
      throw new Error("no key");
    };
    bus.subscribe("a", handler, { name: "keyed", orderBy });

    const published = [1, 2, 3].map((n) => bus.publish("a", n));
    const before = [...handler.started];
    await handler.release();
    await Promise.all(published);

    expect(before).toEqual([1]);
    expect(handler.started).toEqual([1, 2, 3]);
  });

  it("survives that the holder of a key is dropped before it started", async () => {
    const { bus } = createBus();
    const handler = heldHandler();
    const queue = { capacity: 2, policy: "drop-oldest" } as const;
    bus.subscribe("a", handler, { ...SERIAL, queue, orderBy: ({ data }) => (data as string)[0] });
    const published = ["x1", "y1", "y2", "y3"].map((data) => bus.publish("a", data));

    await handler.release();
    const results = await Promise.all(published);

    expect(outcomesOf(results)).toEqual(["handled", "dropped drop_oldest", "handled", "handled"]);
    expect(handler.started).toEqual(["x1", "y2", "y3"]);
  });
});

describe("a full queue", () => {
  it.each([
    ["drop-oldest", ["handled", "dropped drop_oldest", "dropped drop_oldest", "handled"]],
    ["drop-newest", ["handled", "handled", "dropped drop_newest", "dropped drop_newest"]],
    ["reject", ["handled", "handled", "dropped reject", "dropped reject"]],
    ["block", ["handled", "handled", "handled", "dropped queue_full"]],
  ] as const)(
    "with the policy %s says in the result, and in the accounts, what became of each",
    async (policy, fates) => {
      const { bus } = createBus();
      const handler = heldHandler();
      bus.subscribe("a", handler, { ...SERIAL, queue: { capacity: 1, policy } });
      const published = [1, 2, 3, 4].map((n) => bus.publish("a", n));
      const full = bus.stats();

      await handler.release();
      const results = await Promise.all(published);

      expect(outcomesOf(results)).toEqual(fates);
      expect(full).toMatchObject({ queued: policy === "block" ? 2 : 1, running: 1 });
      expect(conservationViolations(full)).toEqual([]);
      expect(bus.stats()).toMatchObject({
        queued: 0,
        dropped: fates.filter((each) => each.startsWith("dropped")).length,
      });
    },
  );

  it("with the policy reject puts a typed error into the result, and does not fail the publish", async () => {
    const { bus } = createBus();
    const handler = heldHandler();
    bus.subscribe("a", handler, { ...SERIAL, queue: { capacity: 1, policy: "reject" } });
    const published = [1, 2].map((n) => bus.publish("a", n));

    const { deliveries } = await bus.publish("a", 3, { strict: true });
    await handler.release();
    await Promise.all(published);

    expect(deliveries[0]).toMatchObject({ outcome: "dropped", reason: "reject", error: { code: "QUEUE_FULL" } });
  });

  it("makes a publisher that waits for acceptance wait for room", async () => {
    const { bus } = createBus();
    const handler = heldHandler();
    bus.subscribe("a", handler, { ...SERIAL, queue: { capacity: 1 } });
    let isAccepted = false;
    await bus.publish("a", 1, { wait: "accepted" });
    await bus.publish("a", 2, { wait: "accepted" });
    const third = bus.publish("a", 3, { wait: "accepted" }).finally(() => {
      isAccepted = true;
    });
    await settleTurns();
    const wasAccepted = isAccepted;

    await handler.end();
    const { deliveries } = await third;

    expect(wasAccepted).toBe(false);
    expect(deliveries[0]?.outcome).toBe("in_flight");
    await handler.release();
    await bus.drain();
  });

  it("of one subscription does not keep the event from the others", async () => {
    const { bus } = createBus();
    const handler = heldHandler();
    const seen: unknown[] = [];
    bus.subscribe("a", handler, { ...SERIAL, queue: { capacity: 1 } });
    bus.subscribe("a", (event) => void seen.push(event.data), { name: "other" });

    const published = [1, 2, 3, 4].map((n) => bus.publish("a", n));
    const seenAtOnce = [...seen];
    await handler.release();
    await Promise.all(published);

    expect(seenAtOnce).toEqual([1, 2, 3, 4]);
  });
});

describe("unsubscribing", () => {
  it("skips what is queued and what waits for room, and lets what runs finish", async () => {
    const { bus } = createBus();
    const handler = heldHandler();
    const subscription = bus.subscribe("a", handler, { ...SERIAL, queue: { capacity: 1 } });
    const published = [1, 2, 3].map((n) => bus.publish("a", n));

    subscription.unsubscribe();
    const ledger = bus.stats();
    await handler.release();

    expect(outcomesOf(await Promise.all(published))).toEqual([
      "handled",
      "skipped unsubscribed",
      "skipped unsubscribed",
    ]);
    expect(conservationViolations(ledger)).toEqual([]);
    expect(ledger).toMatchObject({ queued: 0, running: 1, skipped: 2 });
  });

  it("inside the handler skips everything behind it", async () => {
    const { bus } = createBus();
    const subscription = bus.subscribe("a", () => void subscription.unsubscribe(), {
      ...SERIAL,
      orderBy: ({ data }) => data,
    });
    subscription.pause();
    const published = ["x", "x", "y"].map((data) => bus.publish("a", data));

    subscription.resume();

    expect(outcomesOf(await Promise.all(published))).toEqual([
      "handled",
      "skipped unsubscribed",
      "skipped unsubscribed",
    ]);
  });

  it("by `once` leaves one event handled, however many wait", async () => {
    const { bus } = createBus();
    const handler = heldHandler();
    const subscription = bus.once("a", handler, SERIAL);
    subscription.pause();
    const published = [1, 2].map((n) => bus.publish("a", n));

    subscription.resume();
    await handler.release();

    expect(outcomesOf(await Promise.all(published))).toEqual(["handled", "skipped unsubscribed"]);
  });
});

describe("stopping with a queue", () => {
  it("by drain empties it, paused or not, and what its handlers publish into it", async () => {
    const { bus } = createBus();
    const seen: unknown[] = [];
    const subscription = bus.subscribe(
      "a",
      (event) => {
        seen.push(event.data);
        subscription.pause();
        if (event.data === 1) void bus.publish("a", "more", { wait: "accepted" });
      },
      SERIAL,
    );
    subscription.pause();
    const published = [1, 2].map((n) => bus.publish("a", n));

    const report = await bus.drain({ deadlineMs: 1000 });
    await Promise.all(published);

    expect(report).toMatchObject({ isComplete: true, aborted: [] });
    expect(seen).toEqual([1, 2, "more"]);
  });

  it("by drain is not held up by a handler that pauses another subscription", async () => {
    const { bus } = createBus();
    const seen: unknown[] = [];
    const held = heldHandler();
    const other = bus.subscribe("b", (event) => void seen.push(event.data), { name: "other" });
    bus.subscribe("a", async (event) => {
      await held(event);
      other.pause();
      await bus.publish("b", "late");
    });
    const published = bus.publish("a");
    const drained = bus.drain({ deadlineMs: 1000 });

    await held.release();

    expect(await drained).toMatchObject({ isComplete: true });
    expect(seen).toEqual(["late"]);
    await published;
  });

  it("by a deadline dead-letters what has not started", async () => {
    const { bus } = createBus();
    const handler = heldHandler();
    bus.subscribe("a", handler, { ...SERIAL, queue: { capacity: 1 } });
    const published = [1, 2, 3].map((n) => bus.publish("a", n));

    const report = await bus.drain({ deadlineMs: 5 });

    expect(outcomesOf(await Promise.all(published))).toEqual(Array(3).fill("aborted deadline"));
    expect(report.aborted).toHaveLength(3);
    expect(bus.deadLetters.list().map(({ attempts }) => attempts)).toEqual([1, 0, 0]);
    expect(conservationViolations(bus.stats())).toEqual([]);
  });

  it("by a deadline keeps the books while the logger hears of it", async () => {
    const violations: string[] = [];
    const error = (): void => void violations.push(...conservationViolations(bus.stats()));
    const { bus } = createBus({ logger: { debug() {}, info() {}, warn() {}, error } });
    bus.subscribe("a", () => new Promise(() => undefined), SERIAL);
    const published = [1, 2, 3].map((n) => bus.publish("a", n));

    await bus.drain({ deadlineMs: 5 });
    await Promise.all(published);

    expect(violations).toEqual([]);
    expect(bus.deadLetters.size).toBe(3);
  });

  it("by close inside a handler aborts everything that waits, once", async () => {
    const { bus } = createBus();
    const subscription = bus.subscribe("a", () => void bus.close(), { ...SERIAL, queue: { capacity: 1 } });
    subscription.pause();
    const published = [1, 2].map((n) => bus.publish("a", n));

    subscription.resume();

    expect(outcomesOf(await Promise.all(published))).toEqual(["aborted close", "aborted close"]);
    expect(conservationViolations(bus.stats())).toEqual([]);
    expect(bus.stats()).toMatchObject({ queued: 0, running: 0, lateResults: 1 });
  });
});

describe("the accounts", () => {
  it("are right when `orderBy`, an id generator or a listener of failures looks at them", async () => {
    const violations: string[] = [];
    const look = (): void => void violations.push(...conservationViolations(bus.stats()));
    let id = 0;
    const generateId = (): string => {
      look();
      return `id-${id++}`;
    };
    const { bus } = createBus({ generateId });
    bus.onError(look);
    bus.onAttemptError(look);
    bus.subscribe(
      "a",
      () => {
        throw new Error("broken");
      },
      {
        ...SERIAL,
        deduplicate: true,
        retry: { maxAttempts: 2, backoff: { initialMs: 0 } },
        orderBy: (event) => {
          look();
          return event.data;
        },
      },
    );

    await Promise.all([1, 1, 2].map((n) => bus.publish("a", n)));
    const [entry] = bus.deadLetters.list();
    await bus.deadLetters.replay(entry?.id ?? "");

    expect(violations).toEqual([]);
    expect(bus.stats()).toMatchObject({ matched: 3, replays: 1, failed: 4, attempts: 8 });
  });

  it("give back an event whose `orderBy` closes the bus as aborted", async () => {
    const { bus } = createBus();
    const orderBy = (): void => void bus.close();
    bus.subscribe("a", () => undefined, { name: "keyed", orderBy });

    const result = await bus.publish("a");

    expect(outcomesOf([result])).toEqual(["aborted close"]);
    expect(conservationViolations(bus.stats())).toEqual([]);
  });
});
