import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  ReduceDataOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import type { Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { PanelBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { BY_THRESHOLDS, describePanel, type PanelSpec, type Query, withDataLinks } from "./panel.ts";

/** One big number, coloured by its thresholds, with its course behind it where the query gives one. */
export function stat(spec: PanelSpec, query: Query): Panel {
  const builder = describePanel(new PanelBuilder(), spec, [query])
    .colorScheme(BY_THRESHOLDS)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(["lastNotNull"]).fields("").values(false))
    .colorMode(BigValueColorMode.Value)
    .graphMode(BigValueGraphMode.Area)
    .textMode(BigValueTextMode.Value);
  return withDataLinks(builder.build(), spec.links);
}
