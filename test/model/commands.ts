import fc from "fast-check";
import { type Act, type BusModel, GRID_MS, LEAF, PATTERNS, SUBJECTS, type SubscriptionPlan } from "./bus-model.ts";
import type { LanePlan } from "./lane-model.ts";
import type { RealBus } from "./real-bus.ts";

/** One step of a history: done to the model and to the bus, which must then agree. */
class Step implements fc.AsyncCommand<BusModel, RealBus> {
  readonly #name: string;
  readonly #take: (model: BusModel, real: RealBus) => number | undefined;

  /** `take` does it to both, and returns the time that goes by. */
  constructor(name: string, take: (model: BusModel, real: RealBus) => number | undefined) {
    this.#name = name;
    this.#take = take;
  }

  check(): boolean {
    return true;
  }

  async run(model: BusModel, real: RealBus): Promise<void> {
    const ms = this.#take(model, real) ?? 0;
    model.advance(ms);
    await real.advance(ms);
    const wrong = real.disagreements(model.predict());
    if (wrong.length > 0) throw new Error(`after ${this.#name}: ${wrong.join("; ")}`);
  }

  toString(): string {
    return this.#name;
  }
}

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom<Act>("return", "resolve", "throw", "reject") },
  { weight: 3, arbitrary: fc.constant<Act>("hang") },
  { weight: 1, arbitrary: fc.constantFrom<Act>("throw fatal", "throw expected", "discard", "dead-letter") },
  { weight: 1, arbitrary: fc.constant<Act>("publish") },
);

const lane: fc.Arbitrary<LanePlan> = fc.record({
  concurrency: fc.constantFrom(undefined, 1, 1, 2),
  isOrdered: fc.boolean(),
  capacity: fc.integer({ min: 1, max: 3 }),
  policy: fc.constantFrom("block", "drop-oldest", "drop-newest", "reject"),
});

const plan: fc.Arbitrary<SubscriptionPlan> = fc.record({
  pattern: fc.constantFrom(...PATTERNS),
  lane: fc.option(lane, { nil: undefined }),
  deduplicate: fc.boolean(),
  acts: fc.array(act, { minLength: 1, maxLength: 3 }),
  maxAttempts: fc.integer({ min: 1, max: 4 }),
  timeoutMs: fc.constantFrom(undefined, 110, 1210),
  once: fc.boolean(),
});

/** A handler whose publish waits for room that only its own end makes would be refused: those are other tests. */
function withoutDeadlock(each: SubscriptionPlan): SubscriptionPlan {
  const isLeaf = ["*", "**", LEAF].includes(each.pattern);
  return isLeaf && each.lane?.policy === "block" ? { ...each, lane: { ...each.lane, policy: "reject" } } : each;
}

const subscribe = plan.map(withoutDeadlock).map((each) => {
  return new Step(`subscribe ${JSON.stringify(each)}`, (model, real) => {
    model.subscribe(each);
    real.subscribe(each);
    return undefined;
  });
});

const subject = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("a.one", "a.two", "checked") },
  { weight: 1, arbitrary: fc.constantFrom(...SUBJECTS) },
);
const publish = fc
  .record({
    subject,
    id: fc.constantFrom(undefined, undefined, undefined, "again", "once-more"),
    delayMs: fc.constantFrom(0, 0, 0, 503, 2503),
  })
  .map((call) => {
    return new Step(`publish ${JSON.stringify(call)}`, (model, real) => {
      real.publish(call, model.publish(call));
      return undefined;
    });
  });

const pause = fc
  .record({ index: fc.nat({ max: 5 }), what: fc.constantFrom("pause" as const, "resume" as const) })
  .map((each) => {
    return new Step(`${each.what} ${each.index}`, (model, real) => {
      model[each.what](each.index);
      real[each.what](each.index);
      return undefined;
    });
  });

const unsubscribe = fc.nat({ max: 5 }).map((index) => {
  return new Step(`unsubscribe ${index}`, (model, real) => {
    model.unsubscribe(index);
    real.unsubscribe(index);
    return undefined;
  });
});

const end = fc.record({ which: fc.nat(), how: fc.constantFrom("returns" as const, "throws" as const) }).map((each) => {
  return new Step(`the handler ${each.which} ${each.how}`, (model, real) => {
    const hanging = pick([...model.hanging.keys()], each.which);
    if (hanging === undefined) return undefined;
    model.end(hanging, each.how);
    real.end(hanging, each.how);
    return undefined;
  });
});

const letter = fc
  .record({ which: fc.nat(), what: fc.constantFrom("replay" as const, "remove" as const) })
  .map((each) => {
    return new Step(`${each.what} ${each.which}`, (model, real) => {
      const key = model.knowsLetters ? pick([...model.letters], each.which) : undefined;
      if (key === undefined) return undefined;
      if (each.what === "replay") {
        real.replay(key); // first: the model forgets a letter that is handled at once
        model.replay(key, key.split("/").length - 1);
      } else {
        model.removeLetter(key);
        real.removeLetter(key);
      }
      return undefined;
    });
  });

const advance = fc
  .integer({ min: 1, max: 4 })
  .map((steps) => new Step(`wait ${steps * GRID_MS}`, () => steps * GRID_MS));

const stop = fc.oneof(
  fc.constant(
    new Step("close", (model, real) => {
      model.close();
      real.close();
      return undefined;
    }),
  ),
  fc.constantFrom(57, 557, 5057).map((deadlineMs) => {
    return new Step(`drain in ${deadlineMs}`, (model, real) => {
      model.drain(deadlineMs);
      real.drain(deadlineMs);
      return undefined;
    });
  }),
);

/**
 * Every command of a history and how often it comes, beside the others. What a bus learns to do is one more entry
 * here, and a method of the model.
 */
const COMMANDS: readonly { readonly weight: number; readonly arbitrary: fc.Arbitrary<Step> }[] = [
  { weight: 8, arbitrary: publish },
  { weight: 3, arbitrary: subscribe },
  { weight: 5, arbitrary: end },
  { weight: 3, arbitrary: advance },
  { weight: 2, arbitrary: letter },
  { weight: 2, arbitrary: pause },
  { weight: 1, arbitrary: unsubscribe },
];
const RARE: typeof COMMANDS = [{ weight: 1, arbitrary: stop }];

const LONG = { maxCommands: 40, size: "+1" } as const;

/** A history: subscriptions first, then anything; every second one stops the bus somewhere. */
export const history: fc.Arbitrary<Iterable<fc.AsyncCommand<BusModel, RealBus>>> = fc.oneof(
  fc.commands([subscribe, fc.oneof(...COMMANDS)], LONG),
  fc.commands([fc.oneof(...COMMANDS, ...RARE)], LONG),
);

/** One of several, the same one for the model as for the bus: chosen by text, not by the order they came in. */
function pick(keys: readonly string[], which: number): string | undefined {
  return keys.toSorted()[which % Math.max(1, keys.length)];
}
