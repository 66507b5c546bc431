import type { Section } from "../grafana/layout.ts";
import { boardLink, type PanelLink } from "../grafana/links.ts";
import { atEnd, overTime } from "../grafana/query.ts";
import { stat } from "../grafana/stat.ts";
import { perSecond } from "../measures.ts";
import { SERIES } from "../prometheus-names.ts";
import { HANDLING } from "../rules/recorded-series.ts";
import type { Scope } from "../scope.ts";
import { budgetLeft, FIRING_ALERTS, shareInTime } from "../slo-measures.ts";
import { failedShareStat, handledStat } from "./delivery-stats.ts";

/** The six numbers that tell whether users notice anything. */
export function goldenSignals(scope: Scope): Section {
  const { published, delivered } = scope;
  const panels = [
    stat(
      {
        title: "Published",
        description: "Publish calls per second, refused ones too. A sudden drop is as telling as a rise.",
        unit: "eps",
        noValue: "0",
      },
      overTime(perSecond(SERIES.sent, published), "published"),
    ),
    handledStat(scope),
    failedShareStat(scope),
    stat(
      {
        title: "In time",
        description:
          "Deliveries settled within the time limit of their event's objective (0.25 s unless the catalog says otherwise), over the last five minutes.",
        unit: "percentunit",
        decimals: 2,
        thresholds: { warning: 0.99, critical: 0.95, isLowBad: true },
        noValue: "no deliveries",
        links: [SLO_LINK],
      },
      overTime(shareInTime(delivered), "in time"),
    ),
    stat(
      {
        title: "Error budget left, worst handler",
        description:
          "What the worst handler's success objective still allows over three days; below 0 it is overdrawn.",
        unit: "percentunit",
        decimals: 0,
        thresholds: { warning: 0.5, critical: 0, isLowBad: true },
        noValue: "no deliveries",
        links: [SLO_LINK],
      },
      overTime(`min(${budgetLeft(HANDLING, delivered)})`, "budget left"),
    ),
    stat(
      {
        title: "Firing alerts",
        description: "Alerts that fire now, of all services; the table below names them.",
        unit: "short",
        decimals: 0,
        thresholds: { critical: 1 },
      },
      atEnd(`count(${FIRING_ALERTS}) or vector(0)`),
    ),
  ];
  return { title: "Golden signals", lines: [{ height: 4, panels }] };
}

const SLO_LINK: PanelLink = boardLink("Objectives and budgets", "slo", {});
