import type {
  AnnotationQuery,
  Dashboard,
  DashboardLink,
  DataSourceRef,
  FieldConfig,
  FieldConfigSource,
  GraphFieldConfig,
  Panel,
  RowPanel,
  TableFieldOptions,
  VariableModel,
} from "@grafana/schema";
import type * as heatmap from "@grafana/schema/dist/esm/raw/composable/heatmap/panelcfg/x/HeatmapPanelCfg_types.gen";
import type * as stat from "@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import type * as table from "@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen";
import type * as text from "@grafana/schema/dist/esm/raw/composable/text/panelcfg/x/TextPanelCfg_types.gen";
import type * as timeseries from "@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";

/** A dashboard as JSON in Grafana's own schema, each kind of panel with its own options, and nothing besides. */
export type DashboardJson = Plain<
  Omit<Dashboard, "panels" | "annotations" | "templating" | "links"> & {
    readonly uid: string;
    readonly title: string;
    readonly panels: readonly (AnyPanel | Row)[];
    readonly annotations: { readonly list: readonly Annotation[] };
    readonly templating: { readonly list: readonly VariableModel[] };
    readonly links: readonly DashboardLink[];
  }
>;

type Row = Omit<RowPanel, "panels"> & { readonly panels: readonly AnyPanel[] };

type AnyPanel =
  | PanelOf<"stat", stat.Options, undefined>
  | PanelOf<"table", table.Options, TableFieldOptions>
  | PanelOf<"timeseries", timeseries.Options, GraphFieldConfig>
  | PanelOf<"heatmap", heatmap.Options, heatmap.FieldConfig>
  | (PanelBase<"text"> & { readonly options: text.Options })
  | (PanelBase<"traces"> & { readonly targets: readonly JaegerTarget[] });

type PanelBase<Type> = Omit<Panel, "type" | "options" | "fieldConfig" | "targets"> & { readonly type: Type };

type PanelOf<Type, Options, Custom> = PanelBase<Type> & {
  readonly options: Options;
  readonly fieldConfig: {
    readonly defaults: Omit<FieldConfig, "custom" | "links"> & {
      readonly custom?: Custom;
      readonly links?: DataLink[];
    };
    readonly overrides: FieldConfigSource["overrides"];
  };
  readonly targets: readonly (PrometheusTarget | JaegerTarget)[];
};

interface DataLink {
  readonly title: string;
  readonly url: string;
  readonly targetBlank: boolean;
}

/** Of Grafana's Prometheus data source, whose types are not in the schema. */
interface PrometheusTarget {
  readonly datasource?: DataSourceRef;
  readonly refId: string;
  readonly expr: string;
  readonly editorMode?: "code" | "builder";
  readonly format?: "time_series" | "table" | "heatmap";
  readonly instant?: boolean;
  readonly range?: boolean;
  readonly interval?: string;
  readonly legendFormat?: string;
}

/** Of Grafana's Jaeger data source. */
interface JaegerTarget {
  readonly datasource: DataSourceRef;
  readonly refId: string;
  readonly queryType?: "search";
  readonly service?: string;
  readonly tags?: string;
  readonly limit?: number;
  readonly query?: string;
}

type Annotation = Omit<AnnotationQuery, "target"> & {
  readonly target: PrometheusTarget;
  readonly titleFormat: string;
  readonly textFormat: string;
  readonly tagKeys: string;
};

/** Enums as JSON has them: the texts and numbers they stand for. */
type Plain<Value> = unknown extends Value
  ? Value
  : Value extends string
    ? `${Value}`
    : Value extends number
      ? `${Value}` extends `${infer Digits extends number}`
        ? Digits
        : Value
      : Value extends object
        ? { [Key in keyof Value]: Plain<Value[Key]> }
        : Value;
