import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog";
import type { DataSourceRef } from "@grafana/grafana-foundation-sdk/common";
import { DataqueryBuilder, PromQueryFormat, QueryEditorMode } from "@grafana/grafana-foundation-sdk/prometheus";

/** The data source the `datasource` variable names. */
export const PROMETHEUS: DataSourceRef = { type: "prometheus", uid: `\${datasource}` };

/** The data source the `jaeger` variable names. */
export const JAEGER: DataSourceRef = { type: "jaeger", uid: `\${jaeger}` };

/** A query for graphs: the value of `expression` at every step, each series called by `legend` (`{{label}}`). */
export function overTime(expression: string, legend: string): DataqueryBuilder {
  return promQuery(expression).range().format(PromQueryFormat.TimeSeries).legendFormat(legend);
}

/** A query for stats and tables: the value of `expression` at the end of the time range. */
export function atEnd(expression: string, format: "number" | "table" = "number"): DataqueryBuilder {
  const promFormat = format === "table" ? PromQueryFormat.Table : PromQueryFormat.TimeSeries;
  return promQuery(expression).instant().format(promFormat).legendFormat("__auto");
}

/** A query for heatmaps: the buckets of a classic histogram, by `le`. */
export function buckets(expression: string): DataqueryBuilder {
  return promQuery(expression).range().format(PromQueryFormat.Heatmap).legendFormat("{{le}}");
}

/** A query of Grafana's Jaeger data source, for which the SDK has no builder. */
export interface JaegerSearch {
  readonly service: string;
  /** What the spans carry, as logfmt: `error=true key="value"`. */
  readonly tags: string;
  readonly limit: number;
}

/** A search for traces that have a span of `service` with these tags. */
export function traces({ service, tags, limit }: JaegerSearch): Builder<Dataquery> {
  return jaegerQuery({ queryType: "search", service, tags, limit });
}

/** The trace with this id. */
export function trace(id: string): Builder<Dataquery> {
  return jaegerQuery({ query: id });
}

function promQuery(expression: string): DataqueryBuilder {
  return new DataqueryBuilder().datasource(PROMETHEUS).expr(expression).editorMode(QueryEditorMode.Code);
}

function jaegerQuery(fields: object): Builder<Dataquery> {
  const query = { datasource: JAEGER, ...fields };
  return { build: () => query as unknown as Dataquery };
}
