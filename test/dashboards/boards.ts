import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../support/root.ts";

/** A dashboard as committed; only what the tests look at. */
export interface BoardJson {
  readonly uid: string;
  readonly title: string;
  readonly schemaVersion: number;
  readonly panels: readonly PanelJson[];
  readonly templating: { readonly list: readonly VariableJson[] };
  readonly annotations: { readonly list: readonly { readonly target: TargetJson }[] };
  readonly links: readonly { readonly url?: string }[];
}

export interface PanelJson {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly TargetJson[];
  readonly panels?: readonly PanelJson[];
  readonly fieldConfig?: {
    readonly defaults: { readonly unit?: string; readonly links?: readonly LinkJson[] };
    readonly overrides: readonly { readonly properties: readonly { readonly id: string; readonly value: unknown }[] }[];
  };
}

interface TargetJson {
  readonly expr?: string;
  readonly queryType?: string;
  readonly tags?: string;
  readonly service?: string;
  readonly datasource?: { readonly type: string };
}

export interface LinkJson {
  readonly title: string;
  readonly url: string;
}

interface VariableJson {
  readonly name: string;
  readonly type: string;
  readonly query: string | { readonly query: string };
  readonly allValue?: string;
  readonly includeAll?: boolean;
}

const BOARD_FOLDER: string = join(ROOT, "dashboards/grafana/dashboards");

/** The committed dashboards, by their file's name without its end. */
export function committedBoards(): [name: string, board: BoardJson][] {
  return readdirSync(BOARD_FOLDER).map((file) => {
    return [file.replace(".json", ""), JSON.parse(readFileSync(join(BOARD_FOLDER, file), "utf8")) as BoardJson];
  });
}

/** Every panel, those in closed rows too; the rows themselves not. */
export function panelsOf(board: BoardJson): PanelJson[] {
  return board.panels.flatMap((panel) => (panel.type === "row" ? (panel.panels ?? []) : [panel]));
}

/** Every link on a value of the panel. */
export function linksOf({ fieldConfig }: PanelJson): LinkJson[] {
  const inOverrides = (fieldConfig?.overrides ?? []).flatMap(({ properties }) => {
    return properties.filter(({ id }) => id === "links").flatMap(({ value }) => value as LinkJson[]);
  });
  return [...(fieldConfig?.defaults.links ?? []), ...inOverrides];
}

/** Every PromQL expression of a dashboard with the place it stands in, Grafana's variables filled in. */
export function expressionsOf(board: BoardJson): [place: string, expression: string][] {
  const inPanels = panelsOf(board).flatMap(({ title, targets = [] }) => targets.map((target) => [title, target.expr]));
  const inAnnotations = board.annotations.list.map(({ target }) => ["annotation", target.expr]);
  const inVariables = board.templating.list.map(({ name, query }) => {
    return [`variable ${name}`, typeof query === "string" ? undefined : metricOfLabelValues(query.query)];
  });
  return [...inPanels, ...inAnnotations, ...inVariables].flatMap(([place = "", expression]) => {
    return expression === undefined ? [] : [[place, fillIn(expression)] as [string, string]];
  });
}

/** `label_values(metric{…}, label)` asks for the series of `metric{…}`. */
function metricOfLabelValues(query: string): string {
  return query.replace(/^label_values\((.*), \w+\)$/, "$1");
}

/** As Grafana sends it: durations for its own variables, a regular expression for those of a dashboard. */
function fillIn(expression: string): string {
  return expression.replaceAll(/\$__(rate_interval|range|interval)/g, "5m").replaceAll(/\$\w+/g, ".+");
}
