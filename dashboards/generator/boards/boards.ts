import type { GeneratedFile } from "../generated-file.ts";
import { type Board, dashboardJson } from "../grafana/dashboard.ts";
import type { StackLinks } from "../grafana/stack-links.ts";
import type { StackModel } from "../model.ts";
import { correlationBoard } from "./correlation.ts";
import { handlerBoard } from "./handler.ts";
import { overviewBoard } from "./overview.ts";
import { sloBoard } from "./slo.ts";
import { telemetryBoard } from "./telemetry.ts";

const BOARDS: readonly ((model: StackModel, links: StackLinks) => Board)[] = [
  overviewBoard,
  handlerBoard,
  correlationBoard,
  sloBoard,
  telemetryBoard,
];

/** Every dashboard as a file for Grafana's provisioning. */
export function dashboardFiles(model: StackModel, links: StackLinks): GeneratedFile[] {
  return BOARDS.map((board) => {
    const made = board(model, links);
    return { path: `grafana/dashboards/${made.name}.json`, content: dashboardJson(made) };
  });
}
