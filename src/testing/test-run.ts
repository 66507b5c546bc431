import type { BusEvent } from "../event/event.ts";
import type { Book } from "./book.ts";
import type { MetricCounts } from "./metric-counts.ts";
import type { LogLine } from "./recording-logger.ts";
import type { BusRecords } from "./records.ts";
import { Trace } from "./trace.ts";

/** What one call caused on a bus, and nothing else: what it published, what those handlers published, and so on. */
export interface TestRun<Event = BusEvent, Result = unknown> extends BusRecords<Event> {
  /** What the call returned, or its promise resolved with; throws what the call threw. */
  readonly result: Result;
  /** What the call threw, or its promise rejected with; undefined when it did neither. */
  readonly error: unknown;
  /** The spans of the run. */
  readonly trace: Trace;
  /** By how much the metrics of the contract grew. */
  readonly metrics: MetricCounts;
  /** The lines that the bus, and handlers through `ctx.log`, wrote. */
  readonly logs: readonly LogLine[];
}

/** How the call of a run ended. */
export type CallOutcome<Result> = { readonly value: Result } | { readonly error: unknown };

/** The records of a book, each read a copy. */
export class BookView<Event> implements BusRecords<Event> {
  readonly #book: Book;

  constructor(book: Book) {
    this.#book = book;
  }

  get published(): BusRecords<Event>["published"] {
    return this.#list("published");
  }

  get delivered(): BusRecords<Event>["delivered"] {
    return this.#list("delivered");
  }

  get retried(): BusRecords<Event>["retried"] {
    return this.#list("retried");
  }

  get failed(): BusRecords<Event>["failed"] {
    return this.#list("failed");
  }

  get deadLettered(): BusRecords<Event>["deadLettered"] {
    return this.#list("deadLettered");
  }

  get unrouted(): BusRecords<Event>["unrouted"] {
    return this.#list("unrouted");
  }

  get refused(): BusRecords<Event>["refused"] {
    return this.#list("refused");
  }

  get cut(): BusRecords<Event>["cut"] {
    return this.#list("cut");
  }

  /** By how much the metrics of the contract grew, so far. */
  get metrics(): MetricCounts {
    return this.#book.metrics.copy();
  }

  get logs(): readonly LogLine[] {
    return [...this.#book.lines];
  }

  #list<Kind extends keyof BusRecords>(kind: Kind): BusRecords<Event>[Kind] {
    return [...this.#book.lists[kind]] as unknown as BusRecords<Event>[Kind];
  }
}

/** Everything a run needs to show. */
export interface RunInit<Result> {
  readonly book: Book;
  /** The book of the whole bus: links may lead out of the run. */
  readonly whole: Book;
  readonly outcome: CallOutcome<Result>;
  /** Called when the test looks at how the call ended. */
  readonly onSeen: () => void;
}

/** A run that is over. */
export class FinishedRun<Event, Result> extends BookView<Event> implements TestRun<Event, Result> {
  readonly #init: RunInit<Result>;

  constructor(init: RunInit<Result>) {
    super(init.book);
    this.#init = init;
  }

  get result(): Result {
    const { outcome, onSeen } = this.#init;
    onSeen();
    if ("error" in outcome) throw outcome.error;
    return outcome.value;
  }

  get error(): unknown {
    const { outcome, onSeen } = this.#init;
    onSeen();
    return "error" in outcome ? outcome.error : undefined;
  }

  get trace(): Trace {
    return traceOf(this.#init.book, this.#init.whole);
  }
}

/** The spans of a book. */
export function traceOf(book: Book, whole: Book): Trace {
  return new Trace(
    book.spans.map((span) => span.view()),
    () => whole.spans.map((span) => span.view()),
  );
}
