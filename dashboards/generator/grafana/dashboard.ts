import {
  AnnotationQueryBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  type DashboardLink,
  DashboardLinkBuilder,
  DashboardLinkType,
  type VariableModel,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder } from "@grafana/grafana-foundation-sdk/prometheus";
import { LABELS, SERIES } from "../prometheus-names.ts";
import { select, sumBy } from "../promql.ts";
import { SEVERAL } from "../scope.ts";
import { placeSections, type Section } from "./layout.ts";
import { BOARD_UIDS } from "./links.ts";
import { PROMETHEUS } from "./query.ts";

/** One dashboard, before it is laid out. */
export interface Board {
  readonly name: keyof typeof BOARD_UIDS;
  readonly title: string;
  readonly description: string;
  /** The time range it opens with, up to now: `6h`. */
  readonly range: string;
  readonly variables: readonly VariableModel[];
  readonly sections: readonly Section[];
  /** Links in its head, besides those to the other dashboards. */
  readonly links: readonly DashboardLink[];
}

/** The dashboard as the JSON that Grafana's file provisioning reads (classic schema, version 42 at most). */
export function dashboardJson(board: Board): string {
  const { name, title, description, range, variables, sections, links } = board;
  const builder = new DashboardBuilder(title)
    .uid(BOARD_UIDS[name])
    .description(description)
    .tags([TAG])
    .time({ from: `now-${range}`, to: "now" })
    .refresh("30s")
    .tooltip(DashboardCursorSync.Crosshair)
    .variables(variables.map((variable) => ({ build: () => variable })))
    .annotations([deploys()])
    .links([otherBoards(), ...links].map((link) => ({ build: () => link })));
  const dashboard = { ...builder.build(), panels: placeSections(sections) };
  return `${JSON.stringify(mend(dashboard), undefined, 2)}\n`;
}

const TAG = "spanbus";

function otherBoards(): DashboardLink {
  return new DashboardLinkBuilder("spanbus")
    .type(DashboardLinkType.Dashboards)
    .tags([TAG])
    .tooltip("The other dashboards, with the same time range and variables")
    .includeVars(true)
    .keepTime(true)
    .build();
}

/** A mark wherever a version of a service is there that was not five minutes before. */
function deploys(): AnnotationQueryBuilder {
  const { service, serviceVersion } = LABELS;
  const running = (offset: string) =>
    sumBy([service, serviceVersion], select(SERIES.busInfo, SEVERAL.service) + offset);
  const started = `${running("")} > 0 unless ${running(" offset 5m")} > 0`;
  const expression = `label_replace(${started}, "${serviceVersion}", "(no version)", "${serviceVersion}", "")`;
  return new AnnotationQueryBuilder()
    .name("Deploys")
    .datasource(PROMETHEUS)
    .enable(true)
    .iconColor("blue")
    .target(new DataqueryBuilder().expr(expression).range().interval("1m").refId("Deploys"))
    .titleFormat(`{{${service}}} {{${serviceVersion}}}`)
    .textFormat("started")
    .tagKeys(serviceVersion);
}

/** Takes out what the SDK's builders put in and Grafana's schema does not know, or what only repeats a default. */
function mend(dashboard: Dashboard): Dashboard {
  const text = JSON.stringify(dashboard, function (this: Record<string, unknown>, key: string, value: unknown) {
    return isSurplus(this, key, value) ? undefined : value;
  });
  return JSON.parse(text) as Dashboard;
}

function isSurplus(owner: Readonly<Record<string, unknown>>, key: string, value: unknown): boolean {
  if (key === "auto" || key === "auto_min" || key === "auto_count") return "skipUrlSync" in owner; // of a variable
  if (key === "placement") return value === "inControlsMenu"; // would hide links and annotations in a menu
  if (key === "footer") return "cellHeight" in owner; // of a table: no longer known in version 13
  if (key === "transparent") return value === false;
  return key === "repeatDirection" && !("repeat" in owner);
}
