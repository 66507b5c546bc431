/** What the handler of a subscription does in one attempt; later attempts take the next of the list, then begin again. */
export type Act =
  | "return"
  | "resolve"
  | "throw"
  | "reject"
  | "hang"
  | "throw fatal"
  | "throw expected"
  | "discard"
  | "dead-letter"
  | "publish";

/** A subscription to be made. */
export interface SubscriptionPlan {
  readonly pattern: string;
  readonly acts: readonly Act[];
  readonly maxAttempts: number;
  readonly timeoutMs: number | undefined;
  readonly once: boolean;
}

/** Numbers that the model predicts, under the names they have in the ledger; refusals as `refused.<code>`. */
export type Counts = Record<string, number>;

/** The first wait before a retry; it doubles. With {@link GRID_MS}, no two kinds of timers fall due together. */
export const FIRST_RETRY_MS = 101;
/** Commands happen at multiples of this. */
export const GRID_MS = 1000;
export const MAX_DEPTH = 2;
/** What the act `publish` publishes. */
const LEAF = "leaf";

/** Which names each pattern means, written out. */
const MEANING: Readonly<Record<string, readonly string[]>> = {
  "a.one": ["a.one"],
  "a.*": ["a.one", "a.two"],
  "**": ["a.one", "a.two", "checked", LEAF],
  "*": ["a.one", "a.two", "checked", LEAF],
  checked: ["checked"],
  [LEAF]: [LEAF],
};
export const PATTERNS: readonly string[] = Object.keys(MEANING);

/** Names that can be published, with why they are refused. */
const REFUSALS: Readonly<Record<string, string | undefined>> = {
  "a.one": undefined,
  "a.two": undefined,
  checked: undefined,
  "checked badly": "invalid_data",
  unknown: "unknown_event",
  "no name": "invalid_name",
};
export const SUBJECTS: readonly string[] = Object.keys(REFUSALS);

interface Delivery {
  /** Subscription and event: what a dead letter is found by. */
  readonly key: string;
  readonly subscription: number;
  readonly serial: string;
  readonly depth: number;
  readonly isReplay: boolean;
  attempts: number;
  /** When it is due to be called again, or to time out; of those due together, the one that was armed first. */
  dueAt: number;
  armed: number;
  state: "running" | "waiting" | "settled";
  last: "failed" | "timedOut";
}

/**
 * A bus on one page, written from the documentation alone: which numbers a history of commands must leave behind. Time
 * is a number; what happens at once is a function call.
 */
export class BusModel {
  readonly counts: Counts = {};
  readonly subscriptions: { readonly plan: SubscriptionPlan; isActive: boolean }[] = [];
  /** Handlers that hang, by delivery and attempt; true while their attempt is not over. */
  readonly hanging: Map<string, boolean> = new Map();
  readonly letters: Set<string> = new Set();
  state: "open" | "draining" | "closed" = "open";
  now = 0;
  readonly #capacity: number;
  readonly #deliveries = new Map<string, Delivery>();
  readonly #replaying = new Set<string>();
  #drainEndsAt = Number.POSITIVE_INFINITY;
  #serial = 0;
  #armed = 0;
  /** What promises that have settled already set off, when whoever is running has finished. */
  readonly #microtasks: (() => void)[] = [];

  constructor(deadLetterCapacity: number) {
    this.#capacity = deadLetterCapacity;
  }

  /** Whether it can tell which dead letters are held: which is evicted depends on the order of microtasks. */
  get knowsLetters(): boolean {
    return this.counts.deadLettersEvicted === undefined;
  }

  subscribe(plan: SubscriptionPlan): void {
    if (this.state !== "closed") this.subscriptions.push({ plan, isActive: true });
  }

  unsubscribe(index: number): void {
    const subscription = this.subscriptions[index];
    if (subscription !== undefined) subscription.isActive = false;
  }

  /** Returns what the event carries as its data, to be told from others. */
  publish(subject: string): string {
    const serial = `e${++this.#serial}`;
    this.#publish({ subject, serial, depth: 0, isInside: false });
    this.#settleDown();
    return serial;
  }

  #publish(call: { subject: string; serial: string; depth: number; isInside: boolean }): void {
    const { subject, serial, depth } = call;
    this.#count("published");
    const refusal =
      this.state === "closed"
        ? "bus_closed"
        : this.state === "draining" && !call.isInside
          ? "bus_draining"
          : depth > MAX_DEPTH
            ? "depth_exceeded"
            : REFUSALS[subject];
    if (refusal !== undefined) {
      this.#count(`refused.${refusal}`);
      return;
    }
    this.#count("accepted");
    const matching = [...this.subscriptions.keys()].filter((index) => {
      const { plan, isActive } = this.subscriptions[index]!;
      return isActive && MEANING[plan.pattern]!.includes(subject);
    });
    if (matching.length === 0) this.#count("unrouted");
    this.#count("matched", matching.length);
    for (const subscription of matching) this.#deliver({ subscription, serial, depth, isReplay: false });
  }

  /** A queue would stand here: what is paused, full or limited waits or is dropped before it starts. */
  #deliver(start: Pick<Delivery, "subscription" | "serial" | "depth" | "isReplay">): void {
    const subscription = this.subscriptions[start.subscription]!;
    if (!subscription.isActive) {
      this.#count("skipped");
      return;
    }
    if (subscription.plan.once) subscription.isActive = false;
    const key = `${start.subscription}:${start.serial}`;
    const delivery: Delivery = { ...start, key, attempts: 0, dueAt: 0, armed: 0, state: "running", last: "failed" };
    this.#deliveries.set(key, delivery);
    this.#count("deliveriesStarted");
    this.#attempt(delivery);
  }

  #attempt(delivery: Delivery): void {
    const { plan } = this.subscriptions[delivery.subscription]!;
    delivery.attempts++;
    delivery.state = "running";
    this.#count("attempts");
    if (delivery.attempts > 1) this.#count("retries");
    const act = plan.acts[(delivery.attempts - 1) % plan.acts.length];
    switch (act) {
      case "hang":
        this.hanging.set(attemptKey(delivery), true);
        this.#arm(delivery, plan.timeoutMs ?? Number.POSITIVE_INFINITY);
        return;
      case "throw":
        this.#fail(delivery, "failed");
        return;
      case "reject":
        this.#later(delivery, () => this.#fail(delivery, "failed"));
        return;
      case "resolve":
        this.#later(delivery, () => this.#handle(delivery));
        return;
      case "throw fatal":
      case "dead-letter":
        this.#count("attemptsFailed");
        this.#deadLetter(delivery, "failed");
        return;
      case "throw expected":
      case "discard":
        this.#count("attemptsFailed");
        this.#settle(delivery, "failed");
        this.#count("discarded");
        this.#endReplay(delivery);
        return;
      case "publish":
        this.#publish({
          subject: LEAF,
          serial: childSerial(delivery),
          depth: delivery.depth + 1,
          isInside: true,
        });
        this.#handle(delivery);
        return;
      default:
        this.#handle(delivery);
    }
  }

  #handle(delivery: Delivery): void {
    this.#settle(delivery, "handled");
    this.#endReplay(delivery);
  }

  #fail(delivery: Delivery, how: "failed" | "timedOut"): void {
    const { plan, isActive } = this.subscriptions[delivery.subscription]!;
    const waitMs = FIRST_RETRY_MS * 2 ** (delivery.attempts - 1);
    delivery.last = how;
    this.#count(how === "failed" ? "attemptsFailed" : "attemptsTimedOut");
    const mayRetry = delivery.attempts < plan.maxAttempts && (isActive || plan.once);
    if (!mayRetry || this.now + waitMs > this.#drainEndsAt) {
      this.#deadLetter(delivery, how);
      return;
    }
    delivery.state = "waiting";
    this.#arm(delivery, waitMs);
  }

  #arm(delivery: Delivery, waitMs: number): void {
    delivery.dueAt = this.now + waitMs;
    delivery.armed = ++this.#armed;
  }

  #settle(delivery: Delivery, outcome: "handled" | "failed" | "timedOut" | "aborted"): void {
    this.#count(outcome);
    delivery.state = "settled";
    this.#deliveries.delete(delivery.key);
    const hanging = attemptKey(delivery);
    if (this.hanging.has(hanging)) this.hanging.set(hanging, false);
  }

  #deadLetter(delivery: Delivery, outcome: "failed" | "timedOut"): void {
    this.#settle(delivery, outcome);
    this.#count("deadLettered");
    this.#store(delivery);
  }

  #store({ key, isReplay }: Delivery): void {
    if (isReplay) this.#take(key, "deadLettersReplayed");
    this.#replaying.delete(key);
    this.letters.add(key);
    const [oldest = key] = this.letters;
    if (this.letters.size > this.#capacity) this.#take(oldest, "deadLettersEvicted");
  }

  #endReplay({ key, isReplay }: Delivery): void {
    if (!isReplay) return;
    this.#replaying.delete(key);
    this.#take(key, "deadLettersReplayed");
  }

  #take(key: string, count: string): void {
    if (this.letters.delete(key)) this.#count(count);
  }

  removeLetter(key: string): void {
    this.#take(key, "deadLettersRemoved");
  }

  replay(key: string, depth: number): void {
    const [index, serial = ""] = key.split(":");
    const subscription = Number(index);
    const isAble = this.state === "open" && !this.#replaying.has(key) && this.subscriptions[subscription]?.isActive;
    if (!isAble) return;
    this.#count("replays");
    this.#replaying.add(key);
    this.#deliver({ subscription, serial, depth, isReplay: true });
    this.#settleDown();
  }

  /** A handler that hangs ends at last. */
  end(hanging: string, how: "returns" | "throws"): void {
    const isInTime = this.hanging.get(hanging);
    this.hanging.delete(hanging);
    const delivery = this.#deliveries.get(hanging.slice(0, hanging.lastIndexOf("@")));
    if (!isInTime || delivery === undefined) this.#count("lateResults");
    else if (how === "returns") this.#handle(delivery);
    else this.#fail(delivery, "failed");
    this.#settleDown();
  }

  advance(ms: number): void {
    const until = this.now + ms;
    for (;;) {
      const next = [...this.#deliveries.values()].toSorted(
        (one, other) => one.dueAt - other.dueAt || one.armed - other.armed,
      )[0];
      const at = Math.min(next?.dueAt ?? Number.POSITIVE_INFINITY, this.#drainEndsAt);
      if (at > until) break;
      this.now = at;
      if (at === this.#drainEndsAt) this.#cutAll();
      else this.#wake(next!);
      this.#settleDown();
    }
    this.now = until;
  }

  #wake(delivery: Delivery): void {
    const { plan, isActive } = this.subscriptions[delivery.subscription]!;
    if (delivery.state === "running") {
      this.hanging.set(attemptKey(delivery), false);
      this.#fail(delivery, "timedOut");
    } else if (isActive || plan.once) this.#attempt(delivery);
    else this.#deadLetter(delivery, delivery.last);
  }

  drain(deadlineMs: number): void {
    if (this.state !== "open") return;
    this.state = "draining";
    this.#drainEndsAt = this.now + deadlineMs;
    for (const delivery of [...this.#deliveries.values()]) {
      if (delivery.state === "waiting" && delivery.dueAt > this.#drainEndsAt) this.#deadLetter(delivery, delivery.last);
    }
    this.#settleDown();
  }

  close(): void {
    if (this.state === "closed") return;
    for (const delivery of [...this.#deliveries.values()]) this.#abort(delivery);
    this.#end();
  }

  #cutAll(): void {
    for (const delivery of [...this.#deliveries.values()]) {
      this.#abort(delivery);
      this.#count("cutByDeadline");
      this.#store(delivery);
    }
    this.#end();
  }

  #abort(delivery: Delivery): void {
    if (delivery.state === "running") this.#count("attemptsAborted");
    this.#settle(delivery, "aborted");
    this.#replaying.delete(delivery.key);
  }

  /** Ends an attempt whose handler returned a promise that has settled. */
  #later(delivery: Delivery, end: () => void): void {
    delivery.dueAt = Number.POSITIVE_INFINITY;
    this.#microtasks.push(end);
  }

  #settleDown(): void {
    for (let next = this.#microtasks.shift(); next !== undefined; next = this.#microtasks.shift()) next();
    if (this.state === "draining" && this.#deliveries.size === 0) this.#end();
  }

  #end(): void {
    this.state = "closed";
    this.#drainEndsAt = Number.POSITIVE_INFINITY;
    for (const subscription of this.subscriptions) subscription.isActive = false;
  }

  /** The numbers as they must be now. */
  predict(): Counts {
    const deliveries = [...this.#deliveries.values()];
    return {
      ...this.counts,
      running: deliveries.filter((each) => each.state === "running").length,
      waitingForRetry: deliveries.filter((each) => each.state === "waiting").length,
      deadLettersStored: this.letters.size,
    };
  }

  #count(what: string, by = 1): void {
    this.counts[what] = (this.counts[what] ?? 0) + by;
  }
}

/** The data of the event that an attempt publishes. */
export function childSerial({
  serial,
  subscription,
  attempts,
}: Pick<Delivery, "serial" | "subscription" | "attempts">): string {
  return `${serial}/${subscription}.${attempts}`;
}

function attemptKey({ key, attempts }: Delivery): string {
  return `${key}@${attempts}`;
}
