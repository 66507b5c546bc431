import type { Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { graph } from "../grafana/graph.ts";
import { boardLink, failedTracesLink, rowLabel } from "../grafana/links.ts";
import { overTime } from "../grafana/query.ts";
import type { StackLinks } from "../grafana/stack-links.ts";
import { labelColumn, table } from "../grafana/table.ts";
import { EVENT_ROW, HANDLER_ROW } from "../measures.ts";
import { LABELS } from "../prometheus-names.ts";
import { type Matcher, maxBy, select } from "../promql.ts";
import type { RecordedObjective, Window } from "../rules/recorded-series.ts";
import { budgetLeft, burnRate, worstBy } from "../slo-measures.ts";

/** An objective on the dashboard. */
export interface ShownObjective {
  readonly objective: RecordedObjective;
  /** What is promised, as a title begins: "Handling". */
  readonly noun: string;
  readonly scope: readonly Matcher[];
}

/** What is promised, kept and left, for each event (and handler), the emptiest budget last. */
export function objectiveNow({ objective, noun, scope }: ShownObjective, { jaegerBaseUrl }: StackLinks): Panel {
  const ofHandler = objective.labels.includes(LABELS.subscription);
  const row = ofHandler ? HANDLER_ROW : EVENT_ROW;
  const drillDown = boardLink("Event and handler", "handler", {
    service: rowLabel("service"),
    event: rowLabel("destination"),
    ...(ofHandler && { handler: rowLabel("subscription") }),
  });
  const failed = failedTracesLink(jaegerBaseUrl, rowLabel("service"), rowLabel("subscription"));
  const share = (window: Window) => `1 - ${maxBy(row, select(objective.badRatio(window), scope))}`;
  const burn = (window: Window) => worstBy(row, "max", burnRate(objective, window, scope));
  return table({
    title: `${noun}: objective and budget`,
    description: `The budget is what the objective allows to go wrong over three days. A burn rate of 1 spends it in just that time; alerts page at 14.4 (1 h) and 6 (6 h).`,
    noValue: "nothing recorded yet",
    sortBy: "Burn rate, 1 h",
    labels: [
      labelColumn("destination", "Event", [drillDown]),
      ...(ofHandler ? [labelColumn("subscription", "Handler", [drillDown, failed])] : []),
      labelColumn("service", "Service"),
    ],
    values: [
      {
        title: "Objective",
        expression: `1 - ${maxBy(row, select(objective.budget, scope))}`,
        unit: "percentunit",
        decimals: 3,
      },
      { title: "Kept, 1 h", expression: share("1h"), unit: "percentunit", decimals: 3 },
      { title: "Kept, 3 d", expression: share("3d"), unit: "percentunit", decimals: 3 },
      {
        title: "Budget left",
        expression: worstBy(row, "min", budgetLeft(objective, scope)),
        unit: "percentunit",
        decimals: 0,
        limits: { warning: 0.5, critical: 0, isLowBad: true },
      },
      {
        title: "Burn rate, 1 h",
        expression: burn("1h"),
        unit: "short",
        decimals: 1,
        limits: { warning: 1, critical: 14.4 },
      },
      {
        title: "Burn rate, 6 h",
        expression: burn("6h"),
        unit: "short",
        decimals: 1,
        limits: { warning: 1, critical: 6 },
      },
    ],
  });
}

/** The burn rate and the budget of the worst, over time. */
export function objectiveOverTime({ objective, noun, scope }: ShownObjective): Panel[] {
  const row = objective.labels.includes(LABELS.subscription) ? HANDLER_ROW : EVENT_ROW;
  const legend = row
    .slice(1)
    .map((label) => `{{${label}}}`)
    .join(" → ");
  return [
    graph(
      {
        title: `${noun}: burn rate over 1 h`,
        description: "The ten fastest. Above the upper line for five minutes, somebody is paged.",
        unit: "short",
        thresholds: { warning: 6, critical: 14.4 },
      },
      overTime(`topk(10, ${worstBy(row, "max", burnRate(objective, "1h", scope))})`, legend),
    ),
    graph(
      {
        title: `${noun}: budget left over 3 d`,
        description: "The ten emptiest. Below 0 the objective is missed.",
        unit: "percentunit",
        signed: true,
        thresholds: { warning: 0.5, critical: 0, isLowBad: true },
      },
      overTime(`bottomk(10, ${worstBy(row, "min", budgetLeft(objective, scope))})`, legend),
    ),
  ];
}
