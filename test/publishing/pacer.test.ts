import { describe, expect, it, vi } from "vitest";
import { EventBus } from "../../src/event-bus.ts";
import type { Logger } from "../../src/logger.ts";
import type { PublishOptions } from "../../src/options.ts";
import { Pacer } from "../../src/publishing/pacer.ts";
import { createBus } from "../support/test-bus.ts";

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };
const MANY = 500_000; // publishes: far more than a fair loop makes before a timer of 1 ms fires

/** How often `step` was awaited before a timer could run; never more than `most`. */
async function countUntilTimer(step: () => Promise<unknown>, most: number = MANY): Promise<number> {
  let hasFired = false;
  setTimeout(() => {
    hasFired = true;
  }, 1);
  let count = 0;
  while (!hasFired && count < most) {
    await step();
    count++;
  }
  return count;
}

describe("a loop of await publish", () => {
  it.each<readonly [what: string, options: PublishOptions | undefined]>([
    ["as it is", undefined],
    ["with strict", { strict: true }],
    ['with wait: "accepted"', { wait: "accepted" }],
  ])("lets a timer run, %s", async (_, options) => {
    const { bus } = createBus();
    bus.subscribe("a", () => {});

    const count = await countUntilTimer(() => bus.publish("a", 1, options));

    expect(count).toBeLessThan(MANY);
  });

  it("lets a timer run when nothing is subscribed", async () => {
    const { bus } = createBus();

    const count = await countUntilTimer(() => bus.publish("a"));

    expect(count).toBeLessThan(MANY);
  });

  it("lets a timer run when handlers are asynchronous", async () => {
    const { bus } = createBus();
    bus.subscribe("a", async () => {});

    const count = await countUntilTimer(() => bus.publish("a"));

    expect(count).toBeLessThan(MANY);
  });

  it("lets a timer run when every publish is refused", async () => {
    const bus = new EventBus({ source: "test", logger: SILENT });
    const count = await countUntilTimer(() => bus.publish("no name").catch(() => {}), 5000);

    expect(count).toBeLessThan(5000);
  });

  it("goes on under fake timers", async () => {
    vi.useFakeTimers();
    const { bus } = createBus();
    bus.subscribe("a", () => {});

    for (let i = 0; i < 50_000; i++) await bus.publish("a");
    vi.useRealTimers();

    expect(bus.stats().handled).toBe(50_000);
  });
});

describe("Pacer", () => {
  /** A pacer whose turn has lasted longer than it may. */
  function tiredPacer(): Pacer {
    const pacer = new Pacer();
    const until = performance.now() + 6;
    while (performance.now() < until);
    return pacer;
  }

  it("looks at the clock at every eighth result only", () => {
    const pacer = tiredPacer();

    const over = Array.from({ length: 8 }, () => pacer.isTurnOver());

    expect(over).toEqual([false, false, false, false, false, false, false, true]);
  });

  it("lets everything wait that comes while something waits, and resumes in the order of coming", async () => {
    const pacer = new Pacer();
    const resumed: string[] = [];
    pacer.afterTurn(() => resumed.push("first"));
    const isOver = [pacer.isTurnOver(), pacer.isTurnOver()];
    pacer.pace(() => resumed.push("second"));
    await Promise.resolve();
    const before = [...resumed];

    await new Promise((resolve) => setImmediate(resolve));

    expect([isOver, before, resumed]).toEqual([[true, true], [], ["first", "second"]]);
  });

  it("begins a new turn with what it resumes", async () => {
    const pacer = new Pacer();
    await new Promise<void>((resolve) => pacer.afterTurn(resolve));
    const resumed: string[] = [];

    pacer.pace(() => resumed.push("at once"));

    expect(resumed).toEqual(["at once"]);
  });

  it("rejects at once, or where the turn is over after it", async () => {
    const order: string[] = [];
    const [rested, tired] = [new Pacer(), new Pacer()];
    tired.afterTurn(() => order.push("turn"));

    const both = [
      tired.reject(new Error("later")).catch(() => order.push("later")),
      rested.reject(new Error("now")).catch(() => order.push("now")),
    ];
    await Promise.all(both);

    expect(order).toEqual(["now", "turn", "later"]);
  });
});
