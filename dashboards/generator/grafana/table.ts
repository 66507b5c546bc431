import { TableCellDisplayMode, TableSortByFieldStateBuilder } from "@grafana/grafana-foundation-sdk/common";
import type { DataTransformerConfig, Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { PanelBuilder } from "@grafana/grafana-foundation-sdk/table";
import { LABELS } from "../prometheus-names.ts";
import type { PanelLink } from "./links.ts";
import { BY_THRESHOLDS, describePanel, type Limits, type PanelSpec, property, thresholdsOf } from "./panel.ts";
import { atEnd } from "./query.ts";

/** A table: one row per combination of labels, one column per label and per value. */
export interface TableSpec extends Omit<PanelSpec, "unit" | "thresholds" | "links"> {
  readonly labels: readonly LabelColumn[];
  readonly values: readonly ValueColumn[];
  /** The title of the column to sort by, the highest value first. */
  readonly sortBy: string;
}

export interface LabelColumn {
  /** A label of the queries' results. */
  readonly label: string;
  readonly title: string;
  readonly links?: readonly PanelLink[];
}

interface ValueColumn {
  readonly title: string;
  /** An instant query whose result carries the labels, and no others. */
  readonly expression: string;
  readonly unit: string;
  readonly decimals?: number;
  readonly limits?: Limits;
  readonly links?: readonly PanelLink[];
}

/** A column of the label with this key in the contract. */
export function labelColumn(key: keyof typeof LABELS, title: string, links?: readonly PanelLink[]): LabelColumn {
  return { label: LABELS[key], title, ...(links && { links }) };
}

/** The values of several queries side by side, joined by their labels. */
export function table(spec: TableSpec): Panel {
  const queries = spec.values.map(({ expression }) => atEnd(expression, "table"));
  const builder = describePanel(new PanelBuilder(), { ...spec, unit: "short" }, queries)
    .transformations(transformations(spec))
    .sortBy([new TableSortByFieldStateBuilder().displayName(spec.sortBy).desc(true)])
    .cellOptions({ type: TableCellDisplayMode.Auto })
    .filterable(true);
  for (const { title, links } of spec.labels) {
    if (links !== undefined) builder.overrideByName(title, [property("links", links)]);
  }
  for (const column of spec.values) builder.overrideByName(column.title, propertiesOf(column));
  return builder.build();
}

function propertiesOf({ unit, decimals, limits, links }: ValueColumn): ReturnType<typeof property>[] {
  const properties = [property("unit", unit)];
  if (decimals !== undefined) properties.push(property("decimals", decimals));
  if (limits !== undefined) {
    properties.push(
      property("thresholds", thresholdsOf(limits)),
      property("color", BY_THRESHOLDS.build()),
      property("custom.cellOptions", { type: TableCellDisplayMode.ColorText }),
    );
  }
  if (links !== undefined) properties.push(property("links", links));
  return properties;
}

/** With one query the value column is called "Value", with several "Value #A" and so on. */
function transformations({ labels, values }: TableSpec): DataTransformerConfig[] {
  const columns = values.map((_column, i) => (values.length === 1 ? "Value" : `Value #${String.fromCharCode(65 + i)}`));
  const names = [...labels.map(({ label }) => label), ...columns];
  const titles = [...labels, ...values].map(({ title }) => title);
  return [
    { id: "merge", options: {} },
    {
      id: "organize",
      options: {
        excludeByName: { Time: true },
        indexByName: Object.fromEntries(names.map((name, i) => [name, i])),
        renameByName: Object.fromEntries(names.map((name, i) => [name, titles[i]])),
      },
    },
  ];
}
