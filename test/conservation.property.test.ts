import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { defineEvents } from "../src/catalog/catalog.ts";
import type { StandardSchemaV1 } from "../src/catalog/standard-schema.ts";
import { EventBus } from "../src/event-bus.ts";
import type { Handler, HandlerContext, UntypedPublish } from "../src/handler.ts";
import type { Logger } from "../src/logger.ts";
import type { SubscribeOptions } from "../src/options.ts";
import type { DeliveryReport, PublishResult } from "../src/outcome.ts";
import type { Subscription } from "../src/routing/subscription.ts";
import { CASES_TIMEOUT_MS, cases } from "./support/cases.ts";
import { conservationViolations, type LedgerSnapshot } from "./support/conservation.ts";
import { settleTurns } from "./support/test-bus.ts";

const QUIET_MS = 60_000;
const MOST_SENT = 150;
const MOST_REPLAYED = 50;
const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** What a handler does in one attempt; later attempts take the next of the list. */
type Act =
  | { readonly act: "return" | "throw" | "resolve" | "reject" | "hang" | "unsubscribe" | "close" | "drain" | "replay" }
  | { readonly act: "resolveLater" | "rejectLater" | "retryAfter"; readonly ms: number }
  | { readonly act: "discard" | "deadLetter" }
  | { readonly act: "publish"; readonly via: "bus" | "ctx"; readonly name: string; readonly awaited: boolean };

type Step =
  | { readonly step: "subscribe"; readonly pattern: string; readonly acts: readonly Act[]; readonly options: Options }
  | { readonly step: "publish"; readonly name: string; readonly data: unknown; readonly mode: Mode }
  | { readonly step: "advance"; readonly ms: number }
  | { readonly step: "unsubscribe" | "replay" | "remove"; readonly index: number }
  | { readonly step: "middleware"; readonly kind: "pass" | "swallow" | "twice" | "throw" }
  | {
      readonly step: "listen";
      readonly what: "onError" | "onAttemptError";
      readonly does: "throw" | "publish" | "close";
    }
  | { readonly step: "drain"; readonly deadlineMs: number }
  | { readonly step: "close" };

type Mode = "settled" | "accepted" | "strict";

interface Options {
  readonly once: boolean;
  readonly maxAttempts: number;
  readonly errorClass: "retryable" | "fatal" | "expected" | "throws" | "closes" | undefined;
}

const NAMES = ["sync", "waits", "family.one", "free", "unknown", "not a name"];
const PATTERNS = ["sync", "waits", "family.*", "free", "*", "**", "family.one"];

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ act: fc.constantFrom("return", "throw", "resolve", "reject", "hang") }) },
  {
    weight: 3,
    arbitrary: fc.record({
      act: fc.constantFrom("resolveLater", "rejectLater", "retryAfter"),
      ms: fc.integer({ min: 0, max: 30 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ act: fc.constantFrom("discard", "deadLetter", "unsubscribe", "replay") }) },
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constant("publish" as const),
      via: fc.constantFrom("bus", "ctx"),
      name: fc.constantFrom(...NAMES),
      awaited: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ act: fc.constantFrom("close", "drain") }) },
) as fc.Arbitrary<Act>;

const subscribeStep: fc.Arbitrary<Step> = fc.record({
  step: fc.constant("subscribe"),
  pattern: fc.constantFrom(...PATTERNS),
  acts: fc.array(act, { minLength: 1, maxLength: 4 }),
  options: fc.record({
    once: fc.boolean(),
    maxAttempts: fc.integer({ min: 1, max: 4 }),
    errorClass: fc.constantFrom(undefined, undefined, "retryable", "fatal", "expected", "throws", "closes"),
  }),
}) as fc.Arbitrary<Step>;

const publishStep: fc.Arbitrary<Step> = fc.record({
  step: fc.constant("publish"),
  name: fc.constantFrom(...NAMES),
  data: fc.constantFrom<unknown>(1, 2, "no number", undefined),
  mode: fc.constantFrom("settled", "settled", "accepted", "strict"),
}) as fc.Arbitrary<Step>;

const otherStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ step: fc.constant("advance"), ms: fc.integer({ min: 0, max: 60 }) }) },
  { weight: 8, arbitrary: fc.record({ step: fc.constant("replay"), index: fc.nat({ max: 1 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({ step: fc.constantFrom("unsubscribe", "remove"), index: fc.nat({ max: 5 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      step: fc.constant("middleware"),
      kind: fc.constantFrom("pass", "swallow", "twice", "throw"),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      step: fc.constant("listen"),
      what: fc.constantFrom("onError", "onAttemptError"),
      does: fc.constantFrom("throw", "publish", "close"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ step: fc.constant("drain"), deadlineMs: fc.integer({ min: 0, max: 40 }) }) },
  { weight: 1, arbitrary: fc.record({ step: fc.constant("close") }) },
) as fc.Arbitrary<Step>;

const program: fc.Arbitrary<readonly Step[]> = fc
  .tuple(
    fc.array(subscribeStep, { minLength: 1, maxLength: 4 }),
    fc.array(
      fc.oneof(
        { weight: 4, arbitrary: publishStep },
        { weight: 3, arbitrary: otherStep },
        { weight: 1, arbitrary: subscribeStep },
      ),
      { minLength: 1, maxLength: 25 },
    ),
    fc.boolean(),
  )
  .map(([first, rest, stops]) => (stops ? [...first, ...rest] : [...first, ...rest].map(withoutStop)));

/** The step with something else in the place of what closes the bus: a closed bus has little left to get wrong. */
function withoutStop(step: Step): Step {
  if (step.step === "close" || step.step === "drain") return { step: "replay", index: 0 };
  if (step.step === "listen") return { ...step, does: "publish" };
  if (step.step !== "subscribe") return step;
  const acts = step.acts.map((each): Act => {
    return each.act === "close" || each.act === "drain" ? { act: "replay" } : each;
  });
  const { errorClass } = step.options;
  const options: Options = { ...step.options, errorClass: errorClass === "closes" ? "retryable" : errorClass };
  return { ...step, acts, options };
}

const numbers: StandardSchemaV1 = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) => (typeof value === "number" ? { value } : { issues: [{ message: "no number" }] }),
  },
};

const numbersLater: StandardSchemaV1 = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: async (value) => {
      await new Promise((resolve) => void setTimeout(resolve, 5));
      return numbers["~standard"].validate(value);
    },
  },
};

const events = defineEvents({
  sync: { schema: numbers },
  waits: { schema: numbersLater },
  "family.{name}": {},
  free: {},
});

/** What a program left behind. */
interface Aftermath {
  /** Breaches of the law, seen between steps, inside handlers, and at the end. */
  readonly violations: readonly string[];
  readonly ledger: LedgerSnapshot;
  /** Promises of the bus that have not settled although everything is quiet. */
  readonly unsettled: number;
  /** Deliveries by outcome, as the results and reports tell them. */
  readonly reported: Readonly<Record<string, number>>;
}

/** Runs one program on a bus of its own, under fake timers. */
class Run {
  readonly bus = new EventBus({
    source: "test",
    events,
    logger: SILENT,
    deadLetters: { capacity: 3 },
    maxDepth: 3,
    random: () => 0.5,
  });
  readonly #publish = this.bus.publish as unknown as UntypedPublish;
  readonly #subscriptions: Subscription[] = [];
  readonly #violations: string[] = [];
  readonly #results: PublishResult[] = [];
  readonly #replays: DeliveryReport[] = [];
  #unsettled = 0;
  #sent = 0;
  #replayed = 0;

  async finish(steps: readonly Step[]): Promise<Aftermath> {
    for (const step of steps) {
      await this.#take(step);
      this.#look(`after ${JSON.stringify(step)}`);
    }
    await settleTurns(); // results that wait for a real turn, so that publishing does not starve the event loop
    await vi.advanceTimersByTimeAsync(QUIET_MS);
    await settleTurns();
    this.#look("at the end");
    return {
      violations: this.#violations,
      ledger: this.bus.stats(),
      unsettled: this.#unsettled,
      reported: this.#countOutcomes(),
    };
  }

  #look(when: string): void {
    this.#violations.push(...conservationViolations(this.bus.stats()).map((violation) => `${when}: ${violation}`));
  }

  async #take(step: Step): Promise<void> {
    const { bus } = this;
    switch (step.step) {
      case "subscribe":
        this.#subscribe(step.pattern, step.acts, step.options);
        return;
      case "publish":
        void this.#send(this.#publish, step.name, step.data, step.mode);
        return;
      case "advance":
        await vi.advanceTimersByTimeAsync(step.ms);
        return;
      case "unsubscribe":
        this.#subscriptions[step.index]?.unsubscribe();
        return;
      case "replay":
        this.#replay(step.index);
        return;
      case "remove":
        bus.deadLetters.remove(bus.deadLetters.list()[step.index]?.id ?? "none");
        return;
      case "middleware":
        bus.use((_event, _ctx, next) => {
          this.#look("inside middleware");
          if (step.kind === "swallow") return undefined;
          if (step.kind === "throw") throw new Error("middleware");
          if (step.kind === "twice") void Promise.resolve(next()).catch(() => {});
          return next();
        });
        return;
      case "listen":
        bus[step.what](() => {
          this.#look(`inside ${step.what}`);
          if (step.does === "throw") throw new Error("listener");
          if (step.does === "publish") void this.#send(this.#publish, "free", 1, "settled");
          else this.#close();
        });
        return;
      case "drain":
        void this.#await(bus.drain({ deadlineMs: step.deadlineMs }));
        return;
      case "close":
        this.#close();
    }
  }

  #close(): void {
    void this.#await(this.bus.close());
  }

  #subscribe(pattern: string, acts: readonly Act[], { once, maxAttempts, errorClass }: Options): void {
    const options: SubscribeOptions = {
      name: `s${this.#subscriptions.length}`,
      once,
      timeoutMs: 50,
      retry: { maxAttempts, backoff: { initialMs: 10 }, maxElapsedMs: 500 },
      classify: errorClass && this.#classifier(errorClass),
    };
    try {
      const index = this.#subscriptions.length;
      const handler: Handler = (_event, ctx) => this.#handle(acts[(ctx.attempt - 1) % acts.length]!, ctx, index);
      this.#subscriptions.push(this.bus.subscribe(pattern as "sync", handler as never, options));
    } catch {
      // the bus is closed by now
    }
  }

  #classifier(errorClass: NonNullable<Options["errorClass"]>): NonNullable<SubscribeOptions["classify"]> {
    return () => {
      this.#look("inside classify");
      if (errorClass === "throws") throw new Error("classifier");
      if (errorClass !== "closes") return errorClass;
      this.#close();
      return "retryable";
    };
  }

  #handle(act: Act, ctx: HandlerContext, index: number): unknown {
    this.#look(`inside a handler that will ${act.act}`);
    switch (act.act) {
      case "return":
        return undefined;
      case "throw":
        throw new Error("sync");
      case "resolve":
        return Promise.resolve();
      case "reject":
        return Promise.reject(new Error("async"));
      case "hang":
        return new Promise(() => {});
      case "resolveLater":
        return new Promise<void>((resolve) => void setTimeout(resolve, act.ms * 3)); // some beyond the timeout
      case "rejectLater":
        return new Promise((_, reject) => void setTimeout(() => reject(new Error("later")), act.ms * 3));
      case "retryAfter":
        ctx.retryAfter(act.ms);
        return undefined;
      case "discard":
        ctx.discard("discarded");
        return undefined;
      case "deadLetter":
        ctx.deadLetter("set aside");
        return undefined;
      case "unsubscribe":
        this.#subscriptions[index]?.unsubscribe();
        throw new Error("unsubscribed");
      case "close":
        this.#close();
        return undefined;
      case "drain":
        void this.#await(this.bus.drain());
        return undefined;
      case "replay":
        this.#replay(0);
        return undefined;
      case "publish": {
        const publish = act.via === "ctx" ? ctx.publish : this.#publish;
        const published = this.#send(publish, act.name, 1, "settled");
        return act.awaited ? published : undefined;
      }
    }
  }

  #replay(index: number): void {
    if (this.#replayed++ > MOST_REPLAYED) return; // a handler that replays what it dead-letters would never be quiet
    const id = this.bus.deadLetters.list()[index]?.id ?? "none";
    void this.#await(this.bus.deadLetters.replay(id).then((report) => this.#replays.push(report)));
  }

  #send(publish: UntypedPublish, name: string, data: unknown, mode: Mode): Promise<unknown> {
    if (this.#sent++ > MOST_SENT) return Promise.resolve(); // handlers that set each other off would take too long
    const options = mode === "strict" ? { strict: true } : mode === "accepted" ? { wait: mode } : undefined;
    const published = publish(name, data, options).then(
      (result) => this.#results.push(result),
      (error: { readonly result?: PublishResult }) => error.result && this.#results.push(error.result),
    );
    return this.#await(published);
  }

  /** Counts a promise of the bus until it has settled, either way. */
  #await(promise: Promise<unknown>): Promise<unknown> {
    this.#unsettled++;
    const settle = (): void => {
      this.#unsettled--;
    };
    return promise.then(settle, settle);
  }

  #countOutcomes(): Record<string, number> {
    const counts: Record<string, number> = {};
    const reports = [...this.#results.flatMap((result) => result.deliveries), ...this.#replays];
    for (const { outcome } of reports) counts[outcome] = (counts[outcome] ?? 0) + 1;
    return counts;
  }
}

/** The ledger's outcomes in the form of {@link Aftermath.reported}. */
function outcomesOf(ledger: LedgerSnapshot): Record<string, number> {
  const { handled, failed, timedOut, skipped, aborted } = ledger;
  const counts = { handled, failed, timed_out: timedOut, skipped, aborted };
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

describe("the conservation law", () => {
  beforeEach(() => {
    void new EventBus({ logger: SILENT }); // what a first bus starts for the process runs on real timers
    vi.useFakeTimers();
  });
  afterEach(() => void vi.useRealTimers());

  it(
    "holds at every instant of any program, and at the end nothing is in flight",
    async () => {
      await fc.assert(
        fc.asyncProperty(program, async (steps) => {
          const { violations, ledger, unsettled, reported } = await new Run().finish(steps);

          const { queued, running, waitingForRetry, validating } = ledger;
          expect(violations).toEqual([]);
          expect({ queued, running, waitingForRetry, validating }).toEqual({
            queued: 0,
            running: 0,
            waitingForRetry: 0,
            validating: 0,
          });
          expect(unsettled).toBe(0);
          expect(reported).toEqual(outcomesOf(ledger));
        }),
        cases("any program"),
      );
    },
    CASES_TIMEOUT_MS,
  );
});
