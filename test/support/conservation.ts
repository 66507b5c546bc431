import type { Ledger } from "../../src/delivery/ledger.ts";
import { type ReceivedAttributes, type ReceivedMetric, selectMetric, sumOfPoints } from "./otlp-receiver.ts";

/** The ledger of a bus at one instant, as `bus.stats()` returns it: non-negative whole numbers. */
export type LedgerSnapshot = Readonly<Ledger>;

type Term = Exclude<keyof LedgerSnapshot, "spansStarted" | "spansEnded">;

/** What `in_flight` is made of. */
const IN_FLIGHT: readonly Term[] = ["queued", "running", "waitingForRetry"];

const DEAD_LETTERS: readonly Term[] = [
  "deadLettersStored",
  "deadLettersReplayed",
  "deadLettersRemoved",
  "deadLettersEvicted",
];

/** The conservation law: each left side sums to its right side, at every instant. */
const LAWS: readonly (readonly [left: readonly Term[], right: readonly Term[]])[] = [
  [["published"], ["accepted", "refused", "validating"]],
  [["accepted"], ["dispatched"]],
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

/** Every metric of the telemetry contract that differs from its ledger number; empty when all are equal. */
export function metricViolations(ledger: LedgerSnapshot, metrics: readonly ReceivedMetric[]): string[] {
  return [...expectedMetrics(ledger), ...expectedReasons(ledger, metrics)].flatMap(([name, labels, expected]) => {
    const found = sumOfPoints(metrics, name, labels);
    // A series that nothing was counted into may be missing.
    return found === expected || (found === undefined && expected === 0)
      ? []
      : [`${name}${spellLabels(labels)} is ${found ?? "absent"}, the ledger says ${expected}`];
  });
}

type Expected = readonly [name: string, labels: ReceivedAttributes, value: number];

function expectedMetrics(ledger: LedgerSnapshot): Expected[] {
  const publishes = total(ledger, ["accepted", "refused"]);
  // Both carry `error.type`, so they can count an attempt only when it has ended.
  const attempts = ledger.attempts - ledger.attemptsRunning;
  const byOutcome = ["handled", "failed", "timedOut", "skipped", "dropped", "aborted", "deduplicated"] as const;
  const byState = ["queued", "running", "waitingForRetry"] as const;
  const outcome = "spanbus.delivery.outcome";
  const disposition = "spanbus.delivery.disposition";
  const operation = "spanbus.dead_letter.operation";
  return [
    ["messaging.client.sent.messages", {}, publishes],
    ["messaging.client.operation.duration", { "messaging.operation.name": "publish" }, publishes],
    ["messaging.client.consumed.messages", {}, attempts],
    ["messaging.process.duration", {}, attempts],
    ["spanbus.event.refused", {}, total(ledger, ["refused"])],
    ["spanbus.event.unrouted", {}, ledger.unrouted],
    ["spanbus.delivery.matched", {}, ledger.matched],
    ["spanbus.deliveries", {}, total(ledger, byOutcome)],
    ...byOutcome.map((term): Expected => ["spanbus.deliveries", { [outcome]: snakeCase(term) }, ledger[term]]),
    ["spanbus.deliveries", { [disposition]: "dead_lettered" }, ledger.deadLettered],
    ["spanbus.deliveries", { [disposition]: "discarded" }, ledger.discarded],
    ["spanbus.delivery.in_flight", {}, total(ledger, IN_FLIGHT)],
    ...byState.map((term): Expected => {
      return ["spanbus.delivery.in_flight", { "spanbus.delivery.state": snakeCase(term) }, ledger[term]];
    }),
    ["spanbus.delivery.late_results", {}, ledger.lateResults],
    ["spanbus.handler.retries", {}, ledger.retries],
    // Counts every dead letter ever stored, while the ledger's number is those held now.
    ["spanbus.dead_letter.events", { [operation]: "stored" }, total(ledger, DEAD_LETTERS)],
    ["spanbus.dead_letter.events", { [operation]: "replayed" }, ledger.deadLettersReplayed],
    ["spanbus.dead_letter.events", { [operation]: "removed" }, ledger.deadLettersRemoved],
    ["spanbus.dead_letter.events", { [operation]: "evicted" }, ledger.deadLettersEvicted],
    ["spanbus.dead_letter.stored", {}, ledger.deadLettersStored],
  ];
}

/** One for each refusal reason that either side knows. */
function expectedReasons(ledger: LedgerSnapshot, metrics: readonly ReceivedMetric[]): Expected[] {
  const name = "spanbus.event.refused";
  const label = "spanbus.refusal.reason";
  const counts = new Map(Object.entries(ledger.refused).map(([code, count]) => [code.toLowerCase(), count]));
  const reported = (selectMetric(metrics, name)?.points ?? []).map((point) => String(point.attributes[label]));
  const reasons = [...new Set([...counts.keys(), ...reported])];
  return reasons.map((reason) => [name, { [label]: reason }, counts.get(reason) ?? 0]);
}

function total(ledger: LedgerSnapshot, terms: readonly Term[]): number {
  return terms.reduce((sum, term) => sum + countOf(ledger, term), 0);
}

function countOf(ledger: LedgerSnapshot, term: Term): number {
  return term === "refused" ? Object.values(ledger.refused).reduce((sum, count) => sum + count, 0) : ledger[term];
}

function spell(ledger: LedgerSnapshot, terms: readonly Term[]): string {
  const text = terms.map((term) => `${term} ${countOf(ledger, term)}`).join(" + ");
  return terms.length === 1 ? text : `${text} (${total(ledger, terms)})`;
}

function spellLabels(labels: ReceivedAttributes): string {
  const text = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return text.length === 0 ? "" : `{${text.join(", ")}}`;
}

function snakeCase(term: string): string {
  return term.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
