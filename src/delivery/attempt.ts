import { MAX_TIMER_MS } from "../check.ts";
import { runInScope } from "../context.ts";
import { BusError, describeValue } from "../errors.ts";
import type { HandlerContext, UntypedPublish } from "../handler.ts";
import type { Logger } from "../logger.ts";
import type { ProcessSpan } from "../telemetry/telemetry.ts";
import { isThenable } from "../thenable.ts";
import { attemptLogger, contextOfHandler, scopeOfHandler } from "./handler-scope.ts";
import type { DeliveryHost } from "./host.ts";
import type { Leg } from "./leg.ts";
import type { DeliveryOrigin } from "./origin.ts";
import type { LaneHolder } from "./queue/deadlock.ts";

/** What a handler said about its own delivery, through its context. */
export type Verdict =
  | { readonly kind: "dead_letter"; readonly reason: string }
  | { readonly kind: "discard"; readonly reason: string }
  | { readonly kind: "retry"; readonly delayMs: number };

/** How an attempt ended. */
export type AttemptResult = "returned" | "threw" | "timed_out";

/** Whoever started an attempt: a delivery or, as long as it needs no more, the publication. */
export interface AttemptOwner {
  readonly host: DeliveryHost;
  readonly origin: DeliveryOrigin<never>;
  /** The delivery that keeps a slot of a lane taken while this handler runs. */
  readonly occupant: LaneHolder | undefined;
  /** Whether the delivery of an attempt that is over has settled. */
  readonly isSettled: boolean;
  /** Called when the attempt has returned, thrown, or timed out, and is not over yet; to call `finish`. */
  attemptEnded(attempt: Attempt, result: AttemptResult, thrown: unknown): void;
  /** Called when the attempt will not end in the turn it started in; returns who owns it from now on. */
  outlivesTurn(attempt: Attempt): AttemptOwner;
}

/** What most attempts never need; kept apart, so that they do not pay for it. */
interface Extras {
  verdict?: Verdict;
  controller?: AbortController;
  abortReason?: BusError;
  timer?: NodeJS.Timeout;
  log?: Logger;
}

// friends of Attempt: functions of their own, so that no closure is made per attempt
let expire: (attempt: Attempt) => void;
let enterScope: (attempt: Attempt) => void;
let callHandler: (attempt: Attempt) => void;

/** One call of a handler: the error boundary and the timeout around it, and the context the handler sees. */
export class Attempt implements HandlerContext {
  readonly attempt: number;
  readonly #leg: Leg;
  #owner: AttemptOwner;
  #span: ProcessSpan | undefined;
  #startedAt = 0;
  #isOver = false;
  #extras: Extras | undefined;

  constructor(owner: AttemptOwner, leg: Leg, attempt: number) {
    this.#owner = owner;
    this.#leg = leg;
    this.attempt = attempt;
  }

  /** The way to the subscription whose handler this calls. */
  get leg(): Leg {
    return this.#leg;
  }

  get subscription(): string {
    return this.#leg.subscription.name;
  }

  get signal(): AbortSignal {
    const extras = this.#extra();
    if (extras.controller === undefined) {
      extras.controller = new AbortController();
      if (extras.abortReason !== undefined) extras.controller.abort(extras.abortReason);
    }
    return extras.controller.signal;
  }

  get log(): Logger {
    const extras = this.#extra();
    extras.log ??= attemptLogger(this.#owner.origin, this.#owner.host.logger, this);
    return extras.log;
  }

  get publish(): UntypedPublish {
    const { host, origin } = this.#owner;
    const context = this.#span?.context ?? origin.context;
    return host.publisherFor({ event: origin.event, context, delivery: this, occupant: this.occupant });
  }

  get deadLetter(): (reason: string) => void {
    return (reason) => this.#decide({ kind: "dead_letter", reason: checkedReason("deadLetter", reason) });
  }

  get discard(): (reason: string) => void {
    return (reason) => this.#decide({ kind: "discard", reason: checkedReason("discard", reason) });
  }

  get retryAfter(): (delayMs: number) => void {
    return (delayMs) => {
      if (!(typeof delayMs === "number" && delayMs >= 0 && delayMs <= MAX_TIMER_MS)) {
        const problem = `retryAfter: delayMs must be 0 to ${MAX_TIMER_MS} milliseconds, got ${describeValue(delayMs)}`;
        throw new BusError("INVALID_OPTION", problem);
      }
      this.#decide({ kind: "retry", delayMs });
    };
  }

  /** The first verdict counts; after the attempt none does. */
  #decide(verdict: Verdict): void {
    if (!this.#isOver) this.#extra().verdict ??= verdict;
  }

  #extra(): Extras {
    this.#extras ??= {};
    return this.#extras;
  }

  /** What the handler said about its delivery. */
  get verdict(): Verdict | undefined {
    return this.#extras?.verdict;
  }

  /** The process span of this attempt, where there is one. */
  get span(): ProcessSpan | undefined {
    return this.#span;
  }

  /** The start on the monotonic clock, in milliseconds; 0 where nothing needed a clock. */
  get startedAt(): number {
    return this.#startedAt;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** The delivery that keeps a slot of a lane taken until this attempt is over; what its handler does later is nobody's. */
  get occupant(): LaneHolder | undefined {
    return this.#isOver ? undefined : this.#owner.occupant;
  }

  /** Whether the delivery it belongs to has settled. */
  get isSettled(): boolean {
    return this.#isOver && this.#owner.isSettled;
  }

  /** Calls the handler; `owner.attemptEnded` hears how it went, in this turn or later. */
  run(span: ProcessSpan | undefined, startedAt: number): void {
    this.#span = span;
    this.#startedAt = startedAt;
    const { host, origin } = this.#owner;
    const context = span === undefined ? contextOfHandler(origin) : span.context;
    if (context === undefined) enterScope(this);
    else host.telemetry.enter(context, enterScope, this);
  }

  /** Calls the handler where nothing watches: in the scope it is called in, without a span and without a clock. */
  call(): void {
    callHandler(this);
  }

  /** Hands the attempt to another owner. */
  passTo(owner: AttemptOwner): void {
    this.#owner = owner;
  }

  /** Waits for what the handler returned. */
  wait(returned: PromiseLike<unknown>): void {
    const settled = returned instanceof Promise ? returned : Promise.resolve(returned);
    settled.then(
      () => this.end("returned", undefined),
      (thrown: unknown) => this.end("threw", thrown),
    );
    this.#owner = this.#owner.outlivesTurn(this);
    const { timeoutMs } = this.#leg.subscription.settings;
    if (timeoutMs === undefined || this.#isOver) return;
    // armed only now: no timer could interrupt the synchronous part, whose time counts all the same
    const leftMs = Math.max(1, timeoutMs - (performance.now() - this.#startedAt));
    this.#extra().timer = setTimeout(expire, leftMs, this);
  }

  /** Aborts the signal of an attempt that is over; what the handler returns later is counted as late. */
  abort(reason: BusError): void {
    const extras = this.#extra();
    extras.abortReason = reason;
    extras.controller?.abort(reason);
  }

  /** Hears how the handler ended. */
  end(result: AttemptResult, thrown: unknown): void {
    if (this.#isOver) {
      this.#leg.accounts.late();
      return;
    }
    this.#owner.attemptEnded(this, result, thrown);
  }

  /** Marks the attempt as over; the owner does so when its accounts are settled. */
  finish(): void {
    this.#isOver = true;
    if (this.#extras?.timer !== undefined) clearTimeout(this.#extras.timer);
  }

  static {
    expire = (attempt) => {
      if (attempt.#isOver) return;
      const { name, settings } = attempt.#leg.subscription;
      const reason = new BusError("TIMEOUT", `the handler "${name}" took longer than ${settings.timeoutMs} ms`);
      attempt.#owner.attemptEnded(attempt, "timed_out", reason); // aborts the signal when the accounts are settled
    };
    enterScope = (attempt) => {
      const scope = scopeOfHandler(attempt.#owner.origin, attempt);
      if (scope === undefined) callHandler(attempt);
      else runInScope(scope, callHandler, attempt);
    };
    callHandler = (attempt) => {
      let returned: unknown;
      try {
        returned = attempt.#leg.subscription.invoke(attempt.#owner.origin.event, attempt);
        if (isThenable(returned)) {
          attempt.wait(returned);
          return;
        }
      } catch (thrown) {
        attempt.end("threw", thrown);
        return;
      }
      attempt.end("returned", undefined);
    };
  }
}

function checkedReason(method: string, reason: unknown): string {
  if (typeof reason === "string" && reason !== "") return reason.slice(0, 1024);
  throw new BusError("INVALID_OPTION", `${method}: reason must be a non-empty string, got ${describeValue(reason)}`);
}

/** What counts as thrown when the handler asked for its own failure. */
export function failureOf(attempt: Attempt, result: AttemptResult, thrown: unknown): unknown {
  const { verdict } = attempt;
  if (result !== "returned" || verdict === undefined) return thrown;
  if (verdict.kind === "dead_letter") return new BusError("HANDLER_DEAD_LETTERED", verdict.reason);
  if (verdict.kind === "discard") return new BusError("HANDLER_DISCARDED", verdict.reason);
  return new BusError("HANDLER_REQUESTED_RETRY", `the handler asked to be retried after ${verdict.delayMs} ms`);
}
