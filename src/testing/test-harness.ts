import type { TracerProvider } from "@opentelemetry/api";
import type { AnyCatalog, EventsMatching } from "../catalog/catalog-types.ts";
import type { DeliveryFailure } from "../delivery/host.ts";
import type { EventBus } from "../event-bus.ts";
import { Book } from "./book.ts";
import type { BusObserver } from "./bus-observer.ts";
import { conservationViolations } from "./conservation.ts";
import type { InFlightDelivery, InFlightWork } from "./in-flight.ts";
import type { MetricCounts } from "./metric-counts.ts";
import { recordMismatches } from "./record-mismatches.ts";
import { type SettleLimits, type SettleOptions, settleLimits, untilQuiet } from "./settling.ts";
import { type ExpectedFailures, isExpected, NotSettledError, UnexpectedFailuresError } from "./test-failures.ts";
import { BookView, type CallOutcome, FinishedRun, type TestRun, traceOf } from "./test-run.ts";
import type { Trace } from "./trace.ts";

/** Every event of a catalog. */
export type AnyEventOf<Events> = EventsMatching<Events, "*">;

/** What a harness is made of. */
export interface TestHarnessInit<Events extends AnyCatalog> {
  readonly bus: EventBus<Events>;
  readonly observer: BusObserver;
  readonly limits: SettleLimits;
}

/**
 * A bus under test, with the record of everything that happens on it. Declare it with `await using`: at the end of the
 * test it waits for quiet, fails the test where a handler failed that was not expected to, and closes the bus.
 */
export class TestHarness<Events extends AnyCatalog> extends BookView<AnyEventOf<Events>> implements AsyncDisposable {
  /** The bus: hand it to the code under test. */
  readonly bus: EventBus<Events>;
  readonly #observer: BusObserver;
  readonly #limits: SettleLimits;
  readonly #expected: ExpectedFailures[] = [];
  /** Failures and stuck deliveries that an error has told of already. */
  readonly #reported = new WeakSet<object>();
  readonly #runErrors = new Set<{ readonly error: unknown }>();

  constructor({ bus, observer, limits }: TestHarnessInit<Events>) {
    super(observer.book);
    this.bus = bus;
    this.#observer = observer;
    this.#limits = limits;
  }

  /** All spans so far, of all runs. */
  get trace(): Trace {
    const { book } = this.#observer;
    return traceOf(book, book);
  }

  /** By how much the metrics of the contract grew so far; deliveries in flight are those of this moment. */
  override get metrics(): MetricCounts {
    return this.#observer.metrics();
  }

  /** Makes spans that are recorded with the bus's: hand it to code under test that takes a tracer provider. */
  get tracerProvider(): TracerProvider {
    return this.#observer.tracerProvider;
  }

  /** What the bus has begun and not finished. */
  get inFlight(): readonly InFlightDelivery[] {
    return this.#observer.work().map((each) => each.describe());
  }

  /**
   * Says that handlers fail in this test, those that fit `expected` or all of them: before or after they do.
   */
  expectFailures(expected: ExpectedFailures = {}): void {
    this.#expected.push(expected);
  }

  /**
   * Resolves when nothing is in flight: handlers, retries, and publishes that nobody awaited, with what they cause.
   *
   * @throws NotSettledError (as a rejection) when a deadline passes; it says what is still in flight
   * @throws UnexpectedFailuresError (as a rejection) when a handler failed that was not expected to
   */
  async settled(options?: SettleOptions): Promise<void> {
    const limits = settleLimits("settled", options, this.#limits);
    await this.#untilQuiet(() => this.#observer.work(), limits);
    this.#failOnUnexpected();
  }

  /**
   * Calls `call`, waits until everything it causes has settled, and shows that, and nothing else: runs side by side do
   * not mix. What `call` throws is in `error`; looking at `result` throws it.
   *
   * @throws NotSettledError (as a rejection) when a deadline passes; it says what of the run is still in flight
   */
  async run<Result>(
    call: () => Result,
    options?: SettleOptions,
  ): Promise<TestRun<AnyEventOf<Events>, Awaited<Result>>> {
    const limits = settleLimits("run", options, this.#limits);
    const { activity, context, book: whole } = this.#observer;
    const book = new Book(context.activeRun() ?? whole);
    const calledAt = performance.now();
    let outcome: CallOutcome<Awaited<Result>> | undefined;
    const done = (ended: CallOutcome<Awaited<Result>>): void => {
      outcome = ended;
      activity.touch();
    };
    activity.touch();
    void outcomeOf(() => context.enterRun(book, call)).then(done); // never rejects
    const calling = callWork(book, calledAt);
    const pending = (): InFlightWork[] => {
      const work = this.#observer.work(book);
      return outcome === undefined && work.length === 0 ? [calling] : work;
    };
    await this.#untilQuiet(pending, limits);
    return this.#finish(book, outcome as unknown as CallOutcome<Awaited<Result>>);
  }

  #finish<Result>(book: Book, outcome: CallOutcome<Result>): TestRun<AnyEventOf<Events>, Result> {
    const entry = outcome as { readonly error: unknown };
    if ("error" in outcome) this.#runErrors.add(entry);
    return new FinishedRun<AnyEventOf<Events>, Result>({
      book,
      whole: this.#observer.book,
      outcome,
      onSeen: () => void this.#runErrors.delete(entry),
    });
  }

  /**
   * Where the accounts of the bus break the conservation law, or differ from what was seen; empty when all is well. What
   * was seen is compared only while nothing is in flight.
   */
  conservation(): readonly string[] {
    const ledger = this.bus.stats();
    const { lists } = this.#observer.book;
    const isQuiet = this.#observer.work().length === 0;
    return [...conservationViolations(ledger), ...(isQuiet ? recordMismatches(ledger, lists) : [])];
  }

  async #untilQuiet(pending: () => readonly InFlightWork[], limits: SettleLimits): Promise<void> {
    try {
      await untilQuiet(pending, this.#observer.activity, limits);
    } catch (error) {
      if (error instanceof NotSettledError) for (const { work } of pending()) this.#reported.add(work);
      throw error;
    }
  }

  #failOnUnexpected(): void {
    const failures = this.#observer.failures.filter(
      (failure) => !this.#reported.has(failure) && !this.#expects(failure),
    );
    const runErrors = [...this.#runErrors].map((each) => each.error);
    if (failures.length + runErrors.length === 0) return;
    for (const failure of failures) this.#reported.add(failure); // told once: not again when the harness is disposed
    this.#runErrors.clear();
    throw new UnexpectedFailuresError(failures, runErrors);
  }

  #expects(failure: DeliveryFailure): boolean {
    return this.#expected.some((expected) => isExpected(failure, expected));
  }

  /** Waits for quiet, fails on what was not expected, and closes the bus in any case. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      const pending = (): InFlightWork[] => this.#observer.work().filter(({ work }) => !this.#reported.has(work));
      await this.#untilQuiet(pending, this.#limits);
      this.#failOnUnexpected();
    } finally {
      await this.bus.close();
    }
  }
}

async function outcomeOf<Result>(call: () => Result): Promise<CallOutcome<Awaited<Result>>> {
  try {
    return { value: await call() };
  } catch (error) {
    return { error };
  }
}

/** Stands for a call that has not returned while nothing of it is in flight. */
function callWork(book: Book, calledAt: number): InFlightWork {
  const describe = (): InFlightDelivery => ({
    state: "calling",
    eventName: undefined,
    correlationId: undefined,
    subscription: undefined,
    attempt: 0,
    forMs: Math.max(0, performance.now() - calledAt),
    retryInMs: undefined,
  });
  return { work: {}, book, describe };
}
