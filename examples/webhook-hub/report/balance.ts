import type { Ledger } from "spanbus";

/** One number of an equation. */
export interface Term {
  readonly label: string;
  readonly count: number;
}

/** Two sums that must be equal. */
export interface Equation {
  readonly left: readonly Term[];
  readonly right: readonly Term[];
  readonly isBalanced: boolean;
}

/** What the report counted by itself, to be compared with the bus's own accounts. */
export interface Counted {
  /** Deliveries and retries of the table of handlers. */
  readonly calls: number;
  readonly retries: number;
}

/** The conservation law of a drained bus, with its numbers. */
export function equationsOf(ledger: Readonly<Ledger>, counted: Counted): readonly Equation[] {
  const refused = Object.values(ledger.refused).reduce((sum, each) => sum + each, 0);
  const inFlight = ledger.queued + ledger.running + ledger.waitingForRetry;
  return [
    equation({ published: ledger.published }, { accepted: ledger.accepted, refused, validating: ledger.validating }),
    equation({ accepted: ledger.accepted }, { dispatched: ledger.dispatched }),
    equation(
      { matched: ledger.matched, replays: ledger.replays },
      {
        handled: ledger.handled,
        failed: ledger.failed,
        "timed out": ledger.timedOut,
        skipped: ledger.skipped,
        dropped: ledger.dropped,
        aborted: ledger.aborted,
        deduplicated: ledger.deduplicated,
        "in flight": inFlight,
      },
    ),
    equation(
      { queued: ledger.queued, running: ledger.running, "waiting for retry": ledger.waitingForRetry },
      { "left by the drain": 0 },
    ),
    equation(
      { failed: ledger.failed, "timed out": ledger.timedOut },
      { "dead-lettered": ledger.deadLettered, discarded: ledger.discarded },
    ),
    equation(
      { attempts: ledger.attempts },
      {
        handled: ledger.handled,
        failed: ledger.attemptsFailed,
        "timed out": ledger.attemptsTimedOut,
        aborted: ledger.attemptsAborted,
        running: ledger.attemptsRunning,
      },
    ),
    equation(
      { attempts: ledger.attempts },
      { "deliveries started": ledger.deliveriesStarted, retries: ledger.retries },
    ),
    equation(
      { "dead-lettered": ledger.deadLettered, "cut by a deadline": ledger.cutByDeadline },
      {
        stored: ledger.deadLettersStored,
        replayed: ledger.deadLettersReplayed,
        removed: ledger.deadLettersRemoved,
        evicted: ledger.deadLettersEvicted,
      },
    ),
    equation({ "spans started": ledger.spansStarted }, { "spans ended": ledger.spansEnded }),
    equation({ "calls in the table": counted.calls }, { matched: ledger.matched }),
    equation({ "retries in the table": counted.retries }, { retries: ledger.retries }),
  ];
}

function equation(left: Readonly<Record<string, number>>, right: Readonly<Record<string, number>>): Equation {
  return { left: termsOf(left), right: termsOf(right), isBalanced: sum(left) === sum(right) };
}

function termsOf(terms: Readonly<Record<string, number>>): readonly Term[] {
  return Object.entries(terms).map(([label, count]) => ({ label, count }));
}

function sum(terms: Readonly<Record<string, number>>): number {
  return Object.values(terms).reduce((total, each) => total + each, 0);
}
