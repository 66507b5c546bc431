import type { Board } from "../grafana/dashboard.ts";
import { jaegerHomeLink } from "../grafana/head-links.ts";
import type { StackLinks } from "../grafana/stack-links.ts";
import { stackVariables } from "../grafana/variables.ts";
import type { StackModel } from "../model.ts";
import { guardGraphs, lossTable, spanGraphs, telemetryStats, versionsTable } from "../rows/telemetry-health.ts";
import { SEVERAL } from "../scope.ts";

/** Whether the telemetry itself can be believed. */
export function telemetryBoard(model: StackModel, links: StackLinks): Board {
  return {
    name: "telemetry",
    title: "spanbus / Telemetry health",
    description: "Look here when the other dashboards are empty or hard to believe: what was lost, where and why.",
    range: "6h",
    variables: stackVariables(model.service),
    links: [jaegerHomeLink(links)],
    sections: [
      { title: "Now", lines: [{ height: 4, panels: telemetryStats(SEVERAL) }] },
      {
        title: "Spans",
        lines: [
          { height: 8, panels: spanGraphs(SEVERAL) },
          { height: 7, panels: [lossTable(SEVERAL)] },
        ],
      },
      { title: "The bus", lines: [{ height: 8, panels: guardGraphs(SEVERAL) }] },
      { title: "Versions", lines: [{ height: 8, panels: [versionsTable(SEVERAL)] }] },
    ],
  };
}
