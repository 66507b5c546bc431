import type { Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { OTHER } from "../../../src/telemetry/semconv.ts";
import { graph } from "../grafana/graph.ts";
import { atEnd, overTime } from "../grafana/query.ts";
import { stat } from "../grafana/stat.ts";
import { labelColumn, table } from "../grafana/table.ts";
import { inRange, perSecond, total } from "../measures.ts";
import { LABELS, SERIES } from "../prometheus-names.ts";
import { anyOf, equal, maxBy, select } from "../promql.ts";
import type { Scope } from "../scope.ts";

/** Whether what the other panels show can be believed, as numbers. */
export function telemetryStats({ service }: Scope): Panel[] {
  const lost = [...service, anyOf(LABELS.telemetryResult, ["dropped", "failed"])];
  return [
    stat(
      {
        title: "Processes reporting",
        description: "Processes with an open bus whose metrics arrive.",
        unit: "short",
        decimals: 0,
        thresholds: { critical: 1, isLowBad: true },
        noValue: "none",
      },
      overTime(
        `count(count by (${LABELS.service}, ${LABELS.serviceInstance}) (${select(SERIES.busInfo, service)} > 0))`,
        "processes",
      ),
    ),
    stat(
      {
        title: "Newest sample",
        description: "Age of the newest sample of any chosen service. Beyond a minute, nothing arrives any more.",
        unit: "s",
        decimals: 0,
        thresholds: { warning: 60, critical: 120 },
        noValue: "over 5 min",
      },
      atEnd(`time() - max(timestamp(${select(SERIES.busInfo, service)}))`),
    ),
    stat(
      {
        title: "Spans lost",
        description:
          "Spans that were dropped (the queue was full) or failed to be exported, in the chosen time range. Traces have holes.",
        unit: "short",
        decimals: 0,
        thresholds: { warning: 0.5, critical: 100 },
        noValue: "0",
      },
      atEnd(orZero(inRange(SERIES.telemetrySpans, lost))),
    ),
    stat(
      {
        title: "Guard trips",
        description:
          "Throws of telemetry, loggers or callbacks that the bus caught, in the chosen time range. Business went on; the part that threw needs mending.",
        unit: "short",
        decimals: 0,
        thresholds: { warning: 0.5, critical: 100 },
        noValue: "0",
      },
      atEnd(orZero(inRange(SERIES.guardTrips, service))),
    ),
  ];
}

/** What becomes of spans, over time. */
export function spanGraphs({ service }: Scope): Panel[] {
  const instance = `{{${LABELS.service}}} {{${LABELS.serviceInstance}}}`;
  return [
    graph(
      {
        title: "Spans, by result",
        description: "Spans that reached the collector, were dropped for want of room, or failed to be exported.",
        unit: "cps",
        stacked: true,
      },
      overTime(perSecond(SERIES.telemetrySpans, service, [LABELS.telemetryResult]), `{{${LABELS.telemetryResult}}}`),
    ),
    graph(
      {
        title: "Span queue",
        description:
          "Spans that wait for export, by process. The queue holds 8,192 by default; then spans are dropped.",
        unit: "short",
        thresholds: { warning: 6000, critical: 8000 },
      },
      overTime(maxBy([LABELS.service, LABELS.serviceInstance], select(SERIES.telemetryQueue, service)), instance),
    ),
  ];
}

/** What the bus itself had to put up with, over time. */
export function guardGraphs({ service, published }: Scope): Panel[] {
  return [
    graph(
      {
        title: "Guard trips, by part",
        description: "What threw and was caught: a logger, an attribute function, an error listener, the tracer, …",
        unit: "cps",
      },
      overTime(
        orZeroOf(perSecond(SERIES.guardTrips, service, [LABELS.service, LABELS.telemetryPart]), service),
        `{{${LABELS.service}}} {{${LABELS.telemetryPart}}}`,
      ),
    ),
    graph(
      {
        title: "Events without a label of their own",
        description:
          "Publish calls counted under `_other`: refused names, names that the catalog does not know, or names beyond the limit on series.",
        unit: "eps",
      },
      overTime(
        orZeroOf(perSecond(SERIES.sent, [...published, equal(LABELS.destination, OTHER)], [LABELS.service]), service),
        `{{${LABELS.service}}}`,
      ),
    ),
  ];
}

/** What runs where, in which version. */
export function versionsTable({ service }: Scope): Panel {
  return table({
    title: "Running versions",
    description: "Open buses by service, its version, and the version of spanbus.",
    sortBy: "Buses",
    labels: [
      labelColumn("service", "Service"),
      labelColumn("serviceVersion", "Version"),
      labelColumn("environment", "Environment"),
      labelColumn("version", "spanbus"),
      labelColumn("transport", "Transport"),
    ],
    values: [
      {
        title: "Buses",
        expression: total(SERIES.busInfo, service, [
          LABELS.service,
          LABELS.serviceVersion,
          LABELS.environment,
          LABELS.version,
          LABELS.transport,
        ]),
        unit: "short",
        decimals: 0,
      },
    ],
  });
}

/** How much was lost, by service. */
export function lossTable({ service }: Scope): Panel {
  const by = [LABELS.service];
  const lost = (result: string) =>
    inRange(SERIES.telemetrySpans, [...service, equal(LABELS.telemetryResult, result)], by);
  return table({
    title: "Spans, by service",
    description:
      "In the chosen time range. Dropped: the queue was full. Failed: the collector refused or did not answer.",
    sortBy: "Dropped",
    labels: [labelColumn("service", "Service")],
    values: [
      { title: "Exported", expression: lost("exported"), unit: "short", decimals: 0 },
      {
        title: "Dropped",
        expression: lost("dropped"),
        unit: "short",
        decimals: 0,
        limits: { warning: 0.5, critical: 100 },
      },
      {
        title: "Failed",
        expression: lost("failed"),
        unit: "short",
        decimals: 0,
        limits: { warning: 0.5, critical: 100 },
      },
    ],
  });
}

/** 0 where there is nothing: what was never counted has no counter, and reads as an error where all is well. */
function orZero(expression: string): string {
  return `${expression} or vector(0)`;
}

/** 0 for each service that has nothing. */
function orZeroOf(expression: string, service: Scope["service"]): string {
  return `${expression} or on (${LABELS.service}) 0 * ${total(SERIES.busInfo, service, [LABELS.service])}`;
}
