import { parser } from "@prometheus-io/lezer-promql";
import { LABELS, prometheusLabel, SERIES } from "../../dashboards/generator/prometheus-names.ts";
import * as recorded from "../../dashboards/generator/rules/recorded-series.ts";
import { ATTRIBUTES, METRICS } from "../../src/telemetry/semconv.ts";

/** What an expression speaks of. */
export interface Expression {
  /** The pieces that are no PromQL. */
  readonly errors: readonly string[];
  readonly selectors: readonly { readonly metric: string; readonly labels: readonly string[] }[];
  /** The labels it groups and matches by. */
  readonly grouping: readonly string[];
}

/** Reads a PromQL expression with Prometheus's own grammar. */
export function readExpression(text: string): Expression {
  const errors: string[] = [];
  const grouping: string[] = [];
  const selectors: { metric: string; labels: string[] }[] = [];
  parser.parse(text).iterate({
    enter: ({ type, from, to, node }) => {
      const piece = text.slice(from, to);
      if (type.isError) errors.push(text.slice(Math.max(0, from - 20), to + 20));
      else if (type.name === "VectorSelector") selectors.push({ metric: piece.split("{")[0] ?? "", labels: [] });
      else if (type.name === "LabelName" && node.parent?.name === "GroupingLabels") grouping.push(piece);
      else if (type.name === "LabelName") selectors.at(-1)?.labels.push(piece);
    },
  });
  return { errors, selectors, grouping };
}

/** Labels every series has that comes by OTLP. */
const RESOURCE_LABELS = [
  LABELS.service,
  LABELS.serviceNamespace,
  LABELS.serviceInstance,
  LABELS.serviceVersion,
  LABELS.environment,
];

/** Every series there is, with its labels: of the contract, recorded by a rule, or made by Prometheus itself. */
export function knownSeries(): ReadonlyMap<string, readonly string[]> {
  const known = new Map<string, readonly string[]>([
    ["ALERTS", ["alertname", "alertstate", "severity", ...recorded.HANDLER_LABELS]],
  ]);
  for (const [key, name] of Object.entries(SERIES)) {
    const spec = METRICS[key as keyof typeof METRICS];
    const labels = spec === undefined ? [LABELS.destination, LABELS.subscription] : contractLabels(spec.labels);
    const stored = spec?.kind === "histogram" ? ["_bucket", "_count", "_sum"] : [""];
    for (const suffix of stored) {
      known.set(name + suffix, [...RESOURCE_LABELS, ...labels, ...(suffix === "_bucket" ? ["le"] : [])]);
    }
  }
  for (const objective of [recorded.HANDLING, recorded.LATENCY, recorded.PUBLISHING]) {
    for (const name of [objective.budget, ...recorded.WINDOWS.map((window) => objective.badRatio(window))]) {
      known.set(name, objective.labels);
    }
  }
  return known;
}

/** The labels that the contract's table gives in short: "subscription.name, spanbus.delivery.outcome, .disposition". */
function contractLabels(short: string): string[] {
  const hasDestination = !short.includes("(no destination)");
  const tokens = short
    .replace(/\s*\(no destination\)|none/g, "")
    .split(", ")
    .filter((token) => token !== "");
  let prefix = "";
  const names = tokens.map((token) => {
    const text = token.startsWith(".") ? prefix + token : token;
    const attribute = Object.values(ATTRIBUTES).find(({ name }) => name === text || name.endsWith(`.${text}`));
    if (attribute === undefined) throw new Error(`the contract has no attribute ${text}`);
    prefix = attribute.name.slice(0, attribute.name.lastIndexOf("."));
    return attribute.name;
  });
  const all = [ATTRIBUTES.system.name, ...(hasDestination ? [ATTRIBUTES.destination.name] : []), ...names];
  return all.map(prometheusLabel);
}
