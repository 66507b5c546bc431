import { graph } from "../grafana/graph.ts";
import type { Section } from "../grafana/layout.ts";
import { overTime } from "../grafana/query.ts";
import { stat } from "../grafana/stat.ts";
import { durationQuantile, FAILED, perSecond, total } from "../measures.ts";
import { LABELS, SERIES } from "../prometheus-names.ts";
import { maxBy, select } from "../promql.ts";
import { HANDLING } from "../rules/recorded-series.ts";
import type { Scope } from "../scope.ts";
import { budgetLeft } from "../slo-measures.ts";
import { failedShareStat, handledStat } from "./delivery-stats.ts";

/** The numbers of one handler. */
export function handlerSignals(scope: Scope): Section {
  const { delivered } = scope;
  const panels = [
    handledStat(scope),
    failedShareStat(scope),
    stat(
      {
        title: "Error budget left",
        description:
          "What the success objective still allows over three days, at the worst event; below 0 it is overdrawn.",
        unit: "percentunit",
        decimals: 0,
        thresholds: { warning: 0.5, critical: 0, isLowBad: true },
        noValue: "no deliveries",
      },
      overTime(`min(${budgetLeft(HANDLING, delivered)})`, "budget left"),
    ),
    stat(
      { title: "Duration, p95", description: "Of one attempt.", unit: "s", noValue: "no attempts" },
      overTime(durationQuantile(0.95, SERIES.processDuration, { matchers: delivered }), "p95"),
    ),
    stat(
      {
        title: "In flight",
        description: "Deliveries queued, running or waiting for a retry.",
        unit: "short",
        decimals: 0,
        noValue: "0",
      },
      overTime(total(SERIES.inFlight, delivered), "in flight"),
    ),
    stat(
      {
        title: "Dead letters held",
        description: "Events set aside, to be replayed or removed.",
        unit: "short",
        decimals: 0,
        thresholds: { critical: 1 },
        noValue: "0",
      },
      overTime(total(SERIES.deadLettersStored, delivered), "held"),
    ),
    stat(
      {
        title: "Since the last success",
        description: "Time since anything was handled; at first, since the handler subscribed.",
        unit: "s",
        decimals: 0,
        noValue: "unknown",
      },
      overTime(`time() - max(${select(SERIES.lastSuccess, delivered)})`, "since"),
    ),
  ];
  return { title: "Handler", lines: [{ height: 4, panels }] };
}

/** What becomes of an event at each of its handlers. */
export function eventSignals(scope: Scope): Section {
  const { published } = scope;
  const handler = [LABELS.subscription];
  const legend = `{{${LABELS.subscription}}}`;
  const publishing = graph(
    {
      title: "Published",
      description: "Publish calls per second, by event and by the error of those that failed.",
      unit: "eps",
      stacked: true,
    },
    overTime(
      perSecond(SERIES.sent, published, [LABELS.destination, LABELS.errorType]),
      `{{${LABELS.destination}}} {{${LABELS.errorType}}}`,
    ),
  );
  const failing = graph(
    {
      title: "Failed deliveries, by handler",
      description: "Deliveries that failed or timed out for good, or were dropped or aborted.",
      unit: "cps",
      stacked: true,
    },
    overTime(perSecond(SERIES.deliveries, [...published, ...FAILED], handler), legend),
  );
  const behind = graph(
    {
      title: "Oldest success, by handler",
      description: "Seconds since each handler of the event last handled it.",
      unit: "s",
    },
    overTime(`time() - ${maxBy(handler, select(SERIES.lastSuccess, published))}`, legend),
  );
  return { title: "Event", lines: [{ height: 8, panels: [publishing, failing, behind] }] };
}
