import type { BusCore } from "../bus/bus-core.ts";
import type { Attempt } from "../delivery/attempt.ts";
import { FailureReader } from "../delivery/failure.ts";
import type { AttemptFailure, DeliveryFailure } from "../delivery/host.ts";
import { BusError } from "../errors.ts";
import type { BusEvent } from "../event/event.ts";
import type { HandlerContext, Invoke } from "../handler.ts";
import type { DeliveryReport } from "../outcome.ts";
import type { SubscriptionRecord } from "../routing/subscription.ts";
import { isThenable } from "../thenable.ts";
import type { Activity } from "./activity.ts";
import type { Book } from "./book.ts";
import type { CutRecord } from "./records.ts";

/** What one subscription is doing with one event. */
export interface Progress {
  readonly book: Book;
  readonly attempt: number;
  readonly state: "running" | "waiting_for_retry";
  /** The instant it began to on the clock in force, in milliseconds. */
  readonly since: number;
  /** How long the wait for the next attempt is in all. */
  readonly retryInMs: number | undefined;
}

/** What watching deliveries needs. */
export interface DeliveryWatchInit {
  readonly activity: Activity;
  readonly bookOf: (event: BusEvent) => Book;
  readonly labelOf: (name: string) => string;
  /** Hears of each attempt before the handler does; false when the event's publish was over before: a replay. */
  readonly onSeen: (event: BusEvent) => boolean;
  readonly onFailure: (failure: DeliveryFailure) => void;
  /** Hears of subscriptions that begin (1) and end (-1). */
  readonly onSubscribed: (change: 1 | -1) => void;
}

/** Follows every delivery of a bus: each call of a handler, and each failure. */
export class DeliveryWatch {
  readonly #init: DeliveryWatchInit;
  readonly #progress = new WeakMap<BusEvent, Map<string, Progress>>();
  readonly #failures: FailureReader;

  constructor(core: BusCore, init: DeliveryWatchInit) {
    this.#init = init;
    this.#failures = new FailureReader(core.guard, "type", undefined);
    const { routes } = core;
    const add = routes.add.bind(routes);
    routes.add = (subscription) => {
      this.#wrap(subscription);
      add(subscription);
      init.onSubscribed(1);
    };
    const remove = routes.remove.bind(routes);
    routes.remove = (subscription) => {
      remove(subscription);
      init.onSubscribed(-1);
    };
    core.attemptErrorListeners.add((failure) => this.#attemptFailed(failure));
    core.errorListeners.add((failure) => this.#failed(failure));
  }

  /** What a subscription is doing with an event, as far as it was seen. */
  progressOf(event: BusEvent, subscription: string): Progress | undefined {
    return this.#progress.get(event)?.get(subscription);
  }

  /** The book of what a subscription does with an event: a replay may belong to another run than the publish. */
  bookOf(event: BusEvent, subscription: string): Book {
    return this.progressOf(event, subscription)?.book ?? this.#init.bookOf(event);
  }

  /** Sees every attempt of a subscription, around the user's own middleware whenever that is added. */
  #wrap(subscription: SubscriptionRecord): void {
    let inner = subscription.invoke;
    const invoke: Invoke = (event, ctx) => this.#attempt(inner, event, ctx);
    const set = (composed: Invoke): void => {
      inner = composed;
    };
    Object.defineProperty(subscription, "invoke", { get: () => invoke, set });
    Object.defineProperty(subscription, "readsContext", { get: () => true, set: () => undefined });
  }

  #attempt(inner: Invoke, event: BusEvent, ctx: HandlerContext): unknown {
    this.#started(event, ctx);
    const returned = this.#call(inner, event, ctx);
    if (!isThenable(returned)) {
      this.#returned(event, ctx);
      return returned;
    }
    const settled = returned instanceof Promise ? returned : Promise.resolve(returned); // a query builder runs at each then()
    settled.then(
      () => this.#returned(event, ctx),
      () => this.#countLate(event, ctx), // of others the failure listeners tell
    );
    return settled;
  }

  #call(inner: Invoke, event: BusEvent, ctx: HandlerContext): unknown {
    try {
      return inner(event, ctx);
    } catch (error) {
      this.#countLate(event, ctx);
      throw error;
    }
  }

  /** Counts what comes from a handler whose attempt was over before. */
  #countLate(event: BusEvent, ctx: HandlerContext): void {
    const { isOver, subscription } = ctx as Attempt;
    const labels = { destination: this.#init.labelOf(event.name), subscription };
    if (isOver) this.bookOf(event, subscription).count("lateResults", labels);
  }

  #started(event: BusEvent, ctx: HandlerContext): void {
    const { activity, bookOf, labelOf, onSeen } = this.#init;
    const isPublished = onSeen(event);
    const { subscription, attempt } = ctx;
    const book = bookOf(event);
    this.#note(event, subscription, { book, attempt, state: "running", retryInMs: undefined });
    const labels = { destination: labelOf(event.name), subscription };
    if (attempt > 1) book.count("retries", labels);
    else if (isPublished) book.count("waitDuration", labels);
    activity.touch();
  }

  /** The handler is done, unless the attempt was over before, or it decided otherwise itself. */
  #returned(event: BusEvent, ctx: HandlerContext): void {
    const { isOver, verdict } = ctx as Attempt;
    this.#init.activity.touch();
    this.#countLate(event, ctx);
    if (isOver || verdict !== undefined) return;
    const { subscription, attempt } = ctx;
    const book = this.bookOf(event, subscription);
    book.add("delivered", { event, subscription, attempts: attempt });
    const labels = { destination: this.#init.labelOf(event.name), subscription };
    book.count("consumed", { ...labels, operationName: "process" });
    book.count("processDuration", { ...labels, operationName: "process" });
    book.count("deliveries", { ...labels, outcome: "handled" });
    book.count("deliveryDuration", labels);
  }

  #attemptFailed({ event, subscription, attempt, error, retryInMs }: AttemptFailure): void {
    const book = this.bookOf(event, subscription);
    this.#countAttempt(event, subscription, error);
    if (retryInMs !== undefined) {
      book.add("retried", { event, subscription, attempt, error, retryInMs });
      this.#note(event, subscription, { book, attempt, state: "waiting_for_retry", retryInMs });
    }
    this.#init.activity.touch();
  }

  #failed(failure: DeliveryFailure): void {
    const { event, subscription, attempts, error, outcome, disposition, reason, deadLetterId } = failure;
    const book = this.bookOf(event, subscription);
    const record = { event, subscription, attempts, error, outcome, disposition, reason };
    const labels = { destination: this.#init.labelOf(event.name), subscription };
    book.add("failed", record);
    book.count("deliveries", { ...labels, outcome, disposition });
    book.count("deliveryDuration", labels);
    if (deadLetterId !== undefined) book.add("deadLettered", { ...record, deadLetterId });
    this.#init.onFailure(failure);
    this.#init.activity.touch();
  }

  /** Takes from a publish result what no listener tells: deliveries that were discarded, cut short, or never began. */
  readonly report = (event: BusEvent, report: DeliveryReport, book: Book): void => {
    const { subscription, outcome, disposition, reason = "", attempts, error } = report;
    const labels = { destination: this.#init.labelOf(event.name), subscription };
    if ((outcome === "failed" || outcome === "timed_out") && disposition === "discarded") {
      book.add("failed", { event, subscription, attempts, error, outcome, disposition, reason });
      const label = error instanceof BusError && error.code === "HANDLER_DISCARDED" ? "handler" : "expected";
      book.count("deliveries", { ...labels, outcome, disposition, reason: label });
      book.count("deliveryDuration", labels);
      this.#countAttempt(event, subscription, error);
    }
    if (!isCut(outcome)) return;
    book.add("cut", { event, subscription, attempts, outcome, reason: report.reason });
    const isAborted = outcome === "aborted";
    const isLabelled = isAborted || outcome === "dropped";
    book.count("deliveries", { ...labels, outcome, ...(isLabelled ? { reason } : undefined) });
    const wasRunning = this.progressOf(event, subscription)?.state === "running";
    if (isAborted && attempts > 0 && wasRunning) this.#countAttempt(event, subscription, error);
  };

  #countAttempt(event: BusEvent, subscription: string, error: unknown): void {
    const { type } = this.#failures.read(error);
    const labels = { destination: this.#init.labelOf(event.name), subscription, operationName: "process" };
    const book = this.bookOf(event, subscription);
    book.count("consumed", { ...labels, errorType: type });
    book.count("processDuration", { ...labels, errorType: type });
  }

  #note(event: BusEvent, subscription: string, progress: Omit<Progress, "since">): void {
    const known = this.#progress.get(event) ?? new Map<string, Progress>();
    known.set(subscription, { ...progress, since: performance.now() });
    this.#progress.set(event, known);
  }
}

function isCut(outcome: DeliveryReport["outcome"]): outcome is CutRecord["outcome"] {
  return outcome === "aborted" || outcome === "skipped" || outcome === "dropped" || outcome === "deduplicated";
}
