import type { DeadLetterErrorInit, StoredNote } from "./dead-letter.ts";
import { type Decision, DRAIN_REASON, type EndedAttempt } from "./decision.ts";
import type { DeliveryHost } from "./host.ts";
import type { Leg } from "./leg.ts";
import type { DeliveryOrigin } from "./origin.ts";
import type { Settlement } from "./settlement.ts";

/** A delivery, as far as its failures go. */
interface FailingDelivery {
  readonly host: DeliveryHost;
  readonly leg: Leg;
  readonly origin: DeliveryOrigin<never>;
  readonly attempts: number;
}

type EndedWork = Pick<EndedAttempt, "attempt" | "failure"> & Partial<Pick<EndedAttempt, "result">>;

/** What was decided after an attempt, and when the next starts. */
interface Told extends Pick<Decision, "kind" | "errorClass"> {
  readonly delayMs: number | undefined;
}

/** The failed attempts of one delivery, and what is made of them in the end. */
export class History {
  readonly #delivery: FailingDelivery;
  readonly #errors: DeadLetterErrorInit[] = [];
  /** The last failed attempt, and how it ended, where it did by itself. */
  #last: EndedWork | undefined;

  constructor(delivery: FailingDelivery) {
    this.#delivery = delivery;
  }

  add(ended: EndedWork): void {
    const { attempt, failure } = ended;
    this.#last = ended;
    this.#errors.push({ attempt: attempt.attempt, failure, span: attempt.span, at: Date.now() });
  }

  /** How the delivery ends if nothing more is tried. */
  get outcome(): "failed" | "timed_out" {
    return this.#last?.result === "timed_out" ? "timed_out" : "failed";
  }

  /** What the last attempt threw. */
  get error(): unknown {
    return this.#errors.at(-1)?.failure.error;
  }

  /** Makes a dead letter of the event. */
  store(reason: string): StoredNote {
    const { host, leg, origin, attempts } = this.#delivery;
    const { event, context, replayOf } = origin;
    const isOwnReason = this.#last?.attempt.verdict?.kind !== "dead_letter"; // not a handler's word that reads the same
    if (reason === DRAIN_REASON && isOwnReason) host.noteGivenUp(event, leg.subscription.name);
    return host.deadLetters.store({ event, leg, context, replayOf, reason, errors: this.#errors, attempts });
  }

  /** Tells the listeners of failed attempts, unless the failure was part of the business. */
  reportAttempt(ended: EndedAttempt, outcome: "failed" | "timed_out", decision: Told): void {
    if (decision.kind === "discard") return;
    const { host, leg, origin } = this.#delivery;
    const { errorClass, delayMs: retryInMs } = decision;
    const failed = { event: origin.event, subscription: leg.subscription.name, error: ended.failure.error, outcome };
    host.reportAttemptFailure({ ...failed, attempt: ended.attempt.attempt, errorClass, retryInMs });
  }

  /** Tells the error listeners that the delivery failed for good. */
  report({ error, reason = "" }: Settlement, outcome: "failed" | "timed_out", deadLetterId: string): void {
    const { host, leg, origin, attempts } = this.#delivery;
    const failed = { event: origin.event, subscription: leg.subscription.name, error, outcome, reason, deadLetterId };
    host.reportFailure({ ...failed, disposition: "dead_lettered", attempts });
  }
}
