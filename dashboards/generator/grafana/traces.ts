import { TableCellDisplayMode } from "@grafana/grafana-foundation-sdk/common";
import { type Panel, PanelBuilder } from "@grafana/grafana-foundation-sdk/dashboard";
import { PanelBuilder as TableBuilder } from "@grafana/grafana-foundation-sdk/table";
import { traceLink } from "./links.ts";
import { describePanel, type PanelSpec, property } from "./panel.ts";
import { JAEGER, type JaegerSearch, trace, traces } from "./query.ts";

type TraceSpec = Pick<PanelSpec, "title" | "description">;

/** The traces that a search in Jaeger finds, newest first; a click on a row's id opens the trace. */
export function traceTable(spec: TraceSpec, search: JaegerSearch, jaegerBaseUrl: string): Panel {
  return describePanel(new TableBuilder(), { ...spec, unit: "short" }, [traces(search)])
    .datasource(JAEGER)
    .cellOptions({ type: TableCellDisplayMode.Auto })
    .overrideByName("Trace ID", [property("links", [traceLink(jaegerBaseUrl)])])
    .build();
}

/** One trace with its spans, drawn by Grafana. */
export function traceView({ title, description }: TraceSpec, id: string): Panel {
  return new PanelBuilder()
    .type("traces")
    .title(title)
    .description(description)
    .datasource(JAEGER)
    .targets([{ build: () => ({ ...trace(id).build(), refId: "A" }) }])
    .build();
}
