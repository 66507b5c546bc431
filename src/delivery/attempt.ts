import { MAX_TIMER_MS } from "../check.ts";
import { runInScope, type Scope } from "../context.ts";
import { BusError, describeValue } from "../errors.ts";
import type { EventRecord } from "../event/event.ts";
import type { HandlerContext, UntypedPublish } from "../handler.ts";
import type { Logger } from "../logger.ts";
import type { SubscriptionRecord } from "../routing/subscription.ts";
import type { ProcessSpan, Telemetry, TraceContext } from "../telemetry/telemetry.ts";
import { isThenable } from "../thenable.ts";

/** What a handler said about its own delivery, through its context. */
export type Verdict =
  | { readonly kind: "dead_letter"; readonly reason: string }
  | { readonly kind: "discard"; readonly reason: string }
  | { readonly kind: "retry"; readonly delayMs: number };

/** How an attempt ended. */
export type AttemptResult = "returned" | "threw" | "timed_out";

/** What an attempt needs of the delivery it belongs to. */
export interface AttemptOwner {
  readonly event: EventRecord;
  readonly leg: { readonly subscription: SubscriptionRecord };
  readonly host: { readonly telemetry: Telemetry };
  /** The context without a process span of its own; undefined where the dispatch runs in it already. */
  readonly context: TraceContext | undefined;
  /** The scope to run the handler in; undefined where the dispatch runs in it already, or nobody wants one. */
  readonly scope: Scope | undefined;
  /** Called when the attempt has returned, thrown, or timed out, and is not over yet; to call `finish`. */
  attemptEnded(attempt: Attempt, result: AttemptResult, thrown: unknown): void;
  /** Called when a handler returns after its attempt was over. */
  lateResult(): void;
  /** Called if the attempt did not end in the turn it started in. */
  outlivesTurn(): void;
  logger(attempt: Attempt): Logger;
  publisher(attempt: Attempt): UntypedPublish;
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
  readonly #owner: AttemptOwner;
  #span: ProcessSpan | undefined;
  #startedAt = 0;
  #isOver = false;
  #extras: Extras | undefined;

  constructor(owner: AttemptOwner, attempt: number) {
    this.#owner = owner;
    this.attempt = attempt;
  }

  get subscription(): string {
    return this.#owner.leg.subscription.name;
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
    extras.log ??= this.#owner.logger(this);
    return extras.log;
  }

  get publish(): UntypedPublish {
    return this.#owner.publisher(this);
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

  /** Calls the handler; `owner.attemptEnded` hears how it went, in this turn or later. */
  run(span: ProcessSpan | undefined, startedAt: number): void {
    this.#span = span;
    this.#startedAt = startedAt;
    const owner = this.#owner;
    const { timeoutMs } = owner.leg.subscription.settings;
    if (timeoutMs !== undefined) this.#extra().timer = setTimeout(expire, timeoutMs, this);
    const context = span?.context ?? owner.context;
    if (context === undefined) enterScope(this);
    else owner.host.telemetry.enter(context, enterScope, this);
    if (!this.#isOver) owner.outlivesTurn();
  }

  /** Aborts the signal of an attempt that is over; what the handler returns later is counted as late. */
  abort(reason: BusError): void {
    const extras = this.#extra();
    extras.abortReason = reason;
    extras.controller?.abort(reason);
  }

  #end(result: AttemptResult, thrown: unknown): void {
    if (this.#isOver) {
      this.#owner.lateResult();
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
      const { name, settings } = attempt.#owner.leg.subscription;
      const reason = new BusError("TIMEOUT", `the handler "${name}" took longer than ${settings.timeoutMs} ms`);
      attempt.#owner.attemptEnded(attempt, "timed_out", reason);
      attempt.abort(reason); // after the accounts are settled: listeners of the signal run user code
    };
    enterScope = (attempt) => {
      const owner = attempt.#owner;
      const { scope } = owner;
      if (scope === undefined) callHandler(attempt);
      else runInScope(scope, callHandler, attempt);
    };
    callHandler = (attempt) => {
      const { event, leg } = attempt.#owner;
      try {
        const returned = leg.subscription.invoke(event, attempt);
        if (isThenable(returned)) {
          const settled = returned instanceof Promise ? returned : Promise.resolve(returned);
          settled.then(
            () => attempt.#end("returned", undefined),
            (thrown: unknown) => attempt.#end("threw", thrown),
          );
          return;
        }
      } catch (thrown) {
        attempt.#end("threw", thrown);
        return;
      }
      attempt.#end("returned", undefined);
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
