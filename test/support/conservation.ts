import {
  conservationViolations,
  DEAD_LETTERS,
  IN_FLIGHT,
  type LedgerSnapshot,
  total,
} from "../../src/testing/conservation.ts";
import { type ReceivedAttributes, type ReceivedMetric, selectMetric, sumOfPoints } from "./otlp-receiver.ts";

export { conservationViolations, type LedgerSnapshot };

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

function spellLabels(labels: ReceivedAttributes): string {
  const text = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return text.length === 0 ? "" : `{${text.join(", ")}}`;
}

function snakeCase(term: string): string {
  return term.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
