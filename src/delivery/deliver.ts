import { eventLogFields, type Scope, wantsHandlerScope } from "../context.ts";
import { BusError } from "../errors.ts";
import type { EventRecord } from "../event/event.ts";
import type { UntypedPublish } from "../handler.ts";
import type { Logger } from "../logger.ts";
import type { DeliveryReport } from "../outcome.ts";
import type { SubscriptionRecord } from "../routing/subscription.ts";
import type { Telemetry, TraceContext } from "../telemetry/telemetry.ts";
import { Attempt, type AttemptOwner, type AttemptResult, failureOf } from "./attempt.ts";
import type { DeadLetterErrorInit } from "./dead-letter.ts";
import { type Decision, decide, type EndedAttempt } from "./decision.ts";
import { isFirstSighting } from "./exception-once.ts";
import { handlerScope } from "./handler-scope.ts";
import type { DeliveryFailure, DeliveryHost } from "./host.ts";
import type { Leg } from "./leg.ts";
import type { DeliveryOrigin } from "./origin.ts";
import { startProcessSpan } from "./process-span.ts";
import { RetryWait } from "./retry-wait.ts";
import { HANDLED, IN_FLIGHT, type Settlement } from "./settlement.ts";

/** One event going to one subscription: attempts, retries and the one final outcome. */
export class Delivery implements AttemptOwner {
  readonly host: DeliveryHost;
  readonly leg: Leg;
  readonly #origin: DeliveryOrigin<Delivery>;
  #attempts = 0;
  #current: Attempt | undefined;
  /** The publish instant, else the start of the first attempt, on the monotonic clock; 0 where nothing needed a clock. */
  #startedAt = 0;
  #errors: DeadLetterErrorInit[] | undefined;
  #retry: RetryWait | undefined;
  #settlement: Settlement | undefined;
  #durationMs: number | undefined;
  #isTracked = false;

  constructor(host: DeliveryHost, leg: Leg, origin: DeliveryOrigin<Delivery>) {
    this.host = host;
    this.leg = leg;
    this.#origin = origin;
  }

  get event(): EventRecord {
    return this.#origin.event;
  }

  get subscription(): SubscriptionRecord {
    return this.leg.subscription;
  }

  get telemetry(): Telemetry {
    return this.host.telemetry;
  }

  get context(): TraceContext | undefined {
    return this.#origin.isContextEntered ? undefined : this.#origin.context;
  }

  get scope(): Scope | undefined {
    const { scope, isScopeEntered } = this.#origin;
    if (scope !== undefined && wantsHandlerScope()) return handlerScope(scope, this.leg.subscription.name);
    return isScopeEntered ? undefined : scope;
  }

  get isSettled(): boolean {
    return this.#settlement !== undefined;
  }

  /** How it ended; undefined while it has not. */
  get settlement(): Settlement | undefined {
    return this.#settlement;
  }

  /** Starts the first attempt, unless the subscription has gone or the bus is closed. */
  start(): void {
    const { subscription, accounts } = this.leg;
    if (this.host.closeReason !== undefined) {
      accounts.aborted("close");
      this.#settle({ outcome: "aborted", reason: "close" });
    } else if (!subscription.isActive) {
      accounts.skipped();
      this.#settle({ outcome: "skipped", reason: "unsubscribed" });
    } else {
      if (subscription.settings.once) subscription.unsubscribe();
      this.#attempt();
    }
  }

  #attempt(): void {
    const { telemetry } = this.host;
    const { accounts, subscription } = this.leg;
    const number = ++this.#attempts;
    accounts.attemptStarted(number);
    const attempt = new Attempt(this, number);
    this.#current = attempt;
    const span = telemetry.isTracing ? startProcessSpan(this, this.#origin, number) : undefined;
    const { timeoutMs, maxElapsedMs } = subscription.settings;
    const isTimed = span !== undefined || telemetry.isMetering || timeoutMs !== undefined || maxElapsedMs !== undefined;
    const now = isTimed ? performance.now() : 0;
    if (number === 1) {
      const publishedAt = this.#origin.startedAt;
      this.#startedAt = publishedAt || now;
      if (publishedAt !== 0) telemetry.recordWait(accounts.cell, (now - publishedAt) / 1000);
    }
    attempt.run(span, now);
  }

  attemptEnded(attempt: Attempt, result: AttemptResult, thrown: unknown): void {
    const { host, leg } = this;
    const { accounts } = leg;
    const { startedAt } = attempt;
    const now = startedAt === 0 ? 0 : performance.now();
    const seconds = (now - startedAt) / 1000;
    if (result === "returned" && attempt.verdict === undefined) {
      attempt.finish();
      accounts.attemptHandled();
      if (startedAt !== 0) host.telemetry.recordProcess(accounts.cell, seconds, undefined);
      attempt.span?.end("handled", undefined, undefined);
      if (leg.spans === "events") this.#note("handled", undefined);
      this.#handled(now);
      return;
    }
    const failure = host.failures.read(failureOf(attempt, result, thrown));
    const ended: EndedAttempt = { attempt, failure, result, thrown, now, startedAt: this.#startedAt };
    const decision = decide(host, leg, ended);
    if (attempt.isOver) return; // redactor and classifier are user code: one of them closed the bus
    attempt.finish();
    const cell = accounts.attemptFailed(result === "timed_out" ? "attemptsTimedOut" : "attemptsFailed", failure.type);
    if (startedAt !== 0) host.telemetry.recordProcess(cell, seconds, failure.type);
    this.#apply(decision, ended);
  }

  #apply(decision: Decision, ended: EndedAttempt): void {
    const { host, leg, event } = this;
    const { attempt, failure, result, now } = ended;
    const outcome = result === "timed_out" ? "timed_out" : "failed";
    const isFinal = decision.kind === "dead_letter";
    const isRetry = decision.kind === "retry";
    const writer = leg.spans === "events" ? this.#origin.publishSpan : attempt.span;
    const record = result !== "returned" && writer !== undefined && isFirstSighting(failure.error, event);
    const disposition = isRetry ? undefined : isFinal ? "dead_lettered" : "discarded";
    attempt.span?.end(isRetry ? "retry" : outcome, disposition, { failure, record, isFinal });
    if (leg.spans === "events") this.#note(isRetry ? "retry" : outcome, record ? ended : undefined);
    this.#remember(ended);
    if (decision.kind === "discard") {
      leg.accounts.discarded(outcome, decision.label);
      const { reason } = decision;
      this.#timed(now);
      this.#settle({ outcome, disposition: "discarded", reason, error: failure.error });
      return;
    }
    const report = isFinal ? this.#deadLetter(outcome, decision.reason, now) : this.#retryAfter(decision.delayMs);
    // the accounts are settled: listeners run user code, which may look at them, or close the bus
    const subscription = leg.subscription.name;
    const { errorClass } = decision;
    const retryInMs = isRetry ? decision.delayMs : undefined;
    const failed = { event, subscription, error: failure.error, outcome } as const;
    host.reportAttemptFailure({ ...failed, attempt: attempt.attempt, errorClass, retryInMs });
    if (report !== undefined) host.reportFailure(report);
  }

  #note(outcome: string, ended: EndedAttempt | undefined): void {
    const { subscription } = this.leg;
    const failure = ended?.failure;
    this.#origin.publishSpan?.note({ subscription: subscription.name, attempt: this.#attempts, outcome, failure });
  }

  #remember({ attempt, failure }: Pick<EndedAttempt, "attempt" | "failure">): void {
    this.#errors ??= [];
    this.#errors.push({ attempt: attempt.attempt, failure, span: attempt.span, at: Date.now() });
  }

  #retryAfter(delayMs: number): undefined {
    if (this.host.closeReason !== undefined) {
      this.abort("close"); // the handler, or a sibling, closed the bus
      return;
    }
    this.leg.accounts.waiting(1);
    this.outlivesTurn();
    this.#retry ??= new RetryWait();
    this.#retry.start(delayMs, () => {
      this.leg.accounts.waiting(-1);
      const { isActive, settings } = this.leg.subscription;
      if (isActive || settings.once) this.#attempt();
      else this.#giveUp("unsubscribed");
    });
  }

  #stopWaiting(): void {
    if (this.#retry?.stop()) this.leg.accounts.waiting(-1);
  }

  /** Dead-letters the delivery if it waits for a retry later than `instant` on the monotonic clock. */
  giveUpAfter(instant: number, reason: string): void {
    if (!this.#retry?.isDueAfter(instant)) return;
    this.#stopWaiting();
    this.#giveUp(reason);
  }

  #giveUp(reason: string): void {
    const isTimeout = this.#errors?.at(-1)?.failure.type === "timeout";
    const now = this.#startedAt === 0 ? 0 : performance.now();
    this.host.reportFailure(this.#deadLetter(isTimeout ? "timed_out" : "failed", reason, now));
  }

  /** Ends the delivery at once: a running handler's signal is aborted, a waiting retry is cancelled. */
  abort(label: "close" | "deadline"): void {
    if (this.isSettled) return;
    const why = label === "close" ? "the bus was closed" : "the drain deadline passed";
    const cause = new BusError("ABORTED", `the delivery was cut short: ${why}`);
    this.#stopWaiting();
    const { host, leg } = this;
    const attempt = this.#current;
    const isRunning = attempt !== undefined && !attempt.isOver;
    if (isRunning) {
      const failure = host.failures.read(cause);
      const cell = leg.accounts.attemptFailed("attemptsAborted", failure.type);
      const { startedAt } = attempt;
      if (startedAt !== 0) host.telemetry.recordProcess(cell, (performance.now() - startedAt) / 1000, failure.type);
      attempt.finish();
      attempt.span?.end("aborted", undefined, { failure, record: false, isFinal: true });
      this.#remember({ attempt, failure });
    }
    leg.accounts.aborted(label);
    if (label === "deadline") this.#store(label);
    this.#settle({ outcome: "aborted", reason: label, error: cause });
    if (isRunning) attempt.abort(cause); // last: listeners of the signal run user code
  }

  #handled(now: number): void {
    const { accounts } = this.leg;
    accounts.handled();
    // a synchronous handler is done about when its event was published, and that clock was read
    accounts.cell.lastSuccess = (this.#isTracked ? Date.now() : this.event.timestamp) / 1000;
    this.#timed(now);
    this.#settle(HANDLED);
  }

  #deadLetter(outcome: "failed" | "timed_out", reason: string, now: number): DeliveryFailure {
    const { leg, event } = this;
    const error = this.#errors?.at(-1)?.failure.error;
    leg.accounts.deadLettered(outcome);
    const deadLetterId = this.#store(reason);
    const disposition = "dead_lettered";
    this.#timed(now);
    this.#settle({ outcome, disposition, reason, error });
    const subscription = leg.subscription.name;
    const attempts = this.#attempts;
    return { event, subscription, error, outcome, disposition, reason, attempts, deadLetterId };
  }

  #store(reason: string): string {
    const { event, context, replayOf } = this.#origin;
    const errors = this.#errors ?? [];
    const attempts = this.#attempts;
    return this.host.deadLetters.store({ event, leg: this.leg, context, replayOf, errors, reason, attempts });
  }

  /** Records the delivery's duration, where a clock was read. */
  #timed(now: number): void {
    if (now === 0 || this.#startedAt === 0) return;
    this.#durationMs = now - this.#startedAt;
    this.host.telemetry.recordDelivery(this.leg.accounts.cell, this.#durationMs / 1000);
  }

  #settle(settlement: Settlement): void {
    this.#settlement = settlement;
    if (this.#isTracked) this.host.inFlight.delete(this);
    this.#origin.settled(this);
  }

  outlivesTurn(): void {
    if (this.#isTracked) return;
    this.#isTracked = true;
    this.host.inFlight.add(this);
    if (this.host.closeReason !== undefined) this.abort("close"); // the handler itself closed the bus
  }

  lateResult(): void {
    this.leg.accounts.late();
  }

  logger(attempt: Attempt): Logger {
    const { host, event, leg } = this;
    const fields = { ...attempt.span?.logFields(), ...eventLogFields(event, leg.subscription.name) };
    return host.logger.child?.(fields) ?? host.logger;
  }

  publisher(attempt: Attempt): UntypedPublish {
    const context = attempt.span?.context ?? this.#origin.context;
    return this.host.publisherFor({ event: this.event, context, delivery: this });
  }

  /** What the publish result says about this delivery. */
  report(): DeliveryReport {
    const { name } = this.leg.subscription;
    const timed = this.#durationMs === undefined ? undefined : { durationMs: this.#durationMs };
    return { subscription: name, ...(this.#settlement ?? IN_FLIGHT), ...timed, attempts: this.#attempts };
  }
}
