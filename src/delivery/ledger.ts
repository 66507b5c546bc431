/**
 * The accounts of one bus, plain integers. The conservation law ties them together; every number has its metric.
 * `bus.stats()` returns a copy.
 */
export interface Ledger {
  /** Publish calls. */
  published: number;
  /** Publish calls that were not refused. */
  accepted: number;
  /** Refused publish calls, by code in lower snake case. */
  refused: Record<string, number>;
  /** Publish calls waiting for an asynchronous schema. */
  validating: number;
  /** Accepted events handed to their subscriptions, however many those are. */
  dispatched: number;
  /** Dispatched events that matched no subscription. */
  unrouted: number;
  /** Accepted events that wait for their time. */
  scheduled: number;
  /** Scheduled events that a drain or a close cancelled. */
  cancelled: number;
  /** Deliveries made by publishing. */
  matched: number;
  /** Deliveries made by replaying dead letters. */
  replays: number;
  /** Deliveries that ended well. */
  handled: number;
  /** Deliveries whose last attempt threw. */
  failed: number;
  /** Deliveries whose last attempt took longer than `timeoutMs`. */
  timedOut: number;
  /** Deliveries whose subscription ended before they started. */
  skipped: number;
  /** Deliveries that a full queue had no room for. */
  dropped: number;
  /** Deliveries that `close()` or a drain deadline cut short. */
  aborted: number;
  /** Deliveries of an event that the subscription had taken before. */
  deduplicated: number;
  /** Deliveries that wait for their first attempt now. */
  queued: number;
  /** Deliveries with an attempt under way now. */
  running: number;
  /** Deliveries that wait for their next attempt now. */
  waitingForRetry: number;
  /** Failed and timed-out deliveries whose events were set aside. */
  deadLettered: number;
  /** Failed deliveries whose events the handler or classifier gave up. */
  discarded: number;
  /** Deliveries of which at least one attempt started. */
  deliveriesStarted: number;
  /** Attempts started. */
  attempts: number;
  /** Attempts that threw. */
  attemptsFailed: number;
  /** Attempts that took longer than `timeoutMs`. */
  attemptsTimedOut: number;
  /** Attempts cut short. */
  attemptsAborted: number;
  /** Attempts under way now. */
  attemptsRunning: number;
  /** Attempts after the first. */
  retries: number;
  /** Handlers that returned after their attempt had timed out or been aborted. */
  lateResults: number;
  /** Aborted deliveries that a drain deadline cut, whose events became dead letters all the same. */
  cutByDeadline: number;
  /** Dead letters held now. */
  deadLettersStored: number;
  /** Dead letters that a replay took away. */
  deadLettersReplayed: number;
  /** Dead letters that `remove` took away. */
  deadLettersRemoved: number;
  /** Dead letters pushed out because more than `deadLetters.capacity` were held. */
  deadLettersEvicted: number;
  /** Spans of the bus. */
  spansStarted: number;
  /** Spans of the bus that have ended. */
  spansEnded: number;
}

/** The ledger as it is written. Handlers called at once make two counts each; `readLedger` adds what follows from them. */
export interface OpenLedger extends Ledger {
  callsBegun: number;
  callsReturned: number;
}

/** The accounts as they stand. */
export function readLedger({ callsBegun, callsReturned, ...ledger }: OpenLedger): Ledger {
  const running = callsBegun - callsReturned;
  return {
    ...ledger,
    refused: { ...ledger.refused },
    matched: ledger.matched + callsBegun,
    handled: ledger.handled + callsReturned,
    running: ledger.running + running,
    deliveriesStarted: ledger.deliveriesStarted + callsBegun,
    attempts: ledger.attempts + callsBegun,
    attemptsRunning: ledger.attemptsRunning + running,
  };
}

/** A ledger with everything at zero. */
export function createLedger(): OpenLedger {
  return {
    callsBegun: 0,
    callsReturned: 0,
    published: 0,
    accepted: 0,
    refused: {},
    validating: 0,
    dispatched: 0,
    unrouted: 0,
    scheduled: 0,
    cancelled: 0,
    matched: 0,
    replays: 0,
    handled: 0,
    failed: 0,
    timedOut: 0,
    skipped: 0,
    dropped: 0,
    aborted: 0,
    deduplicated: 0,
    queued: 0,
    running: 0,
    waitingForRetry: 0,
    deadLettered: 0,
    discarded: 0,
    deliveriesStarted: 0,
    attempts: 0,
    attemptsFailed: 0,
    attemptsTimedOut: 0,
    attemptsAborted: 0,
    attemptsRunning: 0,
    retries: 0,
    lateResults: 0,
    cutByDeadline: 0,
    deadLettersStored: 0,
    deadLettersReplayed: 0,
    deadLettersRemoved: 0,
    deadLettersEvicted: 0,
    spansStarted: 0,
    spansEnded: 0,
  };
}
