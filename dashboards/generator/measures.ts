import { LABELS, SERIES } from "./prometheus-names.ts";
import { equal, increase, type Matcher, matches, notEqual, quantile, rate, select, shareOf, sumBy } from "./promql.ts";

/** The window of rates on graphs: wide enough for a few samples, as Grafana works it out. */
export const RATE_WINDOW = "$__rate_interval";

/** The dashboard's time range. */
const WHOLE_RANGE = "$__range";

/** The labels of a row of a table of handlers. */
export const HANDLER_ROW: readonly string[] = [LABELS.service, LABELS.destination, LABELS.subscription];

/** The labels of a row of a table of events. */
export const EVENT_ROW: readonly string[] = [LABELS.service, LABELS.destination];

/** Deliveries that broke the promise: given up after the last attempt, pushed out of a full queue, or cut short. */
export const FAILED: readonly Matcher[] = [
  matches(LABELS.outcome, "failed|timed_out|dropped|aborted"),
  notEqual(LABELS.disposition, "discarded"),
];

/** Deliveries that were promised: not what a handler discarded, nor what nobody tried (skipped, de-duplicated). */
export const JUDGED: readonly Matcher[] = [
  matches(LABELS.outcome, "handled|failed|timed_out|dropped|aborted"),
  notEqual(LABELS.disposition, "discarded"),
];

/** How many per second, by `labels`. */
export function perSecond(metric: string, matchers: readonly Matcher[], labels: readonly string[] = []): string {
  return sumBy(labels, rate(select(metric, matchers), RATE_WINDOW));
}

/**
 * How many in the dashboard's time range, by `labels`. Most counters do not exist before they count something, so of one
 * that was not there before the range all that it says was added, the first addition too, which `increase` leaves out.
 */
export function inRange(metric: string, matchers: readonly Matcher[], labels: readonly string[] = []): string {
  const counter = select(metric, matchers);
  const isNew = `(${counter} unless present_over_time(${counter}[1h] offset ${WHOLE_RANGE}))`;
  return sumBy(labels, `${isNew} or ${increase(counter, WHOLE_RANGE)}`);
}

/** The share of deliveries that ended badly, 0 to 1, by `labels`. */
export function failedShare(scope: readonly Matcher[], labels: readonly string[] = []): string {
  const part = perSecond(SERIES.deliveries, [...scope, ...FAILED], labels);
  return shareOf(part, perSecond(SERIES.deliveries, [...scope, ...JUDGED], labels));
}

interface By {
  readonly matchers: readonly Matcher[];
  readonly labels?: readonly string[];
}

/** The `ratio` quantile of a histogram of durations, in seconds, by `labels`. */
export function durationQuantile(ratio: number, metric: string, { matchers, labels = [] }: By): string {
  return quantile(ratio, labels, rate(select(`${metric}_bucket`, matchers), RATE_WINDOW));
}

/** The same over the dashboard's time range; no data, instead of NaN, where there was nothing. */
export function quantileOfRange(ratio: number, metric: string, { matchers, labels = [] }: By): string {
  return `${quantile(ratio, labels, rate(select(`${metric}_bucket`, matchers), WHOLE_RANGE))} >= 0`;
}

/** A gauge or up-down counter now, added up by `labels`. */
export function total(metric: string, matchers: readonly Matcher[], labels: readonly string[] = []): string {
  return sumBy(labels, select(metric, matchers));
}

/** Attempts that failed with `type`, or with any type. */
export function ofErrorType(type?: string): Matcher {
  return type === undefined ? notEqual(LABELS.errorType, "") : equal(LABELS.errorType, type);
}
