import { BusError, describeValue } from "../errors.ts";
import { ATTRIBUTES, METRICS, SYSTEM_NAME } from "../telemetry/semconv.ts";

/** The name of a metric of the telemetry contract. */
export type MetricName = (typeof METRICS)[keyof typeof METRICS]["name"];

/** Labels to look for: full names, or the contract's short ones: `subscription`, `outcome`, `errorType`, … */
export type MetricLabels = Readonly<Partial<Record<keyof typeof ATTRIBUTES, string>> & Record<string, string>>;

/** One series, and by how much it grew. */
export interface MetricCount {
  readonly name: MetricName;
  readonly labels: Readonly<Record<string, string>>;
  /** How much a counter grew, or an up-down counter rose or fell; how many durations a histogram recorded. */
  readonly value: number;
}

/**
 * How the metrics of the telemetry contract grew. Counted from what happened on this bus, in this run: the cells behind
 * the real metrics belong to the whole process, where tests run side by side.
 */
export class MetricCounts {
  readonly #counts = new Map<string, { name: MetricName; labels: Record<string, string>; value: number }>();

  /** Adds one, or what an up-down counter rose or fell by. */
  count(metric: keyof typeof METRICS, labels: MetricLabels, change = 1): void {
    const { name } = METRICS[metric];
    const full = { [ATTRIBUTES.system.name]: SYSTEM_NAME, ...fullLabels(labels) };
    const key = `${name}${spell(full)}`;
    const known = this.#counts.get(key);
    if (known === undefined) this.#counts.set(key, { name, labels: full, value: change });
    else known.value += change;
  }

  /** The same counts, which no longer grow. */
  copy(): MetricCounts {
    const copy = new MetricCounts();
    for (const [key, count] of this.#counts) copy.#counts.set(key, { ...count });
    return copy;
  }

  /** Every series that is not what it was, by name and labels. */
  list(): readonly MetricCount[] {
    const changed = [...this.#counts].filter(([, { value }]) => value !== 0);
    return changed.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, count]) => ({ ...count }));
  }

  /**
   * By how much the series of this metric grew that have these labels, among others; 0 where there are none.
   *
   * @throws BusError `INVALID_OPTION` for a metric or a label that the telemetry contract does not have
   */
  value(name: MetricName, labels: MetricLabels = {}): number {
    expectOneOf("metric", name, METRIC_NAMES);
    for (const label of Object.keys(labels)) expectOneOf("label", label, LABEL_NAMES);
    const wanted = Object.entries(fullLabels(labels));
    const found = this.list().filter((each) => each.name === name);
    const matching = found.filter((each) => wanted.every(([key, value]) => each.labels[key] === value));
    return matching.reduce((sum, each) => sum + each.value, 0);
  }

  /** One line for each series, in the order of the alphabet; the system's name, equal on all of them, is left out. */
  toString(): string {
    return this.list()
      .map(({ name, labels: { [ATTRIBUTES.system.name]: _, ...labels }, value }) => `${name}${spell(labels)} ${value}`)
      .join("\n");
  }
}

const METRIC_NAMES: readonly string[] = Object.values(METRICS).map(({ name }) => name);
const LABEL_NAMES: readonly string[] = Object.entries(ATTRIBUTES).flatMap(([short, { name }]) => [short, name]);

/** A misspelt name would grow by 0 for ever, and a test that expects 0 would pass. */
function expectOneOf(kind: string, value: unknown, known: readonly string[]): void {
  if (known.includes(value as string)) return;
  throw new BusError("INVALID_OPTION", `there is no ${kind} ${describeValue(value)}; there are ${known.join(", ")}`);
}

function fullLabels(labels: MetricLabels): Record<string, string> {
  const full: Record<string, string> = {};
  for (const [key, value] of Object.entries(labels)) {
    if (value === undefined) continue;
    const attribute = Object.hasOwn(ATTRIBUTES, key) ? ATTRIBUTES[key as keyof typeof ATTRIBUTES].name : key;
    full[attribute] = value;
  }
  return full;
}

function spell(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${pairs.map(([key, value]) => `${key}="${value}"`).join(", ")}}`;
}
