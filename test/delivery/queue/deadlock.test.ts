import { describe, expect, it } from "vitest";
import type { EventBus } from "../../../src/event-bus.ts";
import type { PublishOptions, SubscribeOptions } from "../../../src/index.ts";
import { conservationViolations } from "../../support/conservation.ts";
import { heldHandler } from "../../support/held-handler.ts";
import { createBus, deferred, settleTurns } from "../../support/test-bus.ts";

const A: SubscribeOptions = { name: "lane a", concurrency: 1 };
const B: SubscribeOptions = { name: "lane b", concurrency: 1 };

/** What a handler's publishes came to: "ok", or the code of the refusal. */
class Outcomes {
  readonly seen: string[] = [];

  readonly of = async (published: Promise<unknown>): Promise<void> => {
    const index = this.seen.push("hangs") - 1;
    this.seen[index] = await published.then(
      () => "ok",
      (error: { code: string }) => error.code,
    );
  };
}

function later(bus: EventBus, name: string, options?: PublishOptions): Promise<unknown> {
  return settleTurns().then(() => bus.publish(name, undefined, options));
}

describe("the deadlock guard", () => {
  it.each<[string, SubscribeOptions]>([
    ["a serial subscription", A],
    ["the order of its key", { name: "keyed", orderBy: () => "key" }],
    ["a key that cannot be made", { name: "keyed", orderBy: () => JSON.parse("") }],
  ])("refuses to let a handler wait for itself through %s", async (_, options) => {
    const { bus } = createBus();
    const outcomes = new Outcomes();
    bus.subscribe("a", () => outcomes.of(bus.publish("a")), options);

    const { deliveries } = await bus.publish("a");

    expect(outcomes.seen).toEqual(["DEADLOCK"]);
    expect(deliveries[0]?.outcome).toBe("handled");
    expect(bus.stats().refused).toEqual({ deadlock: 1 });
    expect(conservationViolations(bus.stats())).toEqual([]);
  });

  it("names the subscription and the remedy", async () => {
    const { bus } = createBus();
    bus.subscribe("a", () => bus.publish("a"), A);

    const { deliveries } = await bus.publish("a");

    expect(String(deliveries[0]?.error)).toMatch(
      /"a".*"lane a".*this handler has ended.*wait: "accepted".*concurrency/,
    );
  });

  it("sees through `ctx.publish` where nothing is ambient", async () => {
    const { bus } = createBus({ ambient: false });
    const outcomes = new Outcomes();
    bus.subscribe("a", (_event, ctx) => outcomes.of(ctx.publish("a")), A);

    await bus.publish("a");

    expect(outcomes.seen).toEqual(["DEADLOCK"]);
  });

  it("sees a way round through other events, with and without lanes", async () => {
    const { bus } = createBus();
    const outcomes = new Outcomes();
    bus.subscribe("a", () => bus.publish("direct"), A);
    bus.subscribe("direct", () => bus.publish("b"), { name: "direct" });
    bus.subscribe("b", () => outcomes.of(bus.publish("a")), B);

    await bus.publish("a");

    expect(outcomes.seen).toEqual(["DEADLOCK"]);
  });

  it("sees two handlers that wait for each other's subscription, and refuses the second", async () => {
    const { bus } = createBus();
    const outcomes = new Outcomes();
    bus.subscribe("a", () => outcomes.of(later(bus, "b")), A);
    bus.subscribe("b", () => outcomes.of(later(bus, "a")), B);

    const first = [bus.publish("a"), bus.publish("b")];
    await Promise.all(first);

    expect(outcomes.seen.slice(0, 2).sort()).toEqual(["DEADLOCK", "ok"]);
  });

  it("waits until every slot is taken by handlers that wait for each other", async () => {
    const { bus } = createBus();
    const outcomes = new Outcomes();
    const start = deferred();
    const handle = async (event: { data: unknown }): Promise<void> => {
      if (event.data !== "outer") return;
      await start.promise;
      await outcomes.of(bus.publish("a", "inner"));
    };
    bus.subscribe("a", handle, { name: "three", concurrency: 3 });
    const outer = [1, 2, 3].map(() => bus.publish("a", "outer"));

    start.resolve();
    await Promise.all(outer);

    expect(outcomes.seen).toEqual(["ok", "ok", "DEADLOCK"]);
  });

  it("waits until every one of a thousand slots is", async () => {
    const { bus } = createBus();
    const outcomes = new Outcomes();
    const all = deferred();
    let running = 0;
    bus.subscribe(
      "a",
      async (event) => {
        if (event.data === "leaf") return;
        if (++running === 1_000) all.resolve();
        await all.promise;
        await outcomes.of(bus.publish("a", "leaf"));
      },
      { name: "wide", concurrency: 1_000 },
    );

    await Promise.all(Array.from({ length: 1_000 }, () => bus.publish("a", "root")));

    expect(outcomes.seen.filter((each) => each === "DEADLOCK")).toHaveLength(1);
    expect(outcomes.seen.filter((each) => each === "ok")).toHaveLength(999);
  });

  it("sees that waiting for a paused subscription does not help where resuming would not", async () => {
    const { bus } = createBus();
    const outcomes = new Outcomes();
    const subscription = bus.subscribe(
      "a",
      () => {
        subscription.pause();
        return outcomes.of(bus.publish("a"));
      },
      A,
    );

    await bus.publish("a");

    expect(outcomes.seen).toEqual(["DEADLOCK"]);
  });

  it("sees a delivery that is scheduled, and will wait when it is due", async () => {
    const { bus } = createBus();
    const outcomes = new Outcomes();
    bus.subscribe(
      "a",
      (event) => (event.data === 1 ? outcomes.of(bus.publish("b", 2, { delayMs: 100 })) : undefined),
      A,
    );
    bus.subscribe("b", (event) => (event.data === 1 ? outcomes.of(later(bus, "a")) : undefined), B);

    await Promise.all([bus.publish("a", 1), bus.publish("b", 1)]);

    expect(outcomes.seen).toEqual(["ok", "DEADLOCK"]);
  });

  it("sees who waits for room in a full queue, also where only acceptance is waited for", async () => {
    const { bus } = createBus();
    const outcomes = new Outcomes();
    const accepted = { wait: "accepted" } as const;
    bus.subscribe("a", (event) => (event.data === 1 ? outcomes.of(bus.publish("b", 3, accepted)) : undefined), A);
    bus.subscribe("b", (event) => (event.data === 1 ? outcomes.of(later(bus, "a")) : undefined), {
      ...B,
      queue: { capacity: 1 },
    });
    const published = [bus.publish("b", 1), bus.publish("b", 2), bus.publish("a", 1)];

    await Promise.all(published);

    expect(outcomes.seen.sort()).toEqual(["DEADLOCK", "ok"]);
  });

  it("sees a retry that will need the slot of who waits for it", async () => {
    const { bus } = createBus();
    const outcomes = new Outcomes();
    const retry = { maxAttempts: 2, backoff: { initialMs: 20, jitter: "none" } } as const;
    bus.subscribe(
      "a",
      async (event, ctx) => {
        if (event.data === "retried" && ctx.attempt === 1) throw new Error("broken");
        if (event.data === "waits") await outcomes.of(later(bus, "b"));
      },
      { ...A, retry },
    );
    bus.subscribe("b", (event) => (event.data === 1 ? bus.publish("a", "retried") : undefined), B);
    const first = bus.publish("b", 1);
    await settleTurns();

    await Promise.all([first, bus.publish("a", "waits")]);

    expect(outcomes.seen).toEqual(["DEADLOCK"]);
  });

  it("refuses to replay a dead letter inside the serial handler it belongs to", async () => {
    const { bus } = createBus();
    const outcomes = new Outcomes();
    bus.subscribe(
      "a",
      (event) => {
        if (event.data === "bad") throw new Error("broken");
        return event.data === "replay"
          ? outcomes.of(bus.deadLetters.replay(bus.deadLetters.list()[0]?.id ?? ""))
          : null;
      },
      A,
    );
    await bus.publish("a", "bad");

    await bus.publish("a", "replay");

    expect(outcomes.seen).toEqual(["DEADLOCK"]);
    expect(bus.deadLetters.size).toBe(1);
  });
});

describe("a handler that publishes into its own full queue", () => {
  it("is refused even where only acceptance is waited for, with what to do about it", async () => {
    const { bus } = createBus();
    const accepted = { wait: "accepted" } as const;
    bus.subscribe(
      "a",
      async () => {
        await bus.publish("a", undefined, accepted);
        await bus.publish("a", undefined, accepted);
      },
      { ...A, queue: { capacity: 1 } },
    );

    const { deliveries } = await bus.publish("a");

    expect(String(deliveries[0]?.error)).toMatch(/queue of "lane a" is full.*raise its queue.capacity or concurrency/);
    expect(deliveries[0]?.error).toMatchObject({ code: "DEADLOCK" });
    await bus.close();
  });
});

describe("the deadlock guard in a queue by key that is full", () => {
  const keyed: SubscribeOptions = { name: "keyed", orderBy: ({ data }) => (data as string)[0] };

  it("sees that what waits there waits for the same handler, though others run", async () => {
    const { bus } = createBus();
    const outcomes = new Outcomes();
    const other = heldHandler();
    bus.subscribe(
      "a",
      async (event) => {
        if (event.data === "x1")
          await outcomes.of(settleTurns().then(() => bus.publish("a", "x3", { wait: "accepted" })));
        else if (event.data === "y1") await other(event);
      },
      { ...keyed, concurrency: 2, queue: { capacity: 1 } },
    );
    const published = ["x1", "y1", "x2"].map((data) => bus.publish("a", data));

    await settleTurns(6);
    await other.release();
    await settleTurns();

    expect(outcomes.seen).toEqual(["DEADLOCK"]);
    await Promise.all(published);
  });

  it("counts who waits for room before it", async () => {
    const { bus } = createBus();
    const outcomes = new Outcomes();
    const other = heldHandler();
    bus.subscribe(
      "a",
      async (event) => {
        if (event.data === "x1")
          await outcomes.of(settleTurns().then(() => bus.publish("a", "x4", { wait: "accepted" })));
        else if (event.data === "y1") await other(event);
      },
      { ...keyed, concurrency: 2, queue: { capacity: 2 } },
    );
    const published = ["x1", "y1", "y2", "x2", "x3"].map((data) => bus.publish("a", data)); // x3 takes the room of y2

    await settleTurns(6);
    await other.release();
    await settleTurns();

    expect(outcomes.seen).toEqual(["DEADLOCK"]);
    await Promise.all(published);
  });

  it("lets in who waits for room before a handler starts that may publish", async () => {
    const { bus } = createBus();
    const outcomes = new Outcomes();
    const first = heldHandler();
    bus.subscribe(
      "a",
      (event) => {
        if (event.data === 1) return first(event);
        return event.data === 2 ? outcomes.of(bus.publish("a", 4, { wait: "accepted" })) : undefined;
      },
      { ...A, queue: { capacity: 1 } },
    );
    const published = [1, 2, 3].map((data) => bus.publish("a", data));

    await first.release();
    await settleTurns();

    expect(outcomes.seen).toEqual(["DEADLOCK"]);
    await Promise.all(published);
  });

  it("lets pass what finds neither its key nor every slot taken", async () => {
    const { bus } = createBus();
    const outcomes = new Outcomes();
    bus.subscribe(
      "a",
      (event) => (event.data === "x1" ? outcomes.of(settleTurns().then(() => bus.publish("a", "y1"))) : undefined),
      { ...keyed, queue: { capacity: 1 } },
    );

    await Promise.all(["x1", "x2"].map((data) => bus.publish("a", data)));

    expect(outcomes.seen).toEqual(["ok"]);
  });
});

describe("the deadlock guard lets pass", () => {
  it("a publish to itself that waits for acceptance only", async () => {
    const { bus } = createBus();
    const outcomes = new Outcomes();
    bus.subscribe(
      "a",
      (event) => {
        return event.data === 1 ? outcomes.of(bus.publish("a", 2, { wait: "accepted" })) : undefined;
      },
      A,
    );

    await bus.publish("a", 1);
    await bus.drain();

    expect(outcomes.seen).toEqual(["ok"]);
    expect(bus.stats()).toMatchObject({ handled: 2 });
  });

  it("a publish of another key", async () => {
    const { bus } = createBus();
    const outcomes = new Outcomes();
    const keyed = { name: "keyed", orderBy: ({ data }: { data: unknown }) => data };
    bus.subscribe("a", (event) => (event.data === 1 ? outcomes.of(bus.publish("a", 2)) : undefined), keyed);

    await bus.publish("a", 1);

    expect(outcomes.seen).toEqual(["ok"]);
  });

  it.each([
    ["a lane", B],
    ["no lane", { name: "no lane" }],
  ])("a wait for who did not wait for this (%s)", async (_, options) => {
    const { bus } = createBus();
    const outcomes = new Outcomes();
    const rest = deferred();
    bus.subscribe(
      "a",
      async (event) => {
        if (event.data !== 1) return;
        await bus.publish("b", 1, { wait: "accepted" });
        await rest.promise;
      },
      A,
    );
    bus.subscribe("b", () => outcomes.of(bus.publish("a", 2)), options);
    const first = bus.publish("a", 1);
    await settleTurns();

    rest.resolve();
    await first;
    await bus.drain();

    expect(outcomes.seen).toEqual(["ok"]);
  });

  it("an accepted publish into a full queue whose other keys move on", async () => {
    const { bus } = createBus();
    const outcomes = new Outcomes();
    const other = heldHandler();
    const orderBy = ({ data }: { data: unknown }): unknown => (data as string)[0];
    bus.subscribe(
      "a",
      async (event) => {
        if (event.data === "x1") await outcomes.of(later(bus, "a", { wait: "accepted" }));
        else await other(event);
      },
      { name: "keyed", orderBy: (event) => (event.data === undefined ? "x" : orderBy(event)), queue: { capacity: 1 } },
    );
    const published = ["x1", "y1", "y2"].map((data) => bus.publish("a", data));
    await settleTurns(6);

    await other.release();
    await Promise.all(published);

    expect(outcomes.seen).toEqual(["ok"]);
    await bus.drain();
  });

  it("an accepted publish for later into a queue that is full now", async () => {
    const { bus } = createBus();
    const outcomes = new Outcomes();
    const options = { wait: "accepted", delayMs: 5 } as const;
    bus.subscribe("a", (event) => (event.data === 1 ? outcomes.of(bus.publish("a", 3, options)) : undefined), {
      ...A,
      queue: { capacity: 1 },
    });
    const subscription = bus.subscribe("go", () => undefined);
    subscription.pause();

    const published = [1, 2].map((n) => bus.publish("a", n));
    await Promise.all(published);

    expect(outcomes.seen).toEqual(["ok"]);
    await bus.close();
  });

  it("what a handler publishes after its attempt timed out", async () => {
    const { bus } = createBus();
    const outcomes = new Outcomes();
    const late = deferred();
    const second = heldHandler();
    const retry = { maxAttempts: 2, backoff: { initialMs: 0 } };
    bus.subscribe(
      "a",
      async (event, ctx) => {
        if (event.data !== 1) return;
        if (ctx.attempt === 2) return second(event);
        await late.promise;
        await outcomes.of(bus.publish("a", 2));
      },
      { ...A, timeoutMs: 30, retry },
    );
    const first = bus.publish("a", 1);
    while (second.running === 0) await settleTurns();

    late.resolve();
    await settleTurns();
    await second.release();
    await first;
    await bus.drain();

    expect(outcomes.seen).toEqual(["ok"]);
  });
});
