import type { Board } from "../grafana/dashboard.ts";
import { jaegerHomeLink } from "../grafana/head-links.ts";
import type { StackLinks } from "../grafana/stack-links.ts";
import { stackVariables } from "../grafana/variables.ts";
import type { StackModel } from "../model.ts";
import { failures } from "../rows/failures.ts";
import { goldenSignals } from "../rows/golden-signals.ts";
import { alertsTable, eventsTable, handlersTable } from "../rows/handlers.ts";
import { latency } from "../rows/latency.ts";
import { saturation } from "../rows/saturation.ts";
import { telemetryStats } from "../rows/telemetry-health.ts";
import { topology } from "../rows/topology.ts";
import { SEVERAL } from "../scope.ts";

/** Everything at once, for whoever is on call: is something wrong, and with which handler? */
export function overviewBoard(model: StackModel, links: StackLinks): Board {
  return {
    name: "overview",
    title: "spanbus / Overview",
    description: "Start here. The table of handlers shows which one fails; click it for its traces.",
    range: "6h",
    variables: stackVariables(model.service),
    links: [jaegerHomeLink(links)],
    sections: [
      goldenSignals(SEVERAL),
      {
        title: "What fails",
        lines: [
          { height: 10, panels: [handlersTable(SEVERAL, links)] },
          { height: 8, panels: [eventsTable(SEVERAL), alertsTable(links)] },
        ],
      },
      failures(SEVERAL),
      latency(SEVERAL),
      saturation(SEVERAL),
      topology(SEVERAL),
      { title: "Telemetry health", lines: [{ height: 4, panels: telemetryStats(SEVERAL) }] },
    ],
  };
}
