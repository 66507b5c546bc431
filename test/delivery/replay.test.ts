import { describe, expect, it } from "vitest";
import { currentEvent } from "../../src/context.ts";
import type { EventBus } from "../../src/event-bus.ts";
import { conservationViolations } from "../support/conservation.ts";
import { createBus, deferred, rejectionOf, settleTurns } from "../support/test-bus.ts";

/** A bus with one dead letter of "a" for "billing", whose handler now does what `behaviour.now` says. */
async function createBusWithDeadLetter(): Promise<{
  bus: EventBus;
  id: string;
  seen: unknown[];
  behaviour: { now: () => unknown };
}> {
  const { bus } = createBus();
  const seen: unknown[] = [];
  const behaviour = {
    now: (): unknown => {
      throw new Error("first failure");
    },
  };
  bus.subscribe(
    "a",
    (event) => {
      seen.push(event);
      return behaviour.now();
    },
    { name: "billing" },
  );
  await bus.publish("a", { total: 1 });
  seen.length = 0;
  return { bus, id: bus.deadLetters.list()[0]!.id, seen, behaviour };
}

function failAgain(): never {
  throw new Error("second failure");
}

describe("bus.deadLetters.replay", () => {
  it("delivers the same event again, and removes the entry when it is handled", async () => {
    const { bus, id, seen, behaviour } = await createBusWithDeadLetter();
    const { event } = bus.deadLetters.get(id)!;
    behaviour.now = () => {};

    const report = await bus.deadLetters.replay(id);

    expect(report).toEqual({ subscription: "billing", outcome: "handled", attempts: 1 });
    expect(seen).toEqual([event]);
    expect(seen[0]).toBe(event);
    expect(bus.deadLetters.size).toBe(0);
  });

  it("delivers to no other subscription", async () => {
    const { bus, id, behaviour } = await createBusWithDeadLetter();
    const others: unknown[] = [];
    bus.subscribe("*", (event) => void others.push(event));
    behaviour.now = () => {};

    await bus.deadLetters.replay(id);

    expect(others).toEqual([]);
  });

  it("is counted as a replay, not as a publish", async () => {
    const { bus, id, behaviour } = await createBusWithDeadLetter();
    behaviour.now = () => {};

    await bus.deadLetters.replay(id);

    expect(bus.stats()).toMatchObject({
      published: 1,
      matched: 1,
      replays: 1,
      handled: 1,
      failed: 1,
      deadLettersStored: 0,
      deadLettersReplayed: 1,
    });
    expect(conservationViolations(bus.stats())).toEqual([]);
  });

  it("keeps the entry under its id when it fails again, with the errors of both", async () => {
    const { bus, id, behaviour } = await createBusWithDeadLetter();
    behaviour.now = failAgain;

    const report = await bus.deadLetters.replay(id);

    expect(report).toMatchObject({ outcome: "failed", disposition: "dead_lettered" });
    expect(bus.deadLetters.list()).toHaveLength(1);
    expect(bus.deadLetters.get(id)?.errors.map(({ message }) => message)).toEqual(["first failure", "second failure"]);
  });

  it("keeps the accounts when it fails again", async () => {
    const { bus, id, behaviour } = await createBusWithDeadLetter();
    behaviour.now = failAgain;

    await bus.deadLetters.replay(id);

    expect(bus.stats()).toMatchObject({ failed: 2, deadLettered: 2, deadLettersStored: 1 });
    expect(conservationViolations(bus.stats())).toEqual([]);
  });

  it("can be replayed again after it failed again", async () => {
    const { bus, id, behaviour } = await createBusWithDeadLetter();
    behaviour.now = failAgain;
    await bus.deadLetters.replay(id);
    behaviour.now = () => {};

    const report = await bus.deadLetters.replay(id);

    expect(report.outcome).toBe("handled");
    expect(bus.deadLetters.size).toBe(0);
  });

  it("tells the error handlers when it fails again", async () => {
    const { bus, id, behaviour } = await createBusWithDeadLetter();
    const failures: unknown[] = [];
    bus.onError((failure) => failures.push(failure));
    behaviour.now = failAgain;

    await bus.deadLetters.replay(id);

    expect(failures).toMatchObject([
      { subscription: "billing", deadLetterId: id, error: { message: "second failure" } },
    ]);
  });

  it("is refused while the same entry is being replayed", async () => {
    const { bus, id, behaviour } = await createBusWithDeadLetter();
    const done = deferred();
    behaviour.now = () => done.promise;
    const first = bus.deadLetters.replay(id);

    const error = await rejectionOf(bus.deadLetters.replay(id));
    done.resolve();

    expect(error).toMatchObject({ code: "DEAD_LETTER_BUSY" });
    expect((await first).outcome).toBe("handled");
    expect(bus.stats().replays).toBe(1);
  });

  it("is refused for an id that is not there", async () => {
    const { bus } = createBus();

    const error = await rejectionOf(bus.deadLetters.replay("unknown"));

    expect(error).toMatchObject({ code: "DEAD_LETTER_NOT_FOUND", message: expect.stringContaining("unknown") });
  });

  it("is refused when the subscription has gone, and keeps the entry", async () => {
    const { bus } = createBus();
    const subscription = bus.subscribe("a", failAgain, { name: "billing" });
    await bus.publish("a");
    const { id } = bus.deadLetters.list()[0]!;
    subscription.unsubscribe();

    const error = await rejectionOf(bus.deadLetters.replay(id));

    expect(error).toMatchObject({ code: "SUBSCRIPTION_NOT_FOUND", message: expect.stringContaining("billing") });
    expect(bus.deadLetters.get(id)).toBeDefined();
    expect(bus.stats().replays).toBe(0);
  });

  it("goes to a subscription made later under the same name", async () => {
    const { bus } = createBus();
    const calls: unknown[] = [];
    const subscription = bus.subscribe("a", failAgain, { name: "billing" });
    await bus.publish("a", 1);
    subscription.unsubscribe();
    bus.subscribe("a", (event) => void calls.push(event.data), { name: "billing" });

    const report = await bus.deadLetters.replay(bus.deadLetters.list()[0]!.id);

    expect(report.outcome).toBe("handled");
    expect(calls).toEqual([1]);
  });

  it("is refused when the subscription of that name does not match the event", async () => {
    const { bus } = createBus();
    const subscription = bus.subscribe("a", failAgain, { name: "billing" });
    await bus.publish("a");
    subscription.unsubscribe();
    bus.subscribe("b", () => {}, { name: "billing" });

    const error = await rejectionOf(bus.deadLetters.replay(bus.deadLetters.list()[0]!.id));

    expect(error).toMatchObject({ code: "SUBSCRIPTION_NOT_FOUND" });
  });

  it("is refused on a closed bus", async () => {
    const { bus, id } = await createBusWithDeadLetter();
    await bus.close();

    const error = await rejectionOf(bus.deadLetters.replay(id));

    expect(error).toMatchObject({ code: "BUS_CLOSED" });
  });

  it("counts its attempts and retries like a first delivery", async () => {
    const { bus } = createBus();
    let calls = 0;
    bus.subscribe(
      "a",
      () => {
        if (++calls < 4) throw new Error("boom");
      },
      { retry: { maxAttempts: 2, backoff: { initialMs: 0 } } },
    );
    await bus.publish("a");

    const report = await bus.deadLetters.replay(bus.deadLetters.list()[0]!.id);

    expect(report).toMatchObject({ outcome: "handled", attempts: 2 });
    expect(bus.stats()).toMatchObject({ attempts: 4, retries: 2, deliveriesStarted: 2 });
  });

  it("runs the handler in the context of the event", async () => {
    const { bus, id, behaviour, seen } = await createBusWithDeadLetter();
    const contexts: unknown[] = [];
    behaviour.now = async () => {
      await null;
      contexts.push(currentEvent());
    };

    await bus.deadLetters.replay(id);

    expect(contexts).toEqual(seen);
  });

  it("keeps the entry when the bus is closed meanwhile", async () => {
    const { bus, id, behaviour } = await createBusWithDeadLetter();
    behaviour.now = () => new Promise(() => {});
    const replay = bus.deadLetters.replay(id);

    await bus.close();

    expect(await replay).toMatchObject({ outcome: "aborted" });
    expect(bus.deadLetters.get(id)).toBeDefined();
    expect(conservationViolations(bus.stats())).toEqual([]);
  });

  it("stays in balance when the entry is removed meanwhile, and it is handled", async () => {
    const { bus, id, behaviour } = await createBusWithDeadLetter();
    const done = deferred();
    behaviour.now = () => done.promise;
    const replay = bus.deadLetters.replay(id);

    bus.deadLetters.remove(id);
    done.resolve();
    await replay;

    expect(bus.deadLetters.size).toBe(0);
    expect(conservationViolations(bus.stats())).toEqual([]);
  });

  it("stays in balance when the entry is removed meanwhile, and it fails again", async () => {
    const { bus, id, behaviour } = await createBusWithDeadLetter();
    const done = deferred();
    behaviour.now = () => done.promise;
    const replay = bus.deadLetters.replay(id);

    bus.deadLetters.remove(id);
    done.reject(new Error("second failure"));
    await replay;

    expect(bus.deadLetters.size).toBe(1);
    expect(conservationViolations(bus.stats())).toEqual([]);
  });

  it("is in flight while its handler runs", async () => {
    const { bus, id, behaviour } = await createBusWithDeadLetter();
    const done = deferred();
    behaviour.now = () => done.promise;
    const replay = bus.deadLetters.replay(id);
    await settleTurns();

    const during = bus.stats();
    done.resolve();
    await replay;

    expect(during).toMatchObject({ running: 1, replays: 1 });
    expect(conservationViolations(during)).toEqual([]);
  });

  it("is waited for by a drain", async () => {
    const { bus, id, behaviour } = await createBusWithDeadLetter();
    const done = deferred();
    behaviour.now = () => done.promise;
    const replay = bus.deadLetters.replay(id);

    const drained = bus.drain();
    done.resolve();

    expect((await replay).outcome).toBe("handled");
    expect(await drained).toMatchObject({ isComplete: true, deadLetters: 0 });
  });
});

describe("bus.deadLetters.replay among namesakes", () => {
  it("goes to the subscription that failed, not to the first of its name", async () => {
    const { bus } = createBus();
    const ran: string[] = [];
    let isBroken = true;
    bus.subscribe("a.b", () => void ran.push("first"), { name: "same" });
    bus.subscribe(
      "a.b",
      () => {
        ran.push("second");
        if (isBroken) throw new Error("broken");
      },
      { name: "same" },
    );
    await bus.publish("a.b");
    isBroken = false;
    ran.length = 0;

    await bus.deadLetters.replay(bus.deadLetters.list()[0]?.id ?? "");

    expect(ran).toEqual(["second"]);
    expect(bus.deadLetters.size).toBe(0);
  });

  it("is refused where the subscription has gone and several others took its name", async () => {
    const { bus } = createBus();
    const failing = () => {
      throw new Error("broken");
    };
    const subscription = bus.subscribe("a.b", failing, { name: "same" });
    await bus.publish("a.b");
    subscription.unsubscribe();
    bus.subscribe("a.b", () => undefined, { name: "same" });
    bus.subscribe("a.b", () => undefined, { name: "same" });

    const error = await rejectionOf(bus.deadLetters.replay(bus.deadLetters.list()[0]?.id ?? ""));

    expect(error).toMatchObject({ code: "SUBSCRIPTION_NOT_FOUND", message: expect.stringContaining("2 active") });
    expect(bus.deadLetters.size).toBe(1);
  });
});
