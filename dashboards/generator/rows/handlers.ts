import type { Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { boardLink, failedTracesLink, rowLabel, runbookLink } from "../grafana/links.ts";
import type { StackLinks } from "../grafana/stack-links.ts";
import { labelColumn, table } from "../grafana/table.ts";
import { EVENT_ROW, FAILED, HANDLER_ROW, inRange, JUDGED, quantileOfRange, total } from "../measures.ts";
import { LABELS, SERIES } from "../prometheus-names.ts";
import { equal, shareOf } from "../promql.ts";
import type { Scope } from "../scope.ts";
import { ALERT_ROW, FIRING_ALERTS } from "../slo-measures.ts";

/** Every handler with its failures, the worst first; a row leads to the handler, its failures to their traces. */
export function handlersTable({ delivered }: Scope, { jaegerBaseUrl }: StackLinks): Panel {
  const drillDown = boardLink("Handler", "handler", {
    service: rowLabel("service"),
    event: rowLabel("destination"),
    handler: rowLabel("subscription"),
  });
  const failedTraces = failedTracesLink(jaegerBaseUrl, rowLabel("service"), rowLabel("subscription"));
  const failed = inRange(SERIES.deliveries, [...delivered, ...FAILED], HANDLER_ROW);
  const judged = inRange(SERIES.deliveries, [...delivered, ...JUDGED], HANDLER_ROW);
  return table({
    title: "Handlers, most failures first",
    description:
      "In the chosen time range. **Click a handler** for its page and traces, or a number of failures for the failed traces in Jaeger.",
    sortBy: "Failures",
    labels: [
      labelColumn("subscription", "Handler", [drillDown]),
      labelColumn("destination", "Event", [drillDown]),
      labelColumn("service", "Service"),
    ],
    values: [
      {
        title: "Failures",
        expression: failed,
        unit: "short",
        decimals: 0,
        limits: { critical: 0.5 }, // an increase is extrapolated: one failure may read 0.9
        links: [failedTraces],
      },
      {
        title: "Failed share",
        expression: shareOf(failed, judged),
        unit: "percentunit",
        decimals: 2,
        limits: { warning: 0.001, critical: 0.01 },
      },
      {
        title: "Handled",
        expression: inRange(SERIES.deliveries, [...delivered, equal(LABELS.outcome, "handled")], HANDLER_ROW),
        unit: "short",
        decimals: 0,
      },
      { title: "Retries", expression: inRange(SERIES.retries, delivered, HANDLER_ROW), unit: "short", decimals: 0 },
      {
        title: "p95",
        expression: quantileOfRange(0.95, SERIES.processDuration, { matchers: delivered, labels: HANDLER_ROW }),
        unit: "s",
      },
      { title: "In flight", expression: total(SERIES.inFlight, delivered, HANDLER_ROW), unit: "short", decimals: 0 },
      {
        title: "Dead letters held",
        expression: total(SERIES.deadLettersStored, delivered, HANDLER_ROW),
        unit: "short",
        decimals: 0,
        limits: { critical: 1 },
      },
    ],
  });
}

/** Every event with what became of its publish calls; a row leads to the event's handlers. */
export function eventsTable({ published }: Scope): Panel {
  const drillDown = boardLink("Event", "handler", { service: rowLabel("service"), event: rowLabel("destination") });
  return table({
    title: "Events, most published first",
    description: "Publish calls in the chosen time range. **Click an event** for its handlers.",
    sortBy: "Published",
    labels: [labelColumn("destination", "Event", [drillDown]), labelColumn("service", "Service")],
    values: [
      { title: "Published", expression: inRange(SERIES.sent, published, EVENT_ROW), unit: "short", decimals: 0 },
      {
        title: "Refused",
        expression: inRange(SERIES.refused, published, EVENT_ROW),
        unit: "short",
        decimals: 0,
        limits: { critical: 0.5 },
      },
      {
        title: "Unrouted",
        expression: inRange(SERIES.unrouted, published, EVENT_ROW),
        unit: "short",
        decimals: 0,
        limits: { warning: 0.5 },
      },
      {
        title: "Publish p99",
        expression: quantileOfRange(0.99, SERIES.operationDuration, { matchers: published, labels: EVENT_ROW }),
        unit: "s",
      },
    ],
  });
}

/** The alerts that fire now; a row leads to the alert's runbook. */
export function alertsTable({ runbookBaseUrl }: StackLinks): Panel {
  return table({
    title: "Firing alerts",
    description: "Of all services. **Click an alert** for its runbook: what it means, what to look at, what to do.",
    noValue: "no alert fires",
    sortBy: "Instances",
    labels: [
      { label: "alertname", title: "Alert", links: [runbookLink(runbookBaseUrl)] },
      { label: "severity", title: "Severity" },
      labelColumn("service", "Service"),
      labelColumn("destination", "Event"),
      labelColumn("subscription", "Handler"),
    ],
    values: [
      {
        title: "Instances",
        expression: `count by (${ALERT_ROW.join(", ")}) (${FIRING_ALERTS})`,
        unit: "short",
        decimals: 0,
      },
    ],
  });
}
