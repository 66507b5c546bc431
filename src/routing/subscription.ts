import type { LaneHolder } from "../delivery/queue/deadlock.ts";
import type { Lane } from "../delivery/queue/lane.ts";
import { RecentIds } from "../delivery/queue/recent-ids.ts";
import type { SubscriptionSettings } from "../delivery/settings.ts";
import type { BusEvent } from "../event/event.ts";
import type { Invoke, Middleware } from "../handler.ts";
import { showAs } from "../inspect.ts";
import { composeMiddleware } from "../middleware.ts";
import { telemetryCells } from "../telemetry/cells.ts";
import type { Pattern } from "./pattern.ts";
import { readsContext } from "./reads-context.ts";

/** A handler's place on the bus: what `subscribe` returns. */
export interface Subscription extends Disposable {
  /** Labels its spans, metrics and dead letters. */
  readonly name: string;
  /** What it is subscribed to. */
  readonly pattern: string;
  /** False once it is unsubscribed, or its bus is closed. */
  readonly isActive: boolean;
  /** Whether its deliveries wait in the queue instead of running. */
  readonly isPaused: boolean;
  /** Starts no delivery until it is resumed, or the bus drained: what comes meanwhile waits in the queue. */
  pause(): void;
  /** Starts what waits. */
  resume(): void;
  /** Stops deliveries that have not started; running ones finish. False when it was unsubscribed before. */
  unsubscribe(): boolean;
}

export interface SubscriptionInit {
  readonly pattern: Pattern;
  readonly handler: Invoke;
  readonly settings: SubscriptionSettings;
  /** Called once, when it is unsubscribed. */
  readonly leave: (subscription: SubscriptionRecord) => void;
  /** Makes the lane of its deliveries, where one is needed. */
  readonly openLane: (settings: SubscriptionSettings) => Lane<LaneHolder>;
}

/** A subscription as the bus keeps it. */
export class SubscriptionRecord implements Subscription {
  readonly parsed: Pattern;
  readonly settings: SubscriptionSettings;
  /** What was subscribed, for `unsubscribe(pattern, handler)`. */
  readonly handler: Invoke;
  /** The handler with the middleware around it, composed when either changes, not per event. */
  invoke: Invoke;
  /** Whether what is to be called may look at its context. */
  readsContext: boolean;
  /** What its deliveries pass through; undefined where each may start at once. */
  lane: Lane<LaneHolder> | undefined;
  readonly #recentIds: RecentIds | undefined;
  #isActive = true;
  readonly #openLane: SubscriptionInit["openLane"];
  readonly #leave: (subscription: SubscriptionRecord) => void;

  constructor(init: SubscriptionInit) {
    this.parsed = init.pattern;
    this.handler = init.handler;
    this.invoke = init.handler;
    this.readsContext = readsContext(init.handler);
    this.settings = init.settings;
    this.#leave = init.leave;
    this.#openLane = init.openLane;
    const { concurrency, orderBy, queue, deduplicate } = init.settings;
    if (concurrency !== undefined || orderBy !== undefined || queue !== undefined) this.#lane();
    if (deduplicate !== undefined) this.#recentIds = new RecentIds(deduplicate.capacity, deduplicate.ttlMs);
  }

  /** Puts middleware around the handler. */
  wrap(middleware: readonly Middleware[]): void {
    this.invoke = composeMiddleware(middleware, this.handler);
    this.readsContext = middleware.length > 0 || readsContext(this.handler);
  }

  get name(): string {
    return this.settings.name;
  }

  get pattern(): string {
    return this.parsed.text;
  }

  get isActive(): boolean {
    return this.#isActive;
  }

  /** Whether its handler may be called at once, with nothing to look at first. */
  get isDirect(): boolean {
    return this.#isActive && this.lane === undefined && this.#recentIds === undefined && !this.settings.once;
  }

  /** Takes an event; false where it is to take none twice, and has taken this one. */
  takes(event: BusEvent): boolean {
    return this.#recentIds === undefined || this.#recentIds.add(event.id);
  }

  /** Takes an event back: should it come again, it is as if for the first time. */
  forgets(event: BusEvent): void {
    this.#recentIds?.delete(event.id);
  }

  #lane(): Lane<LaneHolder> {
    this.lane ??= this.#openLane(this.settings);
    return this.lane;
  }

  get isPaused(): boolean {
    return this.lane?.isPaused === true;
  }

  pause(): void {
    if (!this.#isActive || this.isPaused) return;
    const lane = this.#lane();
    lane.pause();
    if (lane.isPaused) countPaused(1);
  }

  resume(): void {
    if (!this.isPaused) return;
    countPaused(-1);
    this.lane?.resume();
  }

  /** Ends the subscription, as a listener: of an abort signal, say. */
  readonly end = (): void => {
    this.unsubscribe();
  };

  unsubscribe(): boolean {
    if (!this.#isActive) return false;
    this.#isActive = false;
    if (this.isPaused) countPaused(-1);
    this.#leave(this);
    this.lane?.unsubscribed();
    return true;
  }

  [Symbol.dispose](): void {
    this.unsubscribe();
  }

  toJSON(): { name: string; pattern: string; isActive: boolean; isPaused: boolean } {
    return { name: this.name, pattern: this.pattern, isActive: this.#isActive, isPaused: this.isPaused };
  }

  static {
    showAs("Subscription", SubscriptionRecord.prototype);
  }
}

/** Counts a subscription that is paused, or no longer. */
function countPaused(change: 1 | -1): void {
  const cells = telemetryCells();
  cells.pausedSubscriptions += change;
  cells.activeSubscriptions -= change;
}
