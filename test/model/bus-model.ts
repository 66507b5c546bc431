import { type LaneEntry, LaneModel, type LanePlan } from "./lane-model.ts";

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
  /** Undefined where deliveries need not queue, unless the subscription is paused. */
  readonly lane: LanePlan | undefined;
  readonly deduplicate: boolean;
}

/** A paused subscription queues as one does that asks for nothing. */
const PLAIN_LANE: LanePlan = { concurrency: undefined, isOrdered: false, capacity: 1000, policy: "block" };

/** Numbers that the model predicts, under the names they have in the ledger; refusals as `refused.<code>`. */
export type Counts = Record<string, number>;

/** The first wait before a retry; it doubles. With {@link GRID_MS}, no two kinds of timers fall due together. */
export const FIRST_RETRY_MS = 101;
/** Commands happen at multiples of this. */
export const GRID_MS = 1000;
export const MAX_DEPTH = 2;
/** What the act `publish` publishes. */
export const LEAF = "leaf";

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

/** A publish call. */
export interface Publishing {
  readonly subject: string;
  /** Given to events that are to be known again. */
  readonly id?: string | undefined;
  readonly delayMs?: number | undefined;
}

interface Delivery extends LaneEntry {
  /** Subscription and event: what a dead letter is found by. */
  readonly key: string;
  readonly id: string;
  readonly subscription: number;
  readonly serial: string;
  readonly depth: number;
  readonly isReplay: boolean;
  attempts: number;
  /** When it is due to be called again, or to time out; of those due together, the one that was armed first. */
  dueAt: number;
  armed: number;
  state: "new" | "running" | "waiting" | "due" | "settled";
  last: "failed" | "timedOut";
}

interface ModelSubscription {
  readonly plan: SubscriptionPlan;
  readonly lane: LaneModel<Delivery>;
  /** Ids of events that were handled, or are on their way to be. */
  readonly taken: Set<string>;
  isActive: boolean;
}

/** An event that waits for its time. */
interface Scheduled {
  readonly call: Dispatching;
  readonly dueAt: number;
  readonly armed: number;
}

interface Dispatching {
  readonly subject: string;
  readonly serial: string;
  readonly id: string;
  readonly depth: number;
}

/**
 * A bus on one page, written from the documentation alone: which numbers a history of commands must leave behind. Time
 * is a number; what happens at once is a function call.
 */
export class BusModel {
  readonly counts: Counts = {};
  readonly subscriptions: ModelSubscription[] = [];
  /** Handlers that hang, by delivery and attempt; true while their attempt is not over. */
  readonly hanging: Map<string, boolean> = new Map();
  readonly letters: Set<string> = new Set();
  state: "open" | "draining" | "closed" = "open";
  now = 0;
  readonly #capacity: number;
  readonly #deliveries = new Map<string, Delivery>();
  readonly #replaying = new Set<string>();
  #drainEndsAt = Number.POSITIVE_INFINITY;
  #scheduled: Scheduled[] = [];
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
    if (this.state === "closed") return;
    const lane: LaneModel<Delivery> = new LaneModel(plan.lane ?? PLAIN_LANE, {
      start: (delivery) => this.#begin(delivery),
      drop: (delivery) => this.#settle(delivery, "dropped"),
      skip: (delivery) => this.#settle(delivery, "skipped"),
    });
    lane.isOpenForGood = this.state === "draining";
    this.subscriptions.push({ plan, lane, taken: new Set(), isActive: true });
  }

  pause(index: number): void {
    const subscription = this.subscriptions[index];
    if (!subscription?.isActive) return;
    subscription.lane.pause();
  }

  resume(index: number): void {
    if (this.state !== "closed") this.subscriptions[index]?.lane.resume();
    this.#settleDown();
  }

  unsubscribe(index: number): void {
    const subscription = this.subscriptions[index];
    if (!subscription?.isActive) return;
    subscription.isActive = false;
    subscription.lane.unsubscribed();
    this.#settleDown();
  }

  /** Returns what the event carries as its data, to be told from others. */
  publish({ subject, id, delayMs = 0 }: Publishing): string {
    const serial = `e${++this.#serial}`;
    this.#publish({ subject, serial, id: id ?? serial, depth: 0, isInside: false, delayMs });
    this.#settleDown();
    return serial;
  }

  #publish(call: Dispatching & { readonly isInside: boolean; readonly delayMs: number }): void {
    this.#count("published");
    const refusal =
      this.state === "closed"
        ? "bus_closed"
        : this.state === "draining" && !call.isInside
          ? "bus_draining"
          : call.depth > MAX_DEPTH
            ? "depth_exceeded"
            : REFUSALS[call.subject];
    if (refusal !== undefined) {
      this.#count(`refused.${refusal}`);
      return;
    }
    this.#count("accepted");
    if (call.delayMs > 0) {
      this.#scheduled.push({ call, dueAt: this.now + call.delayMs, armed: ++this.#armed });
    } else this.#dispatch(call);
  }

  #dispatch(call: Dispatching): void {
    const { subject, serial, id, depth } = call;
    const matching = [...this.subscriptions.keys()].filter((index) => {
      const { plan, isActive } = this.subscriptions[index]!;
      return isActive && MEANING[plan.pattern]!.includes(subject);
    });
    this.#count("dispatched");
    if (matching.length === 0) this.#count("unrouted");
    this.#count("matched", matching.length);
    for (const subscription of matching) this.#deliver({ subscription, serial, id, depth, isReplay: false });
  }

  #deliver(start: Pick<Delivery, "subscription" | "serial" | "id" | "depth" | "isReplay">): void {
    const subscription = this.subscriptions[start.subscription]!;
    const key = `${start.subscription}:${start.serial}`;
    const fresh = { attempts: 0, dueAt: Number.POSITIVE_INFINITY, armed: 0, state: "new", last: "failed" } as const;
    const delivery: Delivery = {
      ...start,
      ...fresh,
      key,
      orderKey: orderKeyOf(start.serial),
    };
    if (!subscription.isActive) this.#count("skipped");
    else if (!start.isReplay && subscription.plan.deduplicate && subscription.taken.has(start.id)) {
      this.#count("deduplicated");
    } else {
      subscription.taken.add(start.id);
      this.#deliveries.set(key, delivery);
      subscription.lane.offer(delivery);
    }
  }

  /** Its turn has come. */
  #begin(delivery: Delivery): void {
    const subscription = this.subscriptions[delivery.subscription]!;
    const isFirst = delivery.attempts === 0;
    if (!subscription.isActive && !subscription.plan.once) {
      if (isFirst) {
        this.#settle(delivery, "skipped");
        this.#leave(delivery);
      } else this.#deadLetter(delivery, delivery.last);
      return;
    }
    if (isFirst) this.#count("deliveriesStarted");
    delivery.state = "running";
    if (isFirst && subscription.plan.once && subscription.isActive) {
      subscription.isActive = false;
      subscription.lane.unsubscribed();
    }
    this.#attempt(delivery);
  }

  #attempt(delivery: Delivery): void {
    const { plan } = this.subscriptions[delivery.subscription]!;
    delivery.attempts++;
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
        this.#leave(delivery);
        return;
      case "publish":
        this.#publish({
          subject: LEAF,
          serial: childSerial(delivery),
          id: childSerial(delivery),
          depth: delivery.depth + 1,
          isInside: true,
          delayMs: 0,
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
    this.#leave(delivery);
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
    this.subscriptions[delivery.subscription]!.lane.rest(delivery);
  }

  #arm(delivery: Delivery, waitMs: number): void {
    delivery.dueAt = this.now + waitMs;
    delivery.armed = ++this.#armed;
  }

  #settle(delivery: Delivery, outcome: "handled" | "failed" | "timedOut" | "aborted" | "dropped" | "skipped"): void {
    this.#count(outcome);
    delivery.state = "settled";
    this.#deliveries.delete(delivery.key);
    const hanging = attemptKey(delivery);
    if (this.hanging.has(hanging)) this.hanging.set(hanging, false);
    if (outcome === "dropped" || outcome === "skipped") this.#replaying.delete(delivery.key); // the letter stays
    const isGivenBack = outcome === "aborted" || outcome === "dropped" || outcome === "skipped";
    if (isGivenBack && !delivery.isReplay) this.subscriptions[delivery.subscription]!.taken.delete(delivery.id);
  }

  /** It has settled: others may have its place. */
  #leave(delivery: Delivery): void {
    this.subscriptions[delivery.subscription]!.lane.left(delivery);
  }

  #deadLetter(delivery: Delivery, outcome: "failed" | "timedOut"): void {
    this.#settle(delivery, outcome);
    this.#count("deadLettered");
    this.#store(delivery);
    this.#leave(delivery);
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
    this.#deliver({ subscription, serial, id: serial, depth, isReplay: true });
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
      const timers = [...this.#deliveries.values(), ...this.#scheduled];
      const next = timers.toSorted((one, other) => one.dueAt - other.dueAt || one.armed - other.armed)[0];
      const at = Math.min(next?.dueAt ?? Number.POSITIVE_INFINITY, this.#drainEndsAt);
      if (at > until) break;
      this.now = at;
      if (at === this.#drainEndsAt) this.#cutAll();
      else if (next !== undefined && "call" in next) {
        this.#scheduled = this.#scheduled.filter((each) => each !== next);
        this.#dispatch(next.call);
      } else this.#wake(next as Delivery);
      this.#settleDown();
    }
    this.now = until;
  }

  #wake(delivery: Delivery): void {
    delivery.dueAt = Number.POSITIVE_INFINITY;
    if (delivery.state === "running") {
      this.hanging.set(attemptKey(delivery), false);
      this.#fail(delivery, "timedOut");
    } else {
      delivery.state = "due";
      this.subscriptions[delivery.subscription]!.lane.rejoin(delivery);
    }
  }

  drain(deadlineMs: number): void {
    if (this.state !== "open") return;
    this.state = "draining";
    this.#drainEndsAt = this.now + deadlineMs;
    this.#cancelScheduled();
    for (const delivery of [...this.#deliveries.values()]) {
      if (delivery.state === "waiting" && delivery.dueAt > this.#drainEndsAt) this.#deadLetter(delivery, delivery.last);
    }
    for (const { lane } of this.subscriptions) {
      lane.isOpenForGood = true;
      lane.resume();
    }
    this.#settleDown();
  }

  #cancelScheduled(): void {
    if (this.#scheduled.length > 0) this.#count("cancelled", this.#scheduled.length);
    this.#scheduled = [];
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
    this.#cancelScheduled();
    this.state = "closed";
    this.#drainEndsAt = Number.POSITIVE_INFINITY;
    for (const subscription of this.subscriptions) subscription.isActive = false;
  }

  /** The numbers as they must be now. */
  predict(): Counts {
    const deliveries = [...this.#deliveries.values()];
    return {
      ...this.counts,
      scheduled: this.#scheduled.length,
      queued: deliveries.filter((each) => each.state === "new" || each.state === "due").length,
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

/** What an ordered subscription orders by. */
export function orderKeyOf(serial: string): string {
  return /[02468]$/.test(serial) ? "even" : "odd";
}

function attemptKey({ key, attempts }: Delivery): string {
  return `${key}@${attempts}`;
}
