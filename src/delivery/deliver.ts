import type { BusError } from "../errors.ts";
import type { EventRecord } from "../event/event.ts";
import type { DeliveryReport } from "../outcome.ts";
import { Attempt, type AttemptOwner, type AttemptResult, failureOf } from "./attempt.ts";
import { recordAttempt, recordFailed, recordHandled, startInstant, startProcessSpan } from "./attempt-telemetry.ts";
import type { StoredNote } from "./dead-letter.ts";
import { type Decision, decide, type EndedAttempt } from "./decision.ts";
import { History } from "./history.ts";
import type { DeliveryHost } from "./host.ts";
import type { InFlightWork } from "./in-flight.ts";
import type { Leg } from "./leg.ts";
import type { DeliveryOrigin } from "./origin.ts";
import type { LaneHolder } from "./queue/deadlock.ts";
import type { DropReason } from "./queue/lane-work.ts";
import { Ticket } from "./queue/ticket.ts";
import { RetryWait } from "./retry-wait.ts";
import { abortError, DEDUPLICATED, HANDLED, IN_FLIGHT, isTaken, type Settlement, SKIPPED } from "./settlement.ts";

/** One event going to one subscription: attempts, retries and the one final outcome. */
export class Delivery implements AttemptOwner, InFlightWork<Delivery> {
  readonly host: DeliveryHost;
  readonly leg: Leg;
  previousInFlight: Delivery | undefined;
  nextInFlight: Delivery | undefined;
  readonly origin: DeliveryOrigin<Delivery>;
  /** Attempts started so far. */
  attempts = 0;
  #current: Attempt | undefined;
  /** The publish instant, else the start of the first attempt, on the monotonic clock; 0 where nothing needed a clock. */
  #startedAt = 0;
  #failures: History | undefined;
  #retry: RetryWait | undefined;
  #settlement: Settlement | undefined;
  #durationMs: number | undefined;
  #isInFlight = false;
  #ticket: Ticket | undefined;

  constructor(host: DeliveryHost, leg: Leg, origin: DeliveryOrigin<Delivery>) {
    this.host = host;
    this.leg = leg;
    this.origin = origin;
  }

  get event(): EventRecord {
    return this.origin.event;
  }

  get isSettled(): boolean {
    return this.#settlement !== undefined;
  }

  /** How it ended; undefined while it has not. */
  get settlement(): Settlement | undefined {
    return this.#settlement;
  }

  /** Starts the first attempt, or has it wait for its turn, unless the subscription has gone or the bus is closed. */
  start(): void {
    const { host, origin, leg } = this;
    const { subscription, accounts } = leg;
    const isReplay = origin.replayOf !== undefined;
    // keys and ids may come from user code, which may look at the accounts, close or unsubscribe: before anything counts
    const isNew = isReplay || !subscription.isActive || subscription.takes(origin.event);
    if (subscription.lane !== undefined && isNew) this.#ticket = new Ticket(this, subscription.lane);
    if (isReplay) host.ledger.replays++;
    else accounts.matched();
    if (host.closeReason !== undefined) this.abort("close");
    else if (!subscription.isActive) this.skip();
    else if (!isNew) {
      accounts.deduplicated();
      this.#settle(DEDUPLICATED);
    } else if (this.#ticket === undefined) this.begin();
    else this.#ticket.lane.offer(this.#ticket);
  }

  #settle(settlement: Settlement): void {
    this.#settlement = settlement;
    this.#release();
    this.#ticket?.leave();
  }

  /** Resolves when it has a place in its queue; undefined if it has, or needs none. */
  whenAdmitted(): Promise<void> | undefined {
    return this.#ticket?.whenAdmitted();
  }

  /** Whose slot, or key, what the handler waits for keeps taken. */
  get occupant(): LaneHolder | undefined {
    const { holder, isAwaited } = this.origin;
    return this.#ticket ?? (isAwaited ? holder : undefined);
  }

  /** Starts the first attempt, or the next. */
  begin(): void {
    const { subscription } = this.leg;
    const isFirst = this.attempts === 0;
    const isGone = !subscription.isActive && !subscription.settings.once;
    if (isGone && isFirst) this.skip();
    else if (isGone) this.#giveUp("unsubscribed");
    else {
      if (isFirst && subscription.settings.once) subscription.unsubscribe();
      this.#attempt();
    }
  }

  skip(): void {
    this.leg.accounts.skipped();
    this.#settle(SKIPPED);
  }

  drop(reason: DropReason, error: BusError | undefined): void {
    this.leg.accounts.dropped(reason);
    this.#settle({ outcome: "dropped", reason, ...(error === undefined ? undefined : { error }) });
  }

  /** Takes over a first attempt that turned out to need more than its publication can give. */
  adopt(attempt: Attempt): void {
    this.attempts = 1;
    this.#current = attempt;
    this.#startedAt = this.origin.startedAt || attempt.startedAt;
    attempt.passTo(this);
  }

  #attempt(): void {
    const { telemetry } = this.host;
    const number = ++this.attempts;
    this.leg.accounts.attemptStarted(number);
    const attempt = new Attempt(this, this.leg, number);
    this.#current = attempt;
    const relation = this.origin.relationOf(this.leg, this.#ticket?.wasQueued === true);
    const span = telemetry.isTracing ? startProcessSpan(telemetry, this.origin, { attempt, relation }) : undefined;
    if (this.host.closeReason !== undefined) {
      this.abort("close"); // what runs when a span starts, an extractor say, closed the bus
      span?.end("aborted", undefined, undefined);
      return;
    }
    const now = startInstant(telemetry, this.origin, attempt);
    if (number === 1) this.#startedAt = this.origin.startedAt || now;
    attempt.run(span, now);
  }

  attemptEnded(attempt: Attempt, result: AttemptResult, thrown: unknown): void {
    const { host, leg } = this;
    const now = attempt.startedAt === 0 ? 0 : performance.now();
    if (result === "returned" && attempt.verdict === undefined) {
      attempt.finish();
      leg.accounts.handled();
      leg.accounts.cell.lastSuccessMs = host.clock.now();
      this.#settlement = HANDLED;
      recordHandled(host.telemetry, attempt, { origin: this.origin, now });
      this.#timed(now);
      this.#release();
      this.#ticket?.leave();
      return;
    }
    const failure = host.failures.read(failureOf(attempt, result, thrown));
    const ended: EndedAttempt = { attempt, failure, result, thrown, now, startedAt: this.#startedAt };
    const decision = decide(host, leg, ended);
    if (attempt.isOver) return; // redactor and classifier are user code: one of them closed the bus
    this.#failed(ended, decision);
  }

  #failed(ended: EndedAttempt, decision: Decision): void {
    const { host, leg } = this;
    const { attempt, failure, now } = ended;
    const outcome = ended.result === "timed_out" ? "timed_out" : "failed";
    const isRetry = decision.kind === "retry" && host.closeReason === undefined;
    // the accounts first, in one step: everything after them may run user code, which may look at them, or close the bus
    attempt.finish();
    const cell = leg.accounts.attemptFailed(outcome === "failed" ? "attemptsFailed" : "attemptsTimedOut", failure.type);
    this.#history.add(ended);
    let stored: StoredNote | undefined;
    if (decision.kind === "dead_letter") stored = this.#setAside(outcome, decision.reason);
    else if (decision.kind === "discard") {
      leg.accounts.discarded(outcome, decision.label);
      this.#settlement = { outcome, disposition: "discarded", reason: decision.reason, error: failure.error };
    } else if (isRetry) this.#retryAfter(decision.delayMs);
    else this.#cut("close"); // the handler, or a sibling, closed the bus

    const disposition = stored !== undefined ? "dead_lettered" : decision.kind === "discard" ? "discarded" : undefined;
    const told = { outcome: isRetry ? "retry" : outcome, disposition, isThrown: ended.result !== "returned" } as const;
    recordFailed(host.telemetry, this.origin, { attempt, failure, cell, now, ...told });
    if (!isRetry) {
      this.#timed(now);
      stored?.announce();
      this.#release();
    }
    this.#history.reportAttempt(ended, outcome, isRetry ? decision : { ...decision, delayMs: undefined });
    if (stored !== undefined) this.#history.report(this.#settlement ?? IN_FLIGHT, outcome, stored.id);
    if (outcome === "timed_out") attempt.abort(ended.thrown as BusError);
    if (isRetry) this.#ticket?.rest();
    else this.#ticket?.leave();
  }

  get #history(): History {
    this.#failures ??= new History(this);
    return this.#failures;
  }

  #retryAfter(delayMs: number): void {
    this.outlivesTurn();
    this.#retry ??= new RetryWait(this.leg.accounts);
    this.#retry.start(delayMs, () => {
      const { lane } = this.leg.subscription; // there may be one by now: it is paused
      if (lane !== undefined) this.#ticket ??= new Ticket(this, lane);
      if (this.#ticket === undefined) this.begin();
      else this.#ticket.lane.rejoin(this.#ticket);
    });
  }

  /** Dead-letters the delivery if it waits for a retry later than `instant` on the monotonic clock. */
  giveUpAfter(instant: number, reason: string): void {
    if (!this.#retry?.isDueAfter(instant)) return;
    this.#retry.stop();
    this.#giveUp(reason);
  }

  #giveUp(reason: string): void {
    const { outcome } = this.#history;
    const stored = this.#setAside(outcome, reason);
    this.#timed(this.#startedAt === 0 ? 0 : performance.now());
    stored.announce();
    this.#release();
    this.#history.report(this.#settlement ?? IN_FLIGHT, outcome, stored.id);
    this.#ticket?.leave();
  }

  /** Ends the delivery at once: a running handler's signal is aborted, a waiting retry is cancelled. */
  abort(label: "close" | "deadline"): void {
    if (this.isSettled) return;
    const { host, leg } = this;
    const attempt = this.#current;
    const isRunning = attempt !== undefined && !attempt.isOver;
    const cause = abortError(label);
    const failure = host.failures.own(cause);
    let cell = leg.accounts.cell;
    this.#retry?.stop();
    this.#ticket?.countOut();
    if (isRunning) {
      attempt.finish();
      cell = leg.accounts.attemptFailed("attemptsAborted", failure.type);
      this.#history.add({ attempt, failure });
    }
    const stored = this.#cut(label);
    if (isRunning) {
      recordAttempt(host.telemetry, attempt, { cell, now: performance.now(), errorType: failure.type });
      attempt.span?.end("aborted", undefined, { failure, record: false, isFinal: true });
    }
    stored?.announce();
    this.#release();
    if (isRunning) attempt.abort(cause); // late: listeners of the signal run user code
    this.#ticket?.leave();
  }

  /** Settles as aborted; a deadline sets the event aside all the same. */
  #cut(label: "close" | "deadline"): StoredNote | undefined {
    this.leg.accounts.aborted(label);
    this.#settlement = { outcome: "aborted", reason: label, error: abortError(label) };
    return label === "deadline" ? this.#history.store(label) : undefined;
  }

  /** Settles as dead-lettered. */
  #setAside(outcome: "failed" | "timed_out", reason: string): StoredNote {
    this.leg.accounts.deadLettered(outcome);
    this.#settlement = { outcome, disposition: "dead_lettered", reason, error: this.#history.error };
    return this.#history.store(reason);
  }

  /** Records the delivery's duration, where a clock was read. */
  #timed(now: number): void {
    if (now === 0 || this.#startedAt === 0) return;
    this.#durationMs = now - this.#startedAt;
    this.host.telemetry.recordDelivery(this.leg.accounts.cell, this.#durationMs / 1000);
  }

  /** Tells the publisher: once, by whoever settled, who then leaves the lane, last, for that starts others. */
  #release(): void {
    if (!isTaken(this.#settlement) && !this.origin.replayOf) this.leg.subscription.forgets(this.event);
    if (this.#isInFlight) {
      this.#isInFlight = false;
      this.host.inFlight.delete(this);
    }
    this.origin.settled(this);
  }

  outlivesTurn(): this {
    if (this.#isInFlight || this.isSettled) return this;
    this.#isInFlight = true;
    this.host.inFlight.add(this);
    if (this.host.closeReason !== undefined) this.abort("close"); // the handler itself closed the bus
    return this;
  }

  /** What the publish result says about this delivery. */
  report(): DeliveryReport {
    const { name } = this.leg.subscription;
    const timed = this.#durationMs === undefined ? undefined : { durationMs: this.#durationMs };
    return { subscription: name, ...(this.#settlement ?? IN_FLIGHT), ...timed, attempts: this.attempts };
  }
}
