import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EventBus } from "../../../src/event-bus.ts";
import { BusError, type BusEvent, type HandlerContext, type Logger, type PublishResult } from "../../../src/index.ts";
import type { QueuePolicy } from "../../../src/options.ts";
import { CASES_TIMEOUT_MS, cases } from "../../support/cases.ts";
import { conservationViolations } from "../../support/conservation.ts";
import { deferred, settleTurns } from "../../support/test-bus.ts";

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };

interface Setup {
  readonly concurrency: number | undefined;
  readonly isOrdered: boolean;
  readonly capacity: number;
  readonly policy: QueuePolicy;
  readonly maxAttempts: number;
}

type Step =
  | { readonly step: "publish"; readonly key: string; readonly isAccepted: boolean; readonly delayMs: number }
  | { readonly step: "settle"; readonly index: number; readonly fails: boolean }
  | { readonly step: "nest"; readonly key: string }
  | { readonly step: "pause" | "resume" | "wait" | "unsubscribe" };

const setup: fc.Arbitrary<Setup> = fc.record({
  concurrency: fc.constantFrom(undefined, 1, 2, 3),
  isOrdered: fc.boolean(),
  capacity: fc.integer({ min: 1, max: 4 }),
  policy: fc.constantFrom<QueuePolicy>("block", "drop-oldest", "drop-newest", "reject"),
  maxAttempts: fc.constantFrom(1, 1, 3),
});

const key = fc.constantFrom("x", "y", "z");

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      step: fc.constant("publish" as const),
      key,
      isAccepted: fc.boolean(),
      delayMs: fc.constantFrom(0, 0, 0, 1),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ step: fc.constant("settle" as const), index: fc.nat({ max: 3 }), fails: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ step: fc.constant("nest" as const), key }) },
  { weight: 3, arbitrary: fc.record({ step: fc.constantFrom("pause", "resume", "resume", "wait") }) },
  { weight: 1, arbitrary: fc.constant({ step: "unsubscribe" as const }) },
) as fc.Arbitrary<Step>;

/** One event of the model. */
interface Sent {
  readonly key: string;
  readonly number: number;
}

/** A handler call that the program has yet to end. */
interface Call {
  end(fails: boolean): void;
}

/** Runs a program on a bus of its own, and notes every breach of the laws. */
class Run {
  readonly bus = new EventBus({ source: "test", logger: SILENT });
  readonly breaches: string[] = [];
  readonly #setup: Setup;
  readonly #subscription;
  readonly #calls: Call[] = [];
  /** The event of each key that has started and not ended; retries included. */
  readonly #open = new Map<string, Sent>();
  readonly #latest = new Map<string, number>();
  readonly #nested: string[] = [];
  #sent = 0;
  #isReleased = false;
  unsettled = 0;

  constructor(made: Setup) {
    this.#setup = made;
    const { concurrency, isOrdered, capacity, policy, maxAttempts } = made;
    const orderBy = isOrdered ? ({ data }: BusEvent) => (data as Sent).key : undefined;
    const retry = { maxAttempts, backoff: { initialMs: 1 } };
    const queue = { capacity, policy };
    this.bus.onError(({ event }) => void this.#open.delete((event.data as Sent).key)); // heard before the next may start
    this.#subscription = this.bus.subscribe("a", this.#handle, { name: "lane", concurrency, orderBy, queue, retry });
  }

  readonly #handle = async (event: BusEvent, ctx: HandlerContext): Promise<void> => {
    const sent = event.data as Sent;
    this.#started(sent, ctx.attempt);
    const nested = this.#nested.shift();
    if (nested !== undefined) this.#publish(nested, { wait: "accepted" });
    this.#look();
    if (this.#isReleased) {
      this.#open.delete(sent.key);
      return;
    }
    const { promise, resolve, reject } = deferred();
    const end = (fails: boolean): void => {
      if (!fails) this.#open.delete(sent.key);
      if (fails) reject(new Error("broken"));
      else resolve();
    };
    this.#calls.push({ end });
    await promise;
  };

  #started(sent: Sent, attempt: number): void {
    if (!this.#setup.isOrdered) return;
    const open = this.#open.get(sent.key);
    if (open !== undefined && open.number !== sent.number) {
      this.breaches.push(`${sent.key}${sent.number} started while ${open.key}${open.number} was open`);
    }
    if (attempt === 1 && sent.number < (this.#latest.get(sent.key) ?? -1)) {
      this.breaches.push(`${sent.key}${sent.number} started after ${sent.key}${this.#latest.get(sent.key)}`);
    }
    this.#open.set(sent.key, sent);
    this.#latest.set(sent.key, sent.number);
  }

  /** What must be true at every instant. */
  #look(): void {
    const { concurrency = Infinity, capacity, policy, maxAttempts } = this.#setup;
    const ledger = this.bus.stats();
    this.breaches.push(...conservationViolations(ledger));
    if (ledger.running > concurrency) this.breaches.push(`${ledger.running} run, ${concurrency} may`);
    const room = policy === "block" ? 2 * capacity : capacity;
    if (maxAttempts === 1 && ledger.queued > room) this.breaches.push(`${ledger.queued} wait, ${room} may`);
  }

  #publish(key: string, options: { wait?: "accepted"; delayMs?: number }): void {
    // the order of what is delayed is that of falling due: its keys are its own
    const sent: Sent = { key: options.delayMs ? `${key}-${this.#sent}` : key, number: this.#sent++ };
    this.unsettled++;
    const settled = (result: PublishResult | Error): void => {
      this.unsettled--;
      const isRefused = result instanceof BusError && result.code === "DEADLOCK"; // by a handler, into its own full queue
      if (result instanceof Error && !isRefused) this.breaches.push(`refused: ${result.message}`);
    };
    void this.bus.publish("a", sent, options).then(settled, settled);
  }

  do(each: Step): void {
    if (each.step === "publish") {
      this.#publish(each.key, { delayMs: each.delayMs, ...(each.isAccepted ? { wait: "accepted" as const } : {}) });
    } else if (each.step === "settle") this.#calls.splice(each.index, 1)[0]?.end(each.fails);
    else if (each.step === "nest") this.#nested.push(each.key);
    else if (each.step === "pause") this.#subscription.pause();
    else if (each.step === "resume") this.#subscription.resume();
    else if (each.step === "unsubscribe") this.#subscription.unsubscribe();
    this.#look();
  }

  async stop(how: "drain" | "close" | "deadline"): Promise<void> {
    if (how === "drain") {
      this.#isReleased = true;
      for (const call of this.#calls.splice(0)) call.end(false);
    }
    if (how === "close") await this.bus.close();
    const { isComplete } = await this.bus.drain({ deadlineMs: how === "deadline" ? 0 : 5000 });
    if (how === "drain" && !isComplete) this.breaches.push("the drain hangs");
    await settleTurns();
    this.#look();
    const { queued, running, waitingForRetry, scheduled } = this.bus.stats();
    const left = queued + running + waitingForRetry + scheduled;
    if (left !== 0 || this.unsettled !== 0) this.breaches.push(`${left} are left, ${this.unsettled} publishers wait`);
  }
}

describe("a lane", () => {
  it(
    "keeps its laws whatever is published, settled, paused and stopped",
    async () => {
      const program = fc.array(step, { minLength: 1, maxLength: 40 });
      const end = fc.constantFrom("drain", "drain", "close", "deadline");
      const property = fc.asyncProperty(setup, program, end, async (made, steps, how) => {
        const run = new Run(made);

        for (const each of steps) {
          run.do(each);
          if (each.step === "settle" || each.step === "wait") await settleTurns(1);
        }
        await run.stop(how);

        expect(run.breaches).toEqual([]);
      });

      await fc.assert(property, cases("any queue"));
    },
    CASES_TIMEOUT_MS,
  );
});
