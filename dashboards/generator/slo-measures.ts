import { LABELS, SERIES } from "./prometheus-names.ts";
import { type Matcher, rate, select, sumBy } from "./promql.ts";
import { LATENCY, type RecordedObjective, type Window } from "./rules/recorded-series.ts";

/** How fast the error budget burns: at 1 it lasts just as long as the objective's window. */
export function burnRate(objective: RecordedObjective, window: Window, scope: readonly Matcher[]): string {
  return `${select(objective.badRatio(window), scope)} / ${select(objective.budget, scope)}`;
}

/** The share of the error budget left over the longest window, below 0 when overdrawn. */
export function budgetLeft(objective: RecordedObjective, scope: readonly Matcher[]): string {
  return `1 - ${burnRate(objective, "3d", scope)}`;
}

/** The share of deliveries within their event's time limit over the last five minutes, whatever their event. */
export function shareInTime(scope: readonly Matcher[]): string {
  const slow = select(LATENCY.badRatio("5m"), scope);
  const speed = sumBy(LATENCY.labels, rate(select(`${SERIES.deliveryDuration}_count`, scope), "5m"));
  return `1 - sum(${slow} * ${speed}) / (sum(${speed} and ${slow}) > 0)`;
}

/** `expression`, keeping the labels that rows of tables have. */
export function worstBy(labels: readonly string[], operator: "min" | "max", expression: string): string {
  return `${operator} by (${labels.join(", ")}) (${expression})`;
}

/** Alerts that fire, the always-firing watchdog left out. Prometheus itself makes the series, whatever the rules. */
export const FIRING_ALERTS = `ALERTS{alertstate="firing", alertname!~".*Watchdog"}`;

/** The labels of a row of the table of alerts. */
export const ALERT_ROW: readonly string[] = [
  "alertname",
  "severity",
  LABELS.service,
  LABELS.destination,
  LABELS.subscription,
];
