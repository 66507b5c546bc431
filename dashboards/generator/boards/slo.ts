import type { Board } from "../grafana/dashboard.ts";
import { jaegerHomeLink } from "../grafana/head-links.ts";
import type { Section } from "../grafana/layout.ts";
import type { StackLinks } from "../grafana/stack-links.ts";
import { escapeMarkdown, text } from "../grafana/text.ts";
import { stackVariables } from "../grafana/variables.ts";
import type { StackModel } from "../model.ts";
import { alertsTable } from "../rows/handlers.ts";
import { objectiveNow, objectiveOverTime } from "../rows/objectives.ts";
import { HANDLING, LATENCY, PUBLISHING } from "../rules/recorded-series.ts";
import { SEVERAL } from "../scope.ts";

/** What was promised, what was kept, and how fast the budgets burn. */
export function sloBoard(model: StackModel, links: StackLinks): Board {
  const handling = { objective: HANDLING, noun: "Handling", scope: SEVERAL.delivered };
  const inTime = { objective: LATENCY, noun: "Latency", scope: SEVERAL.delivered };
  const publishing = { objective: PUBLISHING, noun: "Publishing", scope: SEVERAL.published };
  const objectives = [handling, inTime, publishing];
  return {
    name: "slo",
    title: "spanbus / Objectives",
    description: "Service level objectives: the share kept, the error budget left over three days, and its burn rates.",
    range: "1d",
    variables: stackVariables(model.service),
    links: [jaegerHomeLink(links)],
    sections: [
      ...promised(model),
      { title: "Now", lines: objectives.map((each) => ({ height: 8, panels: [objectiveNow(each, links)] })) },
      {
        title: "Over time",
        lines: objectives.map((each) => ({ height: 8, panels: objectiveOverTime(each) })),
      },
      { title: "Alerts", lines: [{ height: 7, panels: [alertsTable(links)] }] },
    ],
  };
}

/** The catalog's own objectives; events without one, and every event where there is no catalog, have the defaults. */
function promised({ events }: StackModel): Section[] {
  const rows = events
    .filter(({ slo }) => slo !== undefined)
    .map(({ name, description = "", slo }) => {
      const success = slo?.success === undefined ? "default" : percent(slo.success);
      const latency =
        slo?.latency === undefined ? "default" : `${percent(slo.latency.ratio)} within ${slo.latency.withinMs} ms`;
      return `| ${escapeMarkdown(name)} | ${success} | ${latency} | ${escapeMarkdown(description)} |`;
    });
  if (rows.length === 0) return [];
  const table = ["| Event | Handled | In time | What it is |", "| --- | --- | --- | --- |", ...rows].join("\n");
  return [
    {
      title: "Promised",
      lines: [{ height: Math.min(3 + rows.length, 14), panels: [text("Objectives of the catalog", table)] }],
    },
  ];
}

function percent(ratio: number): string {
  return `${Number((ratio * 100).toPrecision(8))} %`;
}
