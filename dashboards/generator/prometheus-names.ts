import { ATTRIBUTES, METRICS } from "../../src/telemetry/semconv.ts";

type MetricKey = keyof typeof METRICS;
type LabelKey = keyof typeof ATTRIBUTES | keyof typeof RESOURCE_ATTRIBUTES;

interface MetricSpec {
  readonly name: string;
  readonly kind: "counter" | "upDownCounter" | "gauge" | "histogram";
  readonly unit: string;
}

const CONTRACT: Readonly<Record<MetricKey, MetricSpec>> = METRICS;

/** Resource attributes that Prometheus promotes to labels; `dashboards/prometheus/prometheus.yml` lists them. */
export const RESOURCE_ATTRIBUTES = {
  service: "service.name",
  serviceNamespace: "service.namespace",
  serviceInstance: "service.instance.id",
  serviceVersion: "service.version",
  environment: "deployment.environment.name",
} as const;

/** Every metric of the contract by its key there, under the name Prometheus gives it; histograms without a suffix. */
export const SERIES: Readonly<Record<MetricKey, string>> = mapValues(CONTRACT, prometheusName);

/** Every attribute of the contract by its key there, and every promoted resource attribute, as a Prometheus label. */
export const LABELS: Readonly<Record<LabelKey, string>> = {
  ...mapValues(ATTRIBUTES, ({ name }: { readonly name: string }) => prometheusLabel(name)),
  ...mapValues(RESOURCE_ATTRIBUTES, prometheusLabel),
};

/** The names a stored series of the contract can have, `_bucket`, `_count` and `_sum` of histograms included. */
export function storedNames(): readonly string[] {
  return Object.values(CONTRACT).flatMap((spec) => {
    const name = prometheusName(spec);
    return spec.kind === "histogram" ? [`${name}_bucket`, `${name}_count`, `${name}_sum`] : [name];
  });
}

/**
 * The name under which Prometheus stores a metric that it received by OTLP, with its default translation strategy
 * (UnderscoreEscapingWithSuffixes): dots to underscores, the unit in words, `_total` on counters.
 */
export function prometheusName({ name, kind, unit }: MetricSpec): string {
  const words = name.split(/[^A-Za-z0-9]+/);
  const unitWord = unit === "s" ? "seconds" : undefined; // annotations such as {message} are no unit
  if (unitWord !== undefined && !words.includes(unitWord)) words.push(unitWord);
  if (kind === "counter") words.push("total");
  return words.join("_");
}

/** The label under which Prometheus stores an attribute. */
export function prometheusLabel(attribute: string): string {
  return attribute.replaceAll(/[^A-Za-z0-9]/g, "_");
}

function mapValues<Key extends string, Value>(
  values: Readonly<Record<Key, Value>>,
  map: (value: Value) => string,
): Record<Key, string> {
  const entries = Object.entries<Value>(values).map(([key, value]) => [key, map(value)]);
  return Object.fromEntries(entries) as Record<Key, string>;
}
