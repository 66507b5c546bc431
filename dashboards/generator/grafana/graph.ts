import {
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import type { Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { PanelBuilder } from "@grafana/grafana-foundation-sdk/timeseries";
import { describePanel, PALETTE, type PanelSpec, type Query, withDataLinks } from "./panel.ts";

interface GraphSpec extends PanelSpec {
  /** Whether the series add up to something. @default false */
  readonly stacked?: boolean;
  /** Whether values below 0 make sense. @default false */
  readonly signed?: boolean;
}

/** Lines over time, with last and highest values in the legend and a dashed line at each threshold. */
export function graph(spec: GraphSpec, ...queries: readonly Query[]): Panel {
  const builder = describePanel(new PanelBuilder(), spec.signed ? spec : { min: 0, ...spec }, queries)
    .colorScheme(PALETTE)
    .legend(legend())
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    .lineWidth(1)
    .fillOpacity(spec.stacked ? 30 : 8)
    .showPoints(VisibilityMode.Never)
    .spanNulls(false);
  if (spec.stacked) builder.stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group("A"));
  if (spec.thresholds !== undefined) {
    builder.thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));
  }
  return withDataLinks(builder.build(), spec.links);
}

function legend(): VizLegendOptionsBuilder {
  return new VizLegendOptionsBuilder()
    .showLegend(true)
    .displayMode(LegendDisplayMode.Table)
    .placement(LegendPlacement.Bottom)
    .calcs(["lastNotNull", "max"])
    .sortBy("Max")
    .sortDesc(true);
}
