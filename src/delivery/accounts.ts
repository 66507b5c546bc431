import { countFailedAttempt, countOutcome, type DeliveryCell } from "../telemetry/cells.ts";
import type { OpenLedger } from "./ledger.ts";
import type { DropReason } from "./queue/lane-work.ts";

/** Why a delivery was discarded or aborted, as a metric label: a handler's own words would have no bound. */
export type ReasonLabel = "handler" | "expected" | "close" | "deadline";

/**
 * The books of one subscription and destination: each fact is written to the bus's ledger and to the process-wide cell
 * in one place, so that ledger and metrics cannot disagree.
 */
export class Accounts {
  readonly ledger: OpenLedger;
  readonly cell: DeliveryCell;

  constructor(ledger: OpenLedger, cell: DeliveryCell) {
    this.ledger = ledger;
    this.cell = cell;
  }

  /** A handler is called at once, in the turn of its publish: two counts a delivery, from which the others follow. */
  callBegan(): void {
    this.ledger.callsBegun++;
    this.cell.callsBegun++;
  }

  /** It has returned, and that was the delivery. */
  callReturned(): void {
    this.ledger.callsReturned++;
    this.cell.callsReturned++;
  }

  /** It has not just returned: from here on, its delivery is counted step by step. */
  callBecameDelivery(): void {
    this.ledger.callsBegun--;
    this.cell.callsBegun--;
    this.matched();
    this.attemptStarted(1);
  }

  matched(): void {
    this.ledger.matched++;
    this.cell.matched++;
  }

  attemptStarted(attempt: number): void {
    const { ledger, cell } = this;
    ledger.attempts++;
    ledger.attemptsRunning++;
    ledger.running++;
    cell.running++;
    if (attempt === 1) {
      ledger.deliveriesStarted++;
      return;
    }
    ledger.retries++;
    cell.retries++;
  }

  /** Returns the cell whose labels the attempt's duration belongs to. */
  attemptFailed(how: "attemptsFailed" | "attemptsTimedOut" | "attemptsAborted", errorType: string): DeliveryCell {
    this.#attemptEnded();
    this.ledger[how]++;
    return countFailedAttempt(this.cell, errorType);
  }

  #attemptEnded(): void {
    this.ledger.attemptsRunning--;
    this.ledger.running--;
    this.cell.running--;
  }

  /** A delivery began (1) or stopped (-1) waiting for its next attempt. */
  waiting(change: 1 | -1): void {
    this.ledger.waitingForRetry += change;
    this.cell.waitingForRetry += change;
  }

  /** A handler returned after its attempt was over. */
  late(): void {
    this.ledger.lateResults++;
    this.cell.lateResults++;
  }

  /** An attempt succeeded, and its delivery with it. */
  handled(): void {
    const { ledger, cell } = this;
    this.#attemptEnded();
    cell.consumed++;
    ledger.handled++;
    cell.handled++;
  }

  deadLettered(outcome: "failed" | "timed_out"): void {
    this.ledger[outcome === "failed" ? "failed" : "timedOut"]++;
    this.ledger.deadLettered++;
    countOutcome(this.cell, `${outcome}|dead_lettered|`);
  }

  discarded(outcome: "failed" | "timed_out", label: ReasonLabel): void {
    this.ledger[outcome === "failed" ? "failed" : "timedOut"]++;
    this.ledger.discarded++;
    countOutcome(this.cell, `${outcome}|discarded|${label}`);
  }

  aborted(label: ReasonLabel): void {
    this.ledger.aborted++;
    if (label === "deadline") this.ledger.cutByDeadline++;
    countOutcome(this.cell, `aborted||${label}`);
  }

  /** A delivery began (1) or stopped (-1) waiting for its turn. */
  queued(change: 1 | -1): void {
    this.ledger.queued += change;
    this.cell.queued += change;
  }

  dropped(reason: DropReason): void {
    this.ledger.dropped++;
    countOutcome(this.cell, `dropped||${reason}`);
  }

  deduplicated(): void {
    this.ledger.deduplicated++;
    countOutcome(this.cell, "deduplicated||");
  }

  skipped(): void {
    this.ledger.skipped++;
    countOutcome(this.cell, "skipped||");
  }

  /** A dead letter came (`stored`) or went. */
  deadLetter(operation: "stored" | "replayed" | "removed" | "evicted"): void {
    const { deadLetters } = this.cell;
    deadLetters[operation]++;
    const change = operation === "stored" ? 1 : -1;
    deadLetters.held += change;
    this.ledger.deadLettersStored += change;
    if (operation === "replayed") this.ledger.deadLettersReplayed++;
    if (operation === "removed") this.ledger.deadLettersRemoved++;
    if (operation === "evicted") this.ledger.deadLettersEvicted++;
  }
}
