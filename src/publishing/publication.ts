import { runInScope, type Scope, wantsHandlerScope } from "../context.ts";
import { Attempt, type AttemptOwner, type AttemptResult } from "../delivery/attempt.ts";
import { hasHandlerSpans, recordHandled, startInstant, startProcessSpan } from "../delivery/attempt-telemetry.ts";
import { Delivery } from "../delivery/deliver.ts";
import type { Leg } from "../delivery/leg.ts";
import type { DeliveryOrigin } from "../delivery/origin.ts";
import type { LaneHolder } from "../delivery/queue/deadlock.ts";
import type { EventRecord } from "../event/event.ts";
import type { HandlerContext } from "../handler.ts";
import type { Route } from "../routing/routes.ts";
import type { PublishSpan, TraceContext } from "../telemetry/telemetry.ts";
import { isThenable } from "../thenable.ts";
import type { PublisherHost } from "./host.ts";
import type { Intent } from "./intent.ts";
import type { Slot, Slots } from "./slots.ts";
import type { Watched } from "./watched.ts";

/** What a handler that cannot see its context is called with. */
const NO_CONTEXT = undefined as unknown as HandlerContext;

// bits of one field: three booleans would be three words of each publish
const SCOPE_ENTERED = 1;
const BARE = 2; // handlers are called with nothing around them: no span, no clock, no scope of their own
const SCHEDULED = 4;
const CANCELLED = 8;

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
  /** The delivery whose handler publishes, of those that pass through lanes. */
  readonly holder: LaneHolder | undefined;
  route: Route; // looked up once more where time has passed
  #event: EventRecord | undefined;
  #slots: Slot[] | undefined;
  #at = 0; // the leg whose delivery is being started
  #pending = 0;
  #onSettled: (() => void) | undefined;
  #flags = 0;

  // biome-ignore lint/complexity/useMaxParams: an object for each publish would cost
  constructor(
    host: PublisherHost,
    route: Route,
    intent: Intent,
    holder: LaneHolder | undefined,
    watched: Watched | undefined,
  ) {
    this.host = host;
    this.route = route;
    this.intent = intent;
    this.holder = holder;
    this.watched = watched;
  }

  /** As an attempt sees it: the publication owns it, and is what it comes from. */
  get origin(): this {
    return this;
  }

  get isSettled(): boolean {
    return true; // an attempt of its own that is over has settled its delivery
  }

  get event(): EventRecord {
    return this.#event as EventRecord; // nobody asks before dispatch
  }

  get bus(): object {
    return this.host.bus;
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
    return (this.#flags & SCOPE_ENTERED) !== 0;
  }

  get isContextEntered(): boolean {
    return this.watched?.isContextEntered === true;
  }

  /** Starts every delivery, in subscription order; synchronous handlers have run when it returns. */
  dispatch(event: EventRecord): void {
    const { host, watched, route } = this;
    this.#event = event;
    this.#flags = 0;
    host.ledger.dispatched++;
    const { length } = route.legs;
    this.#pending = length;
    if (length === 0) {
      host.ledger.unrouted++;
      route.cell.unrouted++;
      this.#onSettled?.(); // there is somebody to hear of it where the event was scheduled
      return;
    }
    const isScopeEntered = host.isAmbient && !wantsHandlerScope();
    if (isScopeEntered) this.#flags |= SCOPE_ENTERED;
    if (watched === undefined && isScopeEntered === host.isAmbient) this.#flags |= BARE;
    if (watched?.context !== undefined && !hasHandlerSpans(host.telemetry, route.legs, watched.span)) {
      watched.isContextEntered = true;
      host.telemetry.enter(watched.context, dispatchInScope, this);
      watched.isContextEntered = false; // what starts later starts elsewhere
    } else this.#dispatchInScope();
    this.#flags &= ~SCOPE_ENTERED;
    if (watched !== undefined) watched.instant = 0;
  }

  /** Keeps the event for later. */
  hold(event: EventRecord): void {
    this.#event = event;
    this.#flags = SCHEDULED;
    this.#pending = 1;
  }

  /** Lets go of an event that was kept: nobody will get it. */
  cancel(): void {
    this.#flags = CANCELLED;
    this.settled();
  }

  /** Set where the event waits for its time, or will never come. */
  get delay(): "scheduled" | "cancelled" | undefined {
    if ((this.#flags & CANCELLED) !== 0) return "cancelled";
    return (this.#flags & SCHEDULED) !== 0 ? "scheduled" : undefined;
  }

  #dispatchInScope(): void {
    if (this.isScopeEntered) runInScope(this, startDeliveries, this);
    else this.#start();
  }

  #start(): void {
    const { host, route } = this;
    const { legs } = route;
    for (let i = 0; i < legs.length; i++) {
      const leg = legs[i] as Leg;
      this.#at = i;
      if (leg.subscription.isDirect && host.closeReason === undefined) this.#call(leg);
      else this.#deliver(leg).start();
    }
  }

  /** Calls a handler without making a delivery of it, until one is needed. */
  #call(leg: Leg): void {
    leg.accounts.callBegan();
    if ((this.#flags & BARE) !== 0 && !leg.isTimed) {
      if (leg.subscription.readsContext) new Attempt(this, leg, 1).call();
      else this.#callBare(leg);
      return;
    }
    const { telemetry } = this.host;
    const attempt = new Attempt(this, leg, 1);
    const span = telemetry.isTracing
      ? startProcessSpan(telemetry, this, { attempt, relation: this.relationOf(leg, false) })
      : undefined;
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

  /** Auto: a delivery that starts within the awaited publish is its child, one that was queued past it is linked. */
  relationOf(leg: Leg, wasQueued: boolean): "child" | "link" {
    const mode = this.intent.options?.trace ?? leg.trace;
    if (mode !== "auto") return mode;
    return (this.intent.options?.delayMs ?? 0) > 0 || (wasQueued && !this.isAwaited) ? "link" : "child";
  }

  get isAwaited(): boolean {
    return this.intent.options?.wait !== "accepted";
  }

  /** As an attempt of its own sees it. */
  get occupant(): LaneHolder | undefined {
    return this.isAwaited ? this.holder : undefined;
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

  /** How the deliveries went. */
  get slots(): Slots {
    return this.#slots;
  }

  static {
    dispatchInScope = (publication) => publication.#dispatchInScope();
    startDeliveries = (publication) => publication.#start();
  }
}
