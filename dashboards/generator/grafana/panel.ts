import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog";
import {
  type DynamicConfigValue,
  type FieldColor,
  FieldColorModeId,
  type Panel,
  type Threshold,
  type ThresholdsConfig,
  ThresholdsMode,
} from "@grafana/grafana-foundation-sdk/dashboard";
import type { PanelLink } from "./links.ts";

/** What every panel says of itself. */
export interface PanelSpec {
  readonly title: string;
  /** What it shows, and what to think of a high value; Markdown. */
  readonly description: string;
  /** A unit id of Grafana: `s`, `percentunit`, `eps`, … */
  readonly unit: string;
  readonly decimals?: number;
  readonly min?: number;
  readonly max?: number;
  /** Shown where there is no data. */
  readonly noValue?: string;
  /** Green below the first of these values, then orange, then red. */
  readonly thresholds?: Limits;
  /** Where a click on a value leads. */
  readonly links?: readonly PanelLink[];
}

/** Values at which a number becomes noteworthy (orange) and bad (red). */
export interface Limits {
  readonly warning?: number;
  readonly critical?: number;
  /** Whether it is low values that are bad: orange below `warning`, red below `critical`. @default false */
  readonly isLowBad?: boolean;
}

export type Query = Builder<Dataquery>;

/** What the builders of panels with fields have in common. */
export interface FieldPanelBuilder extends Builder<Panel> {
  title(title: string): this;
  description(description: string): this;
  unit(unit: string): this;
  decimals(decimals: number): this;
  min(min: number): this;
  max(max: number): this;
  noValue(noValue: string): this;
  thresholds(thresholds: Builder<ThresholdsConfig>): this;
  colorScheme(color: Builder<FieldColor>): this;
  targets(targets: Builder<Dataquery>[]): this;
}

/** Gives `builder` what `spec` says, and the queries. */
export function describePanel<PanelBuilder extends FieldPanelBuilder>(
  builder: PanelBuilder,
  spec: PanelSpec,
  queries: readonly Query[],
): PanelBuilder {
  const { title, description, unit, decimals, min, max, noValue, thresholds } = spec;
  builder
    .title(title)
    .description(description)
    .unit(unit)
    .thresholds(built(thresholdsOf(thresholds)));
  if (decimals !== undefined) builder.decimals(decimals);
  if (min !== undefined) builder.min(min);
  if (max !== undefined) builder.max(max);
  if (noValue !== undefined) builder.noValue(noValue);
  return builder.targets(queries.map(withRefId));
}

/** The panel that `builder` built, a click on its values leading to `links`. */
export function withDataLinks(panel: Panel, links: readonly PanelLink[] | undefined): Panel {
  if (links === undefined) return panel;
  const { defaults, overrides } = panel.fieldConfig!;
  return { ...panel, fieldConfig: { defaults: { ...defaults, links: links as never }, overrides } };
}

/** A colour by the order of series. */
export const PALETTE: Builder<FieldColor> = built({ mode: FieldColorModeId.PaletteClassic });

/** A colour by the thresholds. */
export const BY_THRESHOLDS: Builder<FieldColor> = built({ mode: FieldColorModeId.Thresholds });

/** One property of a field override. */
export function property(id: string, value: unknown): DynamicConfigValue {
  return { id, value };
}

/** Steps of thresholds for `limits`; without limits nothing is ever bad. */
export function thresholdsOf(limits: Limits = {}): ThresholdsConfig {
  return { mode: ThresholdsMode.Absolute, steps: stepsOf(limits) };
}

function stepsOf({ warning, critical, isLowBad = false }: Limits): Threshold[] {
  const steps = isLowBad ? lowSteps(warning, critical) : highSteps(warning, critical);
  return steps.filter(({ value }) => value !== undefined) as Threshold[];
}

type Step = { readonly value: number | null | undefined; readonly color: string };

function highSteps(warning: number | undefined, critical: number | undefined): Step[] {
  return [
    { value: null, color: "green" },
    { value: warning, color: "orange" },
    { value: critical, color: "red" },
  ];
}

function lowSteps(warning: number | undefined, critical: number | undefined): Step[] {
  return [
    { value: null, color: critical === undefined ? "orange" : "red" },
    { value: warning === undefined ? undefined : critical, color: "orange" },
    { value: warning ?? critical, color: "green" },
  ];
}

function withRefId(query: Query, index: number): Query {
  return built({ ...query.build(), refId: String.fromCharCode("A".charCodeAt(0) + index) });
}

function built<Value>(value: Value): Builder<Value> {
  return { build: () => value };
}
