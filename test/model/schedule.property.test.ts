import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EventBus } from "../../src/event-bus.ts";
import type { HandlerContext, UntypedPublish } from "../../src/handler.ts";
import type { PublishResult } from "../../src/outcome.ts";
import { CASES_TIMEOUT_MS, cases } from "../support/cases.ts";
import { conservationViolations } from "../support/conservation.ts";
import { settleTurns } from "../support/test-bus.ts";

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
const NAMES = ["a.one", "a.two", "b"];
const PATTERNS = ["a.*", "a.one", "**", "b"];

/** How a handler goes on after each step that it waits for. */
type Behaviour = "return" | "throw" | "publish" | "unsubscribe" | "close";

interface Play {
  readonly handlers: readonly { pattern: string; steps: number; behaviour: Behaviour; attempts: number }[];
  /** Publishers, each of which goes on when its last event was handled. */
  readonly publishers: readonly (readonly string[])[];
  readonly ending: "none" | "close" | "drain";
}

const play: fc.Arbitrary<Play> = fc.record({
  handlers: fc.array(
    fc.record({
      pattern: fc.constantFrom(...PATTERNS),
      steps: fc.nat({ max: 2 }),
      behaviour: fc.oneof(
        { weight: 8, arbitrary: fc.constantFrom<Behaviour>("return", "throw", "publish") },
        { weight: 1, arbitrary: fc.constantFrom<Behaviour>("unsubscribe", "close") },
      ),
      attempts: fc.integer({ min: 1, max: 3 }),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  publishers: fc.array(fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 4 }), {
    minLength: 1,
    maxLength: 3,
  }),
  ending: fc.constantFrom("none", "close", "drain"),
});

beforeEach(() => {
  void new EventBus({ logger: SILENT }); // what a first bus starts for the process runs on real timers
  vi.useFakeTimers();
});
afterEach(() => void vi.useRealTimers());

describe("whatever order promises settle in", () => {
  it(
    "each delivery ends once, and the accounts are those that publishers and handlers kept for themselves",
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.scheduler(), play, async (scheduler, { handlers, publishers, ending }) => {
          const theatre = new Theatre(scheduler);
          for (const each of handlers) theatre.subscribe(each);
          const publishing = publishers.map((names) => theatre.publishAll(names));
          const ended = theatre.end(ending);
          await theatre.playOn();
          await Promise.all([...publishing, ended]);
          await theatre.bus.close();

          const ledger = theatre.bus.stats();
          const outcomes = theatre.results.flatMap((result) => result.deliveries.map((each) => each.outcome));
          const countOf = (outcome: string): number => outcomes.filter((each) => each === outcome).length;
          expect(theatre.violations).toEqual([]);
          expect(ledger).toMatchObject({
            accepted: theatre.results.length,
            published: theatre.results.length + theatre.refusals,
            attempts: theatre.calls,
            lateResults: ledger.attemptsAborted, // every handler ended at last
            handled: countOf("handled"),
            failed: countOf("failed"),
            timedOut: 0,
            aborted: countOf("aborted"),
            skipped: countOf("skipped"),
            running: 0,
            waitingForRetry: 0,
          });
        }),
        cases("any schedule"),
      );
    },
    CASES_TIMEOUT_MS,
  );
});

/** A bus whose publishers and handlers go on when the scheduler says so. */
class Theatre {
  readonly bus: EventBus = new EventBus({ source: "test", logger: SILENT, maxDepth: 3 });
  readonly results: PublishResult[] = [];
  readonly violations: string[] = [];
  refusals = 0;
  calls = 0;
  readonly #scheduler: fc.Scheduler;
  readonly #open = new Set<Promise<unknown>>();

  constructor(scheduler: fc.Scheduler) {
    this.#scheduler = scheduler;
  }

  subscribe({ pattern, steps, behaviour, attempts }: Play["handlers"][number]): void {
    const handler = async (_event: unknown, ctx: HandlerContext): Promise<void> => {
      this.calls++;
      for (let step = 0; step < steps; step++) await this.#cue("a handler");
      if (behaviour === "throw") throw new Error("broken");
      if (behaviour === "publish") await this.#publish(ctx.publish, "b");
      if (behaviour === "unsubscribe") subscription.unsubscribe();
      if (behaviour === "close") await this.bus.close();
    };
    const retry = { maxAttempts: attempts, backoff: { initialMs: 1, jitter: "none" as const } };
    const subscription = this.bus.subscribe(pattern as "*", handler, { retry, name: `on ${pattern}` });
  }

  async publishAll(names: readonly string[]): Promise<void> {
    for (const name of names) {
      await this.#cue("a publisher");
      await this.#publish(this.bus.publish, name);
    }
  }

  async #publish(publish: UntypedPublish, name: string): Promise<void> {
    const published = publish(name);
    this.#open.add(published);
    try {
      this.results.push(await published);
    } catch {
      this.refusals++;
    } finally {
      this.#open.delete(published);
    }
  }

  async end(how: Play["ending"]): Promise<void> {
    await this.#cue("the end");
    if (how === "close") await this.bus.close();
    if (how === "drain") await this.bus.drain({ deadlineMs: 50 });
  }

  async #cue(who: string): Promise<void> {
    await this.#scheduler.schedule(Promise.resolve(), who);
  }

  /** Until nobody has anything left to do. */
  async playOn(): Promise<void> {
    do {
      while (this.#scheduler.count() > 0) {
        await this.#scheduler.waitOne();
        this.violations.push(...conservationViolations(this.bus.stats()));
      }
      await vi.advanceTimersByTimeAsync(10);
      await settleTurns(1);
    } while (this.#scheduler.count() > 0 || this.#open.size > 0 || vi.getTimerCount() > 0);
  }
}
