import { runInScope, type Scope, wantsHandlerScope } from "../context.ts";
import { Attempt, type AttemptOwner, type AttemptResult } from "../delivery/attempt.ts";
import { recordHandled, startInstant, startProcessSpan } from "../delivery/attempt-telemetry.ts";
import { Delivery } from "../delivery/deliver.ts";
import type { Leg } from "../delivery/leg.ts";
import type { DeliveryOrigin } from "../delivery/origin.ts";
import { HANDLED } from "../delivery/settlement.ts";
import type { EventRecord } from "../event/event.ts";
import type { HandlerContext } from "../handler.ts";
import type { DeliveryReport } from "../outcome.ts";
import type { Route } from "../routing/routes.ts";
import type { PublishSpan, TraceContext } from "../telemetry/telemetry.ts";
import { isThenable } from "../thenable.ts";
import type { PublisherHost } from "./host.ts";
import type { Intent } from "./intent.ts";
import type { Watched } from "./watched.ts";

/** What a handler that cannot see its context is called with. */
const NO_CONTEXT = undefined as unknown as HandlerContext;

/** How a delivery went: at once and handled (undefined, or how long it took in milliseconds), else the delivery itself. */
type Slot = Delivery | number | undefined;

// friends of Publication: functions of their own, so that no closure is made per event
let dispatchInScope: (publication: Publication) => void;
let startDeliveries: (publication: Publication) => void;

/**
 * One event on its way: starts its deliveries, and counts them down to the publish result. Most handlers return in the
 * turn they are called in; the attempts of those belong to the publication itself, and only what waits, fails or asks for
 * more becomes a {@link Delivery}: that is half of what publishing would cost.
 */
export class Publication implements DeliveryOrigin<Delivery>, AttemptOwner, Scope {
  readonly host: PublisherHost;
  readonly intent: Intent;
  readonly watched: Watched | undefined;
  /** Looked up once more where checking the data took time. */
  route: Route;
  #event: EventRecord | undefined;
  #slots: Slot[] | undefined;
  /** The leg whose delivery is being started. */
  #at = 0;
  #pending = 0;
  #onSettled: (() => void) | undefined;
  #isScopeEntered = false;
  /** Whether handlers are called with nothing around them: no span, no clock, no scope of their own. */
  #isBare = false;

  // biome-ignore lint/complexity/useMaxParams: an object for each publish would cost
  constructor(host: PublisherHost, route: Route, intent: Intent, watched: Watched | undefined) {
    this.host = host;
    this.route = route;
    this.intent = intent;
    this.watched = watched;
  }

  /** As an attempt sees it: the publication owns it, and is what it comes from. */
  get origin(): this {
    return this;
  }

  /** Whether an attempt of its own that is over has settled its delivery. */
  get isSettled(): boolean {
    return true;
  }

  get event(): EventRecord {
    return this.#event as EventRecord; // nobody asks before dispatch
  }

  get bus(): object {
    return this.host.bus;
  }

  get subscription(): undefined {
    return undefined;
  }

  get replayOf(): undefined {
    return undefined;
  }

  get context(): TraceContext | undefined {
    return this.watched?.context;
  }

  get publishSpan(): PublishSpan | undefined {
    return this.watched?.span;
  }

  get traceId(): string | undefined {
    return this.watched?.span?.traceId;
  }

  get startedAt(): number {
    return this.watched === undefined ? 0 : this.watched.startedAt;
  }

  get instant(): number {
    return this.watched === undefined ? 0 : this.watched.instant;
  }

  get scope(): Scope | undefined {
    return this.host.isAmbient ? this : undefined;
  }

  get isScopeEntered(): boolean {
    return this.#isScopeEntered;
  }

  get isContextEntered(): boolean {
    return this.watched?.isContextEntered === true;
  }

  /** Starts every delivery, in subscription order; synchronous handlers have run when it returns. */
  dispatch(event: EventRecord): void {
    const { host, watched, route } = this;
    this.#event = event;
    host.ledger.dispatched++;
    const { length } = route.legs;
    if (length === 0) return;
    this.#pending = length;
    this.#isScopeEntered = host.isAmbient && !wantsHandlerScope();
    this.#isBare = watched === undefined && this.#isScopeEntered === host.isAmbient;
    if (watched?.context !== undefined && !this.#hasHandlerSpans()) {
      watched.isContextEntered = true;
      host.telemetry.enter(watched.context, dispatchInScope, this);
      watched.isContextEntered = false; // what starts later starts elsewhere
    } else this.#dispatchInScope();
    this.#isScopeEntered = false;
    if (watched !== undefined) watched.instant = 0;
  }

  /** Whether handlers will run in contexts of their own, so that entering the publish's would be one switch too many. */
  #hasHandlerSpans(): boolean {
    const { telemetry } = this.host;
    if (!telemetry.isTracing || !this.route.legs.some((leg) => leg.spans === "handlers")) return false;
    return this.publishSpan?.isRecording !== false || !telemetry.isParentBased;
  }

  #dispatchInScope(): void {
    if (this.#isScopeEntered) runInScope(this, startDeliveries, this);
    else this.#start();
  }

  #start(): void {
    const { host, route } = this;
    const { legs } = route;
    for (let i = 0; i < legs.length; i++) {
      const leg = legs[i] as Leg;
      this.#at = i;
      if (leg.subscription.isDirect && host.closeReason === undefined) this.#call(leg);
      else {
        leg.accounts.matched();
        this.#deliver(leg).start();
      }
    }
  }

  /** Calls a handler without making a delivery of it, until one is needed. */
  #call(leg: Leg): void {
    leg.accounts.callBegan();
    if (this.#isBare && !leg.isTimed) {
      if (leg.subscription.readsContext) new Attempt(this, leg, 1).call();
      else this.#callBare(leg);
      return;
    }
    const { telemetry } = this.host;
    const attempt = new Attempt(this, leg, 1);
    const span = telemetry.isTracing ? startProcessSpan(telemetry, this, attempt) : undefined;
    if (this.host.closeReason === undefined) {
      attempt.run(span, startInstant(telemetry, this, attempt));
      return;
    }
    this.#adopt(attempt).abort("close"); // what runs when a span starts, an extractor say, closed the bus
    span?.end("aborted", undefined, undefined);
  }

  /** Calls a handler that does not look at its context: there is none, unless the handler does not just return. */
  #callBare(leg: Leg): void {
    let returned: unknown;
    try {
      returned = leg.subscription.invoke(this.event, NO_CONTEXT);
      if (returned !== undefined && isThenable(returned)) {
        new Attempt(this, leg, 1).wait(returned);
        return;
      }
    } catch (thrown) {
      new Attempt(this, leg, 1).end("threw", thrown);
      return;
    }
    this.#returned(leg);
    this.settled();
  }

  #returned({ accounts }: Leg): void {
    accounts.callReturned();
    accounts.cell.lastSuccessMs = this.event.timestamp;
  }

  /** A delivery of its own for the leg at hand. */
  #deliver(leg: Leg): Delivery {
    const delivery = new Delivery(this.host, leg, this);
    this.#keep(delivery);
    return delivery;
  }

  #adopt(attempt: Attempt): Delivery {
    attempt.leg.accounts.callBecameDelivery();
    const delivery = this.#deliver(attempt.leg);
    delivery.adopt(attempt);
    return delivery;
  }

  #keep(slot: Slot): void {
    this.#slots ??= new Array<Slot>(this.route.legs.length).fill(undefined); // of its final size: growing would reserve more
    this.#slots[this.#at] = slot;
  }

  attemptEnded(attempt: Attempt, result: AttemptResult, thrown: unknown): void {
    if (result !== "returned" || attempt.verdict !== undefined) {
      this.#adopt(attempt).attemptEnded(attempt, result, thrown);
      return;
    }
    const { host, watched } = this;
    const { startedAt } = attempt;
    const now = startedAt === 0 ? 0 : performance.now();
    attempt.finish();
    this.#returned(attempt.leg);
    recordHandled(host.telemetry, attempt, { origin: this, now });
    if (watched !== undefined) watched.instant = now;
    if (now !== 0) {
      const durationMs = now - (this.startedAt || startedAt);
      this.#keep(durationMs);
      host.telemetry.recordDelivery(attempt.leg.accounts.cell, durationMs / 1000);
    }
    this.settled();
  }

  outlivesTurn(attempt: Attempt): AttemptOwner {
    return this.#adopt(attempt).outlivesTurn();
  }

  relationOf(leg: Leg): "child" | "link" {
    return (this.intent.options?.trace ?? leg.trace) === "link" ? "link" : "child"; // nothing is queued past its publish: auto is child
  }

  settled(): void {
    if (--this.#pending === 0) this.#onSettled?.();
  }

  /** Whether deliveries are still running or waiting: a drain lets their handlers publish. */
  get isInFlight(): boolean {
    return this.#pending > 0;
  }

  /** Calls `listener`, in place of an earlier one, when the last delivery settles. */
  whenSettled(listener: () => void): void {
    this.#onSettled = listener;
  }

  /** The deliveries that failed for good, in subscription order. */
  failed(): Delivery[] {
    return (this.#slots ?? []).filter((slot) => slot instanceof Delivery).filter(isFailed);
  }

  reports(): readonly DeliveryReport[] {
    return this.route.legs.map((leg, index) => {
      const slot = this.#slots?.[index];
      if (slot instanceof Delivery) return slot.report();
      const timed = slot === undefined ? undefined : { durationMs: slot };
      return { subscription: leg.subscription.name, ...HANDLED, ...timed, attempts: 1 };
    });
  }

  static {
    dispatchInScope = (publication) => publication.#dispatchInScope();
    startDeliveries = (publication) => publication.#start();
  }
}

function isFailed({ settlement }: Delivery): boolean {
  return settlement?.outcome === "failed" || settlement?.outcome === "timed_out";
}
