/** One label matcher of a selector; the value is taken literally, except by the `=~` and `!~` operators. */
export interface Matcher {
  readonly label: string;
  readonly operator: "=" | "!=" | "=~" | "!~";
  readonly value: string;
}

/** `label="value"`. */
export function equal(label: string, value: string): Matcher {
  return { label, operator: "=", value };
}

/** `label!="value"`. */
export function notEqual(label: string, value: string): Matcher {
  return { label, operator: "!=", value };
}

/** `label=~"regex"`, the regular expression as it is: escape what is not one with {@link escapeRegex}. */
export function matches(label: string, regex: string): Matcher {
  return { label, operator: "=~", value: regex };
}

/** `label!~"regex"`. */
export function notMatches(label: string, regex: string): Matcher {
  return { label, operator: "!~", value: regex };
}

/** `label=~"one|other"`: any of these values, each taken literally. */
export function anyOf(label: string, values: readonly string[]): Matcher {
  return matches(label, values.map(escapeRegex).join("|"));
}

/** `metric{…}`. */
export function select(metric: string, matchers: readonly Matcher[] = []): string {
  if (matchers.length === 0) return metric;
  const texts = matchers.map(({ label, operator, value }) => `${label}${operator}${quote(value)}`);
  return `${metric}{${texts.join(", ")}}`;
}

/** `rate(series[window])`, per second. */
export function rate(series: string, window: string): string {
  return `rate(${series}[${window}])`;
}

/** `increase(series[window])`. */
export function increase(series: string, window: string): string {
  return `increase(${series}[${window}])`;
}

/** `sum by (labels) (expression)`; without labels, `sum(expression)`. */
export function sumBy(labels: readonly string[], expression: string): string {
  return aggregate("sum", labels, expression);
}

/** `max by (labels) (expression)`; without labels, `max(expression)`. */
export function maxBy(labels: readonly string[], expression: string): string {
  return aggregate("max", labels, expression);
}

/** The `quantile` of a classic histogram, from `rate(…_bucket[…])`, by `labels`. */
export function quantile(ratio: number, labels: readonly string[], bucketRate: string): string {
  return `histogram_quantile(${ratio}, ${sumBy(["le", ...labels], bucketRate)})`;
}

/**
 * The share of `part` in `whole`, both of the same labels: 0 where there is a whole and no part (a counter that was
 * never added to does not exist), and no data, instead of NaN, where there is no whole.
 */
export function shareOf(part: string, whole: string): string {
  return `(${part} or 0 * ${whole}) / (${whole} > 0)`;
}

/** `value` as a PromQL string literal; every escape of JSON is one of PromQL's. */
export function quote(value: string): string {
  return JSON.stringify(value);
}

/** `text` as a regular expression (RE2) that matches nothing but it. */
export function escapeRegex(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}

function aggregate(operator: string, labels: readonly string[], expression: string): string {
  return labels.length === 0 ? `${operator}(${expression})` : `${operator} by (${labels.join(", ")}) (${expression})`;
}
