import { runInScope, type Scope, wantsHandlerScope } from "../context.ts";
import { Delivery } from "../delivery/deliver.ts";
import type { DeliveryHost } from "../delivery/host.ts";
import type { Leg } from "../delivery/leg.ts";
import type { DeliveryOrigin } from "../delivery/origin.ts";
import { DeliveryError } from "../errors.ts";
import type { EventRecord } from "../event/event.ts";
import type { DeliveryReport, PublishResult } from "../outcome.ts";
import type { Route } from "../routing/routes.ts";
import type { PublishSpan, TraceContext } from "../telemetry/telemetry.ts";
import type { Intent } from "./intent.ts";
import type { Pacer } from "./pacer.ts";
import { Result } from "./publish-result.ts";

/** A publish call on its way: what was asked for first, what came of it as it became known. */
export interface PublishCall {
  readonly intent: Intent;
  readonly route: Route;
  readonly cause: EventRecord | undefined;
  readonly span: PublishSpan | undefined;
  /** The instant of publishing on the monotonic clock, in milliseconds; 0 where nothing needed a clock. */
  readonly startedAt: number;
}

/** A publish call that was accepted. */
export interface AcceptedCall extends PublishCall {
  readonly event: EventRecord;
  /** The context the event is published in. */
  readonly context: TraceContext | undefined;
}

// friends of Publication: functions of their own, so that no closure is made per event
let dispatchInScope: (publication: Publication) => void;
let startDeliveries: (publication: Publication) => void;

/** One accepted event on its way: starts its deliveries, and counts them down to the publish result. */
export class Publication implements DeliveryOrigin<Delivery>, Scope {
  readonly subscription = undefined;
  readonly replayOf = undefined;
  isContextEntered = false;
  isScopeEntered = false;
  readonly #host: DeliveryHost;
  readonly #call: AcceptedCall;
  readonly #deliveries: Delivery[];
  #pending: number;
  #failed = 0;
  #onSettled: (() => void) | undefined;
  #strictError: DeliveryError<PublishResult> | undefined;

  constructor(host: DeliveryHost, call: AcceptedCall) {
    const { length } = call.route.legs;
    this.#host = host;
    this.#call = call;
    this.#deliveries = new Array<Delivery>(length); // of its final size: growing by push would reserve 17 places
    this.#pending = length;
  }

  get event(): EventRecord {
    return this.#call.event;
  }

  get bus(): object {
    return this.#host.bus;
  }

  get context(): TraceContext | undefined {
    return this.#call.context;
  }

  get publishSpan(): PublishSpan | undefined {
    return this.#call.span;
  }

  get startedAt(): number {
    return this.#call.startedAt;
  }

  get scope(): Scope | undefined {
    return this.#host.isAmbient ? this : undefined;
  }

  /** Starts every delivery, in subscription order; synchronous handlers have run when it returns. */
  dispatch(): void {
    const { ledger, telemetry } = this.#host;
    const { context, route } = this.#call;
    ledger.dispatched++;
    if (route.legs.length === 0) return;
    this.isContextEntered = context !== undefined && !this.#hasHandlerSpans();
    this.isScopeEntered = this.#host.isAmbient && !wantsHandlerScope();
    if (context !== undefined && this.isContextEntered) telemetry.enter(context, dispatchInScope, this);
    else this.#dispatchInScope();
    this.isContextEntered = false; // what starts later starts elsewhere
    this.isScopeEntered = false;
  }

  /** Whether handlers will run in contexts of their own, so that entering the publish's would be one switch too many. */
  #hasHandlerSpans(): boolean {
    const { telemetry } = this.#host;
    if (!telemetry.isTracing || !this.#call.route.legs.some((leg) => leg.spans === "handlers")) return false;
    return this.publishSpan?.isRecording !== false || !telemetry.isParentBased;
  }

  #dispatchInScope(): void {
    if (this.isScopeEntered) runInScope(this, startDeliveries, this);
    else this.#start();
  }

  #start(): void {
    const { legs } = this.#call.route;
    for (let i = 0; i < legs.length; i++) {
      const leg = legs[i] as Leg;
      leg.accounts.matched();
      const delivery = new Delivery(this.#host, leg, this);
      this.#deliveries[i] = delivery;
      delivery.start();
    }
  }

  relationOf(leg: Leg): "child" | "link" {
    return (this.#call.intent.options?.trace ?? leg.trace) === "link" ? "link" : "child"; // nothing is queued past its publish: auto is child
  }

  settled(delivery: Delivery): void {
    if (isFailed(delivery)) this.#failed++;
    if (--this.#pending === 0) this.#onSettled?.();
  }

  /** Whether deliveries are still running or waiting: a drain lets their handlers publish. */
  get isInFlight(): boolean {
    return this.#pending > 0;
  }

  /** The error of a strict publish, once everything has settled. */
  get strictError(): DeliveryError | undefined {
    if (!this.#call.intent.options?.strict || this.#failed === 0) return undefined;
    this.#strictError ??= this.#makeStrictError();
    return this.#strictError;
  }

  #makeStrictError(): DeliveryError<PublishResult> {
    const failed = this.#deliveries.filter(isFailed);
    const names = failed.map((each) => `"${each.leg.subscription.name}"`).join(", ");
    const message = `publishing "${this.event.name}": ${failed.length} of ${this.#deliveries.length} deliveries failed: ${names}`;
    const errors = failed.map((each) => each.settlement?.error);
    return new DeliveryError<PublishResult>(message, errors, new Result(this));
  }

  /** Resolves when all deliveries have settled, at once where they have, but never so as to starve the event loop. */
  result(pacer: Pacer, onSettled: (() => void) | undefined): Promise<PublishResult> {
    if (this.#pending === 0) {
      onSettled?.();
      if (!pacer.isTurnOver()) return this.#outcome();
    }
    return new Promise((resolve) => {
      const finish = (): void => resolve(this.#outcome());
      if (this.#pending === 0) pacer.afterTurn(finish);
      else {
        this.#onSettled = () => {
          onSettled?.();
          if (pacer.isTurnOver()) pacer.afterTurn(finish);
          else finish();
        };
      }
    });
  }

  /** Resolves without waiting for the deliveries; read later, the result says how they went. */
  acceptedResult(pacer: Pacer): Promise<PublishResult> {
    if (!pacer.isTurnOver()) return Promise.resolve(new Result(this));
    return new Promise((resolve) => pacer.afterTurn(() => resolve(new Result(this))));
  }

  #outcome(): Promise<PublishResult> {
    const error = this.strictError;
    return error === undefined ? Promise.resolve(new Result(this)) : Promise.reject(error);
  }

  get traceId(): string | undefined {
    return this.publishSpan?.traceId;
  }

  reports(): readonly DeliveryReport[] {
    return this.#deliveries.map((delivery) => delivery.report());
  }

  static {
    dispatchInScope = (publication) => publication.#dispatchInScope();
    startDeliveries = (publication) => publication.#start();
  }
}

function isFailed({ settlement }: Delivery): boolean {
  return settlement?.outcome === "failed" || settlement?.outcome === "timed_out";
}
