import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { defineEvents } from "../../src/catalog/catalog.ts";
import { conservationViolations } from "../support/conservation.ts";
import { createBus, thrownBy } from "../support/test-bus.ts";

function fail(): never {
  throw new TypeError("boom");
}

describe("bus.deadLetters", () => {
  it("refuses to list by what it does not know", () => {
    const { bus } = createBus();

    const error = thrownBy(() => bus.deadLetters.list({ subscriber: "billing" } as object));

    expect(error).toMatchObject({
      code: "INVALID_OPTION",
      message: 'deadLetters.list: there is no option "subscriber"; the options are subscription, eventName',
    });
  });

  it("is empty at first", () => {
    const { bus } = createBus();

    expect(bus.deadLetters.size).toBe(0);
    expect(bus.deadLetters.list()).toEqual([]);
  });

  it("keeps the event, the subscription, the reason and the errors of a failed delivery", async () => {
    const { bus } = createBus();
    bus.subscribe("a", fail, { name: "billing" });

    const { id } = await bus.publish("a", { total: 1 });

    expect(bus.deadLetters.list()).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        event: expect.objectContaining({ id, name: "a", data: { total: 1 } }),
        subscription: "billing",
        errors: [
          {
            attempt: 1,
            type: "TypeError",
            message: "boom",
            stack: expect.stringContaining("TypeError: boom"),
            traceId: undefined,
            spanId: undefined,
            at: expect.any(Number),
          },
        ],
        reason: "attempts_exhausted",
        attempts: 1,
        at: expect.any(Number),
      },
    ]);
  });

  it("makes one entry for each subscription that failed", async () => {
    const { bus } = createBus();
    bus.subscribe("a", fail, { name: "first" });
    bus.subscribe("a", fail, { name: "second" });
    bus.subscribe("a", () => {}, { name: "third" });

    await bus.publish("a");

    const entries = bus.deadLetters.list();
    expect(entries.map((entry) => entry.subscription)).toEqual(["first", "second"]);
    expect(new Set(entries.map((entry) => entry.id)).size).toBe(2);
  });

  it("keeps an error for each attempt", async () => {
    const { bus } = createBus();
    bus.subscribe(
      "a",
      (_, { attempt }) => {
        throw new Error(`failure ${attempt}`);
      },
      { retry: { maxAttempts: 3, backoff: { initialMs: 0 } } },
    );

    await bus.publish("a");

    const [entry] = bus.deadLetters.list();
    expect(entry?.attempts).toBe(3);
    expect(entry?.errors.map(({ attempt, message }) => [attempt, message])).toEqual([
      [1, "failure 1"],
      [2, "failure 2"],
      [3, "failure 3"],
    ]);
  });

  it("keeps the last 100 errors of a delivery that failed more often", async () => {
    const { bus } = createBus();
    bus.subscribe("a", fail, { retry: { maxAttempts: 120, backoff: { initialMs: 0 } } });

    await bus.publish("a");

    const attempts = bus.deadLetters.list()[0]?.errors.map(({ attempt }) => attempt) ?? [];
    expect([attempts.length, attempts[0], attempts.at(-1)]).toEqual([100, 21, 120]);
  });

  it("finds an entry by its id", async () => {
    const { bus } = createBus();
    bus.subscribe("a", fail);
    await bus.publish("a");
    const [entry] = bus.deadLetters.list();

    expect(bus.deadLetters.get(entry!.id)).toEqual(entry);
    expect(bus.deadLetters.get("unknown")).toBeUndefined();
  });

  it("lists the entries of one subscription, of one event name, or of both", async () => {
    const { bus } = createBus();
    bus.subscribe("*", fail, { name: "all" });
    bus.subscribe("b", fail, { name: "only-b" });
    await bus.publish("a");
    await bus.publish("b");

    const listed = (filter: object): string[] => {
      return bus.deadLetters.list(filter).map(({ subscription, event }) => `${subscription}:${event.name}`);
    };

    expect(listed({})).toEqual(["all:a", "all:b", "only-b:b"]);
    expect(listed({ subscription: "all" })).toEqual(["all:a", "all:b"]);
    expect(listed({ eventName: "b" })).toEqual(["all:b", "only-b:b"]);
    expect(listed({ subscription: "all", eventName: "b" })).toEqual(["all:b"]);
    expect(listed({ subscription: "nobody" })).toEqual([]);
  });

  it("forgets an entry that is removed, once", async () => {
    const { bus } = createBus();
    bus.subscribe("a", fail);
    await bus.publish("a");
    const { id } = bus.deadLetters.list()[0]!;

    const removed = [bus.deadLetters.remove(id), bus.deadLetters.remove(id)];

    expect(removed).toEqual([true, false]);
    expect(bus.deadLetters.size).toBe(0);
    expect(bus.stats()).toMatchObject({ deadLettersStored: 0, deadLettersRemoved: 1 });
  });

  it("tells the size of the moment, also through a reference that was kept", async () => {
    const { bus } = createBus();
    const { deadLetters } = bus;
    bus.subscribe("a", fail);

    await bus.publish("a");

    expect(deadLetters.size).toBe(1);
  });

  it("hands out entries that nobody can change", async () => {
    const { bus } = createBus();
    bus.subscribe("a", fail);
    await bus.publish("a");

    const [entry] = bus.deadLetters.list();

    expect(Object.isFrozen(entry)).toBe(true);
    expect(Object.isFrozen(entry?.errors)).toBe(true);
  });

  it("holds 1,000 entries by default, and evicts the oldest", async () => {
    const { bus } = createBus();
    bus.subscribe("a", fail);

    for (let i = 0; i < 1001; i++) await bus.publish("a", i);

    expect(bus.deadLetters.size).toBe(1000);
    expect(bus.deadLetters.list()[0]?.event.data).toBe(1);
  });

  it("counts and logs an eviction", async () => {
    const { bus, logger } = createBus({ deadLetters: { capacity: 2 } });
    bus.subscribe("a", fail, { name: "billing" });
    const first = await bus.publish("a", 1);
    const { id } = bus.deadLetters.list()[0]!;
    await bus.publish("a", 2);
    logger.clear();

    await bus.publish("a", 3);

    expect(bus.stats()).toMatchObject({ deadLettersStored: 2, deadLettersEvicted: 1 });
    expect(logger.lines().filter(({ level }) => level === "warn")).toMatchObject([
      {
        message: expect.stringContaining("evicted"),
        fields: { dead_letter_id: id, event_id: first.id, subscription: "billing" },
      },
    ]);
  });

  it("logs what is dead-lettered as an error, without its data", async () => {
    const { bus, logger } = createBus();
    bus.subscribe("a", fail, { name: "billing" });

    const { id } = await bus.publish("a", { secret: "s3cr3t" });

    expect(logger.lines()).toMatchObject([
      {
        level: "error",
        fields: {
          event: "spanbus.event.dead_lettered",
          event_id: id,
          event_name: "a",
          subscription: "billing",
          dead_letter_id: bus.deadLetters.list()[0]?.id,
          reason: "attempts_exhausted",
          attempts: 1,
          error_type: "TypeError",
          error_message: "boom",
        },
      },
    ]);
    expect(JSON.stringify(logger.lines())).not.toContain("s3cr3t");
  });

  it("stays readable after the bus is closed", async () => {
    const { bus } = createBus();
    bus.subscribe("a", fail);
    await bus.publish("a");

    await bus.close();

    expect(bus.deadLetters.list()).toHaveLength(1);
  });
});

describe("a dead letter as JSON", () => {
  it("is the entry as plain data", async () => {
    const { bus } = createBus();
    bus.subscribe("a", fail, { name: "billing" });
    const { id } = await bus.publish("a", { total: 1 });
    const [entry] = bus.deadLetters.list();

    const plain = JSON.parse(JSON.stringify(entry));

    expect(plain).toMatchObject({
      id: entry?.id,
      event: { id, name: "a", data: { total: 1 }, source: "test" },
      subscription: "billing",
      reason: "attempts_exhausted",
      errors: [{ attempt: 1, type: "TypeError", message: "boom" }],
    });
  });

  it("shows no field that the catalog marks as sensitive", async () => {
    const events = defineEvents({ paid: { sensitive: ["card.number", "holders.name"] } });
    const { bus } = createBus({ events });
    bus.subscribe("paid", fail);
    await bus.publish("paid", { card: { number: "4111", month: 7 }, holders: [{ name: "Ada", age: 36 }] });

    const plain = JSON.parse(JSON.stringify(bus.deadLetters.list()));

    expect(plain[0].event.data).toEqual({
      card: { number: "[redacted]", month: 7 },
      holders: [{ name: "[redacted]", age: 36 }],
    });
  });

  it("leaves the event itself as it is, for the replay", async () => {
    const { bus } = createBus({ events: defineEvents({ paid: { sensitive: ["card"] } }) });
    bus.subscribe("paid", fail);
    await bus.publish("paid", { card: "4111" });

    JSON.stringify(bus.deadLetters.list());

    expect(bus.deadLetters.list()[0]?.event.data).toEqual({ card: "4111" });
  });
});

describe("the errors option", () => {
  it("keeps message and stack out of dead letters with type", async () => {
    const { bus } = createBus({ errors: "type" });
    bus.subscribe("a", fail);

    await bus.publish("a");

    const [error] = bus.deadLetters.list()[0]!.errors;
    expect(error).toMatchObject({ type: "TypeError", message: undefined, stack: undefined });
  });

  it("keeps the stack out of dead letters with message", async () => {
    const { bus } = createBus({ errors: "message" });
    bus.subscribe("a", fail);

    await bus.publish("a");

    const [error] = bus.deadLetters.list()[0]!.errors;
    expect(error).toMatchObject({ message: "boom", stack: undefined });
  });

  it("keeps the message out of the log with type", async () => {
    const { bus, logger } = createBus({ errors: "type" });
    bus.subscribe("a", fail);

    await bus.publish("a");

    expect(JSON.stringify(logger.lines())).not.toContain("boom");
  });
});

describe("the redact option", () => {
  const redact = (text: string): string => text.replaceAll(/\d{4}/g, "****");

  function failWithNumber(): never {
    throw new Error("card 4111 refused");
  }

  it("feeds dead letter and log alike", async () => {
    const { bus, logger } = createBus({ redact });
    bus.subscribe("a", failWithNumber);

    await bus.publish("a");

    const [error] = bus.deadLetters.list()[0]!.errors;
    expect(error).toMatchObject({ message: "card **** refused", stack: expect.not.stringContaining("4111") });
    expect(JSON.stringify(logger.lines())).not.toContain("4111");
  });

  it("runs once over the message of a failure, and once over its stack when somebody reads it", async () => {
    const texts: string[] = [];
    const { bus } = createBus({
      redact: (text) => {
        texts.push(text);
        return text;
      },
    });
    bus.subscribe("a", failWithNumber);

    await bus.publish("a");
    const whilePublishing = [...texts];
    JSON.stringify([bus.deadLetters.list(), bus.deadLetters.list()]);

    expect(whilePublishing).toEqual(["card 4111 refused"]);
    expect(texts).toEqual(["card 4111 refused", expect.stringContaining("Error: card 4111 refused")]);
  });

  it("lets nothing of the text out when it throws", async () => {
    const { bus, logger } = createBus({ redact: fail });
    bus.subscribe("a", failWithNumber);

    await bus.publish("a");

    const [error] = bus.deadLetters.list()[0]!.errors;
    expect(error).toMatchObject({ message: "[the redactor threw]", stack: "[the redactor threw]" });
    expect(JSON.stringify(logger.lines())).not.toContain("4111");
  });

  it("leaves the error in the publish result as it was thrown", async () => {
    const { bus } = createBus({ redact });
    bus.subscribe("a", failWithNumber);

    const { deliveries } = await bus.publish("a");

    expect(deliveries[0]?.error).toMatchObject({ message: "card 4111 refused" });
  });
});

describe("dead letters of a drain", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("include what the deadline cut, with the reason deadline", async () => {
    const { bus } = createBus();
    bus.subscribe("a", () => new Promise(() => {}), { name: "hangs" });
    void bus.publish("a");

    const drained = bus.drain({ deadlineMs: 100 });
    await vi.advanceTimersByTimeAsync(200);
    await drained;

    expect(bus.deadLetters.list()).toMatchObject([
      { subscription: "hangs", reason: "deadline", errors: [{ attempt: 1, type: "aborted" }] },
    ]);
    expect(bus.stats()).toMatchObject({ aborted: 1, cutByDeadline: 1, deadLettered: 0, deadLettersStored: 1 });
    expect(conservationViolations(bus.stats())).toEqual([]);
  });
});
