import type { METRICS } from "../telemetry/semconv.ts";
import type { HarnessSpan } from "./harness-span.ts";
import { MetricCounts, type MetricLabels } from "./metric-counts.ts";
import type { LogLine } from "./recording-logger.ts";
import { type BusRecords, emptyLists, type RecordKind, type RecordLists } from "./records.ts";

/** Everything that was seen on a bus, or in one run of it. What is written to a run is written to the runs around it too. */
export class Book {
  readonly lists: RecordLists = emptyLists();
  readonly metrics: MetricCounts = new MetricCounts();
  readonly spans: HarnessSpan[] = [];
  readonly lines: LogLine[] = [];
  readonly #outer: Book | undefined;

  constructor(outer: Book | undefined) {
    this.#outer = outer;
  }

  /** Whether what belongs to `other` belongs here too. */
  holds(other: Book | undefined): boolean {
    for (let book = other; book !== undefined; book = book.#outer) if (book === this) return true;
    return false;
  }

  add<Kind extends RecordKind>(kind: Kind, record: BusRecords[Kind][number]): void {
    (this.lists[kind] as BusRecords[Kind][number][]).push(record);
    this.#outer?.add(kind, record);
  }

  count(metric: keyof typeof METRICS, labels: MetricLabels, change = 1): void {
    this.metrics.count(metric, labels, change);
    this.#outer?.count(metric, labels, change);
  }

  addSpan(span: HarnessSpan): void {
    this.spans.push(span);
    this.#outer?.addSpan(span);
  }

  addLine(line: LogLine): void {
    this.lines.push(line);
    this.#outer?.addLine(line);
  }
}
