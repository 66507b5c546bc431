import { LABELS, SERIES } from "../../../dashboards/generator/prometheus-names.ts";
import { equal, type Matcher, notEqual, select } from "../../../dashboards/generator/promql.ts";
import type { HubRun } from "../programs/replay-hub.ts";
import { HUB } from "./hub-run.ts";

/** A number of the bus's ledger, and the series whose sum must be it. */
export interface LedgerMetric {
  readonly what: string;
  readonly count: (run: HubRun) => number;
  readonly series: string;
}

type Ledger = HubRun["ledger"];

const settled = ({ handled, failed, timedOut, skipped, dropped, aborted, deduplicated }: Ledger): number =>
  handled + failed + timedOut + skipped + dropped + aborted + deduplicated;
const refused = (ledger: Ledger): number => Object.values(ledger.refused).reduce((sum, each) => sum + each, 0);

/** Every number of the ledger that has a metric, histograms included: their counts must agree too. */
export const LEDGER_METRICS: readonly LedgerMetric[] = [
  metric("accepted", ({ accepted }) => accepted, SERIES.sent, equal(LABELS.errorType, "")),
  metric("published", ({ published }) => published, SERIES.sent),
  metric("refused", refused, SERIES.refused),
  metric("refused for its data", (ledger) => ledger.refused.invalid_data ?? 0, SERIES.refused, refusal("invalid_data")),
  metric("publish durations", ({ published }) => published, `${SERIES.operationDuration}_count`),
  metric("unrouted", ({ unrouted }) => unrouted, SERIES.unrouted),
  metric("scheduled", ({ scheduled }) => scheduled, SERIES.scheduled),
  metric("matched", ({ matched }) => matched, SERIES.matched),
  metric("settled", settled, SERIES.deliveries),
  metric("handled", ({ handled }) => handled, SERIES.deliveries, outcome("handled")),
  metric("failed", ({ failed }) => failed, SERIES.deliveries, outcome("failed")),
  metric("timed out", ({ timedOut }) => timedOut, SERIES.deliveries, outcome("timed_out")),
  metric("skipped", ({ skipped }) => skipped, SERIES.deliveries, outcome("skipped")),
  metric("dropped", ({ dropped }) => dropped, SERIES.deliveries, outcome("dropped")),
  metric("aborted", ({ aborted }) => aborted, SERIES.deliveries, outcome("aborted")),
  metric("dead-lettered", ({ deadLettered }) => deadLettered, SERIES.deliveries, disposition("dead_lettered")),
  metric("discarded", ({ discarded }) => discarded, SERIES.deliveries, disposition("discarded")),
  metric("in flight", ({ queued, running, waitingForRetry }) => queued + running + waitingForRetry, SERIES.inFlight),
  metric("delivery durations", settled, `${SERIES.deliveryDuration}_count`),
  metric("waits", ({ deliveriesStarted }) => deliveriesStarted, `${SERIES.waitDuration}_count`),
  metric("attempts", ({ attempts }) => attempts, SERIES.consumed),
  metric("attempts that went well", ({ handled }) => handled, SERIES.consumed, equal(LABELS.errorType, "")),
  metric(
    "attempts that went wrong",
    ({ attemptsFailed, attemptsTimedOut, attemptsAborted }) => attemptsFailed + attemptsTimedOut + attemptsAborted,
    SERIES.consumed,
    notEqual(LABELS.errorType, ""),
  ),
  metric(
    "attempts that timed out",
    (ledger) => ledger.attemptsTimedOut,
    SERIES.consumed,
    equal(LABELS.errorType, "timeout"),
  ),
  metric("attempt durations", ({ attempts }) => attempts, `${SERIES.processDuration}_count`),
  metric("retries", ({ retries }) => retries, SERIES.retries),
  metric("late results", ({ lateResults }) => lateResults, SERIES.lateResults),
  metric("dead letters held", ({ deadLettersStored }) => deadLettersStored, SERIES.deadLettersStored),
  metric(
    "dead letters stored",
    ({ deadLettered, cutByDeadline }) => deadLettered + cutByDeadline,
    SERIES.deadLetterEvents,
    equal(LABELS.deadLetterOperation, "stored"),
  ),
  ...(["exported", "dropped", "failed"] as const).map((result) => ({
    what: `spans ${result}`,
    count: ({ telemetry }: HubRun) => telemetry.spans[result],
    series: ofHub(SERIES.telemetrySpans, equal(LABELS.telemetryResult, result)),
  })),
  metric("spans, as Jaeger counted them", ({ spansEnded }) => spansEnded, "traces_span_metrics_calls_total"),
];

function metric(what: string, count: (ledger: Ledger) => number, series: string, matcher?: Matcher): LedgerMetric {
  return { what, count: ({ ledger }) => count(ledger), series: ofHub(series, matcher) };
}

function ofHub(series: string, matcher?: Matcher): string {
  return select(series, [equal(LABELS.service, HUB), ...(matcher ? [matcher] : [])]);
}

function outcome(value: string): Matcher {
  return equal(LABELS.outcome, value);
}

function disposition(value: string): Matcher {
  return equal(LABELS.disposition, value);
}

function refusal(value: string): Matcher {
  return equal(LABELS.refusalReason, value);
}
