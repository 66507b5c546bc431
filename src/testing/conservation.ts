import type { Ledger } from "../delivery/ledger.ts";

/** The ledger of a bus at one instant, as `bus.stats()` returns it: non-negative whole numbers. */
export type LedgerSnapshot = Readonly<Ledger>;

/** A number of the ledger; `refused` counts as the sum of its codes. */
export type LedgerTerm = Exclude<keyof LedgerSnapshot, "spansStarted" | "spansEnded">;

/** What `in_flight` is made of. */
export const IN_FLIGHT: readonly LedgerTerm[] = ["queued", "running", "waitingForRetry"];

/** Where dead letters are now. */
export const DEAD_LETTERS: readonly LedgerTerm[] = [
  "deadLettersStored",
  "deadLettersReplayed",
  "deadLettersRemoved",
  "deadLettersEvicted",
];

/** The conservation law: each left side sums to its right side, at every instant. */
const LAWS: readonly (readonly [left: readonly LedgerTerm[], right: readonly LedgerTerm[]])[] = [
  [["published"], ["accepted", "refused", "validating"]],
  [["accepted"], ["dispatched", "scheduled", "cancelled"]],
  [
    ["matched", "replays"],
    ["handled", "failed", "timedOut", "skipped", "dropped", "aborted", "deduplicated", ...IN_FLIGHT],
  ],
  [
    ["failed", "timedOut"],
    ["deadLettered", "discarded"],
  ],
  [["attempts"], ["handled", "attemptsFailed", "attemptsTimedOut", "attemptsAborted", "attemptsRunning"]],
  [["attempts"], ["deliveriesStarted", "retries"]],
  [["attemptsRunning"], ["running"]],
  [["deadLettered", "cutByDeadline"], DEAD_LETTERS],
];

/** Every equation of the conservation law that the ledger breaks, with its numbers; empty when it holds. */
export function conservationViolations(ledger: LedgerSnapshot): string[] {
  return [...notCounts(ledger), ...brokenLaws(ledger), ...brokenBounds(ledger)];
}

function notCounts(ledger: LedgerSnapshot): string[] {
  const { refused, ...numbers } = ledger;
  const reasons = Object.entries(refused).map(([code, count]) => [`refused.${code}`, count] as const);
  return [...Object.entries(numbers), ...reasons]
    .filter(([, count]) => count !== undefined && !(Number.isSafeInteger(count) && count >= 0))
    .map(([name, count]) => `${name} is ${count}, not a count`);
}

function brokenLaws(ledger: LedgerSnapshot): string[] {
  return LAWS.flatMap(([left, right]) => {
    const [leftSum, rightSum] = [total(ledger, left), total(ledger, right)];
    return leftSum === rightSum ? [] : [`${spell(ledger, left)} is not ${spell(ledger, right)}`];
  });
}

function brokenBounds(ledger: LedgerSnapshot): string[] {
  const broken: string[] = [];
  if (ledger.unrouted > ledger.dispatched) {
    broken.push(`${spell(ledger, ["unrouted"])} is more than ${spell(ledger, ["dispatched"])}`);
  }
  if (ledger.cutByDeadline > ledger.aborted) {
    broken.push(`${spell(ledger, ["cutByDeadline"])} is more than ${spell(ledger, ["aborted"])}`);
  }
  const { spansStarted, spansEnded } = ledger;
  const isQuiet = total(ledger, [...IN_FLIGHT, "validating"]) === 0;
  if (isQuiet ? spansStarted !== spansEnded : spansStarted < spansEnded) {
    broken.push(`spansStarted ${spansStarted} is not spansEnded ${spansEnded}`);
  }
  return broken;
}

/** The sum of some of the ledger's numbers. */
export function total(ledger: LedgerSnapshot, terms: readonly LedgerTerm[]): number {
  return terms.reduce((sum, term) => sum + countOf(ledger, term), 0);
}

function countOf(ledger: LedgerSnapshot, term: LedgerTerm): number {
  return term === "refused" ? Object.values(ledger.refused).reduce((sum, count) => sum + count, 0) : ledger[term];
}

function spell(ledger: LedgerSnapshot, terms: readonly LedgerTerm[]): string {
  const text = terms.map((term) => `${term} ${countOf(ledger, term)}`).join(" + ");
  return terms.length === 1 ? text : `${text} (${total(ledger, terms)})`;
}
