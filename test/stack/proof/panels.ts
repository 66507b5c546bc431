import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "../../support/root.ts";
import type { JaegerApi } from "../clients/jaeger-api.ts";
import type { PrometheusApi, PromRange } from "../clients/prometheus-api.ts";

const FOLDER = join(ROOT, "dashboards/grafana/dashboards");

/** One query of one panel of a shipped dashboard. */
export interface PanelQuery {
  /** `overview: Published (A)` */
  readonly id: string;
  readonly board: string;
  readonly title: string;
  readonly target: PanelTarget;
}

type PanelTarget =
  | { readonly kind: "prometheus"; readonly expr: string; readonly isInstant: boolean }
  | { readonly kind: "search"; readonly service: string; readonly tags: string }
  | { readonly kind: "trace"; readonly traceId: string };

/** What the dashboard's variables are set to. */
export type Variables = Readonly<Record<string, string>>;

interface PanelJson {
  readonly title?: string;
  readonly panels?: readonly PanelJson[];
  readonly targets?: readonly Readonly<Record<string, unknown>>[];
}

/** All queries of all shipped dashboards. */
export async function panelQueries(): Promise<readonly PanelQuery[]> {
  const files = (await readdir(FOLDER)).filter((name) => name.endsWith(".json")).sort();
  const boards = await Promise.all(files.map(async (file) => JSON.parse(await readFile(join(FOLDER, file), "utf8"))));
  return boards.flatMap((board: PanelJson, i) => {
    const name = files[i]?.replace(/^spanbus-|\.json$/g, "") ?? "";
    return flatten(board).flatMap(({ title = "", targets = [] }) =>
      targets.map((target) => {
        return { id: `${name}: ${title} (${target.refId})`, board: name, title, target: readTarget(target) };
      }),
    );
  });
}

/** Where the data is. */
export interface PanelSources {
  readonly prometheus: PrometheusApi;
  readonly jaeger: JaegerApi;
  readonly range: PromRange;
}

/** Whether a query returns anything that can be drawn: one number that is one, or one trace. */
export async function hasData({ target }: PanelQuery, variables: Variables, sources: PanelSources): Promise<boolean> {
  const { prometheus, jaeger, range } = sources;
  if (target.kind === "prometheus") {
    const expr = interpolate(target.expr, { ...variables, ...windowsOf(range) });
    const series = target.isInstant
      ? await prometheus.query(expr, range.end)
      : await prometheus.queryRange(expr, range);
    return series.some(({ values }) => values.some(Number.isFinite));
  }
  if (target.kind === "trace") return (await jaeger.trace(interpolate(target.traceId, variables))).length > 0;
  const tags = tagsOfLogfmt(interpolate(target.tags, variables));
  return (await jaeger.search({ service: interpolate(target.service, variables), tags })).length > 0;
}

function flatten(panel: PanelJson): readonly PanelJson[] {
  return [panel, ...(panel.panels ?? []).flatMap(flatten)];
}

function readTarget({ expr, instant, service, tags, query }: Readonly<Record<string, unknown>>): PanelTarget {
  if (typeof expr === "string") return { kind: "prometheus", expr, isInstant: instant === true };
  if (typeof tags === "string") return { kind: "search", service: String(service), tags };
  return { kind: "trace", traceId: String(query) };
}

/** As Grafana does it with the data source's `timeInterval` of 15 s: a rate sees four samples at least. */
function windowsOf({ start, end }: PromRange): Variables {
  return { __rate_interval: "60s", __range: `${Math.ceil(end - start)}s`, __interval: "15s" };
}

/** Grafana's variables: `$name`, `${name}` and `${name:format}`. No value here needs to be escaped. */
function interpolate(text: string, variables: Variables): string {
  return text.replaceAll(
    /\$(?:\{(\w+)(?::(\w+))?\}|(\w+))/g,
    (found, long?: string, format?: string, short?: string) => {
      const value = variables[long ?? short ?? ""];
      if (value === undefined) throw new Error(`no value for the variable ${found}`);
      return format === "doublequote" ? JSON.stringify(value) : value;
    },
  );
}

/** Grafana sends the search field's `key=value key="other value"` to Jaeger as JSON. */
function tagsOfLogfmt(tags: string): Readonly<Record<string, string>> {
  const pairs = tags.matchAll(/([^\s=]+)=(?:"((?:[^"\\]|\\.)*)"|(\S+))/g);
  return Object.fromEntries([...pairs].map(([, key = "", quoted, plain]) => [key, quoted ?? plain ?? ""]));
}
