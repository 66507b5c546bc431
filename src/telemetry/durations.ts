import type { Attributes } from "@opentelemetry/api";
import { ATTRIBUTES, DURATION_BOUNDARIES } from "./semconv.ts";

/** The labels of one histogram series and, where our own reader takes them, its buckets. */
export class DurationCell {
  readonly labels: Attributes;
  /** One count for each boundary, and one for what lies above the last. */
  readonly buckets: Float64Array = new Float64Array(DURATION_BOUNDARIES.length + 1);
  sum = 0;
  count = 0;
  min: number = Number.POSITIVE_INFINITY;
  max: number = Number.NEGATIVE_INFINITY;

  constructor(labels: Attributes) {
    this.labels = sorted(labels);
  }

  /** Adds a duration in seconds to the bucket whose upper boundary it does not exceed, as the SDK's histograms do. */
  record(seconds: number): void {
    this.sum += seconds;
    this.count++;
    if (seconds < this.min) this.min = seconds;
    if (seconds > this.max) this.max = seconds;
    let bucket = 0;
    while (bucket < DURATION_BOUNDARIES.length && seconds > (DURATION_BOUNDARIES[bucket] as number)) bucket++;
    this.buckets[bucket] = (this.buckets[bucket] as number) + 1; // most durations sit low: a walk beats a bisection
  }
}

/** The labels in the order of their keys: the SDK sorts them again for each value it records, faster if there is nothing to do. */
function sorted(labels: Attributes): Attributes {
  return Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The series of one histogram and label set, split by error type. */
export class Durations {
  readonly #labels: () => Attributes;
  readonly #failed = new Map<string, DurationCell>();
  #ok: DurationCell | undefined;

  constructor(labels: () => Attributes) {
    this.#labels = labels;
  }

  get ok(): DurationCell {
    this.#ok ??= new DurationCell(this.#labels());
    return this.#ok;
  }

  failed(errorType: string): DurationCell {
    const known = this.#failed.get(errorType);
    if (known !== undefined) return known;
    const cell = new DurationCell({ ...this.#labels(), [ATTRIBUTES.errorType.name]: errorType });
    this.#failed.set(errorType, cell);
    return cell;
  }

  /** Those that have recorded something. */
  recorded(): DurationCell[] {
    const cells = [...this.#failed.values()];
    if (this.#ok !== undefined) cells.push(this.#ok);
    return cells.filter((cell) => cell.count > 0);
  }
}
