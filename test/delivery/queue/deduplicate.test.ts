import { describe, expect, it } from "vitest";
import { createEvent, type PublishResult } from "../../../src/index.ts";
import { conservationViolations } from "../../support/conservation.ts";
import { heldHandler } from "../../support/held-handler.ts";
import { createBus } from "../../support/test-bus.ts";

function anEvent(id: string): ReturnType<typeof createEvent> {
  return createEvent({ id, name: "a", data: id, source: "test" });
}

function outcomeOf({ deliveries }: PublishResult): string | undefined {
  return deliveries[0]?.outcome;
}

describe("deduplicate", () => {
  it("takes an event once, by its id, for that subscription only", async () => {
    const { bus } = createBus();
    const seen: string[] = [];
    bus.subscribe("a", () => void seen.push("once"), { name: "once", deduplicate: true });
    bus.subscribe("a", () => void seen.push("always"), { name: "always" });

    await bus.publish(anEvent("1"));
    const { deliveries } = await bus.publish(anEvent("1"));

    expect(seen).toEqual(["once", "always", "always"]);
    expect(deliveries.map(({ outcome, attempts }) => [outcome, attempts])).toEqual([
      ["deduplicated", 0],
      ["handled", 1],
    ]);
    expect(conservationViolations(bus.stats())).toEqual([]);
  });

  it("leaves out an event while it is being handled", async () => {
    const { bus } = createBus();
    const handler = heldHandler();
    bus.subscribe("a", handler, { deduplicate: true });
    const first = bus.publish(anEvent("1"));

    const second = await bus.publish(anEvent("1"));
    await handler.release();

    expect([outcomeOf(second), outcomeOf(await first)]).toEqual(["deduplicated", "handled"]);
  });

  it("leaves out an event that was dead-lettered, which can be replayed all the same", async () => {
    const { bus } = createBus();
    let calls = 0;
    bus.subscribe(
      "a",
      () => {
        if (++calls === 1) throw new Error("broken");
      },
      { deduplicate: true },
    );
    await bus.publish(anEvent("1"));

    const again = await bus.publish(anEvent("1"));
    const replayed = await bus.deadLetters.replay(bus.deadLetters.list()[0]?.id ?? "");

    expect([outcomeOf(again), replayed.outcome, calls]).toEqual(["deduplicated", "handled", 2]);
  });

  it("takes an event again that was dropped before", async () => {
    const { bus } = createBus();
    const handler = heldHandler();
    const queue = { capacity: 1, policy: "drop-newest" } as const;
    bus.subscribe("a", handler, { concurrency: 1, queue, deduplicate: true });
    const published = ["1", "2", "3"].map((id) => bus.publish(anEvent(id)));
    await handler.release();
    const outcomes = (await Promise.all(published)).map(outcomeOf);

    const again = await bus.publish(anEvent("3"));

    expect([...outcomes, outcomeOf(again)]).toEqual(["handled", "handled", "dropped", "handled"]);
  });

  it("forgets the oldest beyond its capacity", async () => {
    const { bus } = createBus();
    bus.subscribe("a", () => undefined, { deduplicate: { capacity: 1 } });
    await bus.publish(anEvent("1"));
    await bus.publish(anEvent("2"));

    const results = [await bus.publish(anEvent("2")), await bus.publish(anEvent("1"))];

    expect(results.map(outcomeOf)).toEqual(["deduplicated", "handled"]);
  });
});
