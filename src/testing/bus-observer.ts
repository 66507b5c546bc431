import type { BusCore } from "../bus/bus-core.ts";
import type { BusSettings } from "../bus/bus-settings.ts";
import type { BusInside } from "../bus/inside.ts";
import { currentEvent } from "../context.ts";
import type { Cause, DeliveryFailure } from "../delivery/host.ts";
import type { BusEvent } from "../event/event.ts";
import type { Logger } from "../logger.ts";
import type { Guard } from "../telemetry/guard.ts";
import { OTHER } from "../telemetry/semconv.ts";
import type { Telemetry, TraceContext } from "../telemetry/telemetry.ts";
import { Activity } from "./activity.ts";
import { Book } from "./book.ts";
import { watchDeadLetters } from "./dead-letter-watch.ts";
import { DeliveryWatch } from "./delivery-watch.ts";
import { HarnessContext } from "./harness-context.ts";
import { HarnessTelemetry } from "./harness-telemetry.ts";
import { HarnessTracerProvider } from "./harness-tracer.ts";
import { type InFlightWork, workInFlight } from "./in-flight.ts";
import type { MetricCounts } from "./metric-counts.ts";
import { PublishWatch } from "./publish-watch.ts";
import { createRecordingLogger, type LogLine, type RecordingLogger } from "./recording-logger.ts";

/** What the options of a test bus tell its observer. */
export interface BusObserverInit {
  /** Gets every line that is recorded too. */
  readonly logger: Logger | undefined;
  readonly trustCorrelationId: boolean | undefined;
}

/** Watches one bus from inside, and writes what it sees into the books of the runs it belongs to. */
export class BusObserver implements BusInside {
  /** Everything, whatever run it belongs to. */
  readonly book: Book = new Book(undefined);
  readonly activity: Activity = new Activity();
  readonly context: HarnessContext<Book> = new HarnessContext();
  readonly tracerProvider: HarnessTracerProvider<Book>;
  readonly logger: RecordingLogger;
  /** Deliveries that failed for good, oldest first. */
  readonly failures: DeliveryFailure[] = [];
  readonly #trustCorrelationId: boolean | undefined;
  readonly #eventBooks = new WeakMap<BusEvent, Book>();
  readonly #correlations = new Map<string, Book>();
  #core: BusCore | undefined;
  #publishes: PublishWatch | undefined;
  #deliveries: DeliveryWatch | undefined;

  constructor({ logger, trustCorrelationId }: BusObserverInit) {
    this.#trustCorrelationId = trustCorrelationId;
    this.tracerProvider = new HarnessTracerProvider(this.context, (span, run) => (run ?? this.book).addSpan(span));
    this.logger = createRecordingLogger({ forwardTo: logger, onLine: (line) => this.#bookOfLine(line).addLine(line) });
  }

  telemetry(guard: Guard, settings: BusSettings): Telemetry {
    return new HarnessTelemetry(
      { guard, settings },
      {
        provider: this.tracerProvider,
        context: this.context.context,
        trustCorrelationId: this.#trustCorrelationId,
        onPublish: (span) => this.#publishes?.spanStarted(span),
      },
    );
  }

  attach(core: BusCore): void {
    const { activity } = this;
    const bookOf = (event: BusEvent): Book => this.#bookOf(event);
    const publishes = new PublishWatch(core, {
      activity,
      bookFor: (cause, correlationId) => this.#bookFor(cause, correlationId),
      enter: (book, call) => this.#enter(book, call),
      onAccepted: (event, book) => this.#remember(event, book),
      onReport: (...told) => this.#deliveries?.report(...told),
    });
    const deliveries = new DeliveryWatch(core, {
      activity,
      bookOf,
      labelOf: (name) => publishes.labelOf(name),
      onSeen: (event) => {
        publishes.seen(event);
        return !publishes.isSettled(event);
      },
      onFailure: (failure) => this.failures.push(failure),
      onSubscribed: (change) => this.#currentBook().count("subscriptions", { subscriptionState: "active" }, change),
    });
    watchDeadLetters(core, {
      bookOf: (event, subscription) => deliveries.bookOf(event, subscription),
      labelOf: (name) => publishes.labelOf(name),
      activeRun: () => this.context.activeRun(),
    });
    this.#publishes = publishes;
    this.#deliveries = deliveries;
    this.#core = core;
  }

  /** What the bus has begun and not finished; of one run, where given. */
  work(book: Book = this.book): InFlightWork[] {
    const [core, publishes, deliveries] = [this.#core, this.#publishes, this.#deliveries];
    if (core === undefined || publishes === undefined || deliveries === undefined) return [];
    const bookOf = (event: BusEvent): Book => this.#eventBooks.get(event) ?? this.book;
    return workInFlight({ core, publishes, deliveries, bookOf }).filter((each) => book.holds(each.book));
  }

  /** By how much the metrics of the bus grew so far, with what is in flight now. */
  metrics(): MetricCounts {
    const metrics = this.book.metrics.copy();
    for (const { describe } of this.work()) {
      const { state, eventName, subscription } = describe();
      if (subscription === undefined) continue; // a call: no delivery
      const destination = this.#publishes?.labelOf(eventName) ?? OTHER;
      metrics.count("inFlight", { destination, subscription, deliveryState: state });
    }
    return metrics;
  }

  /** The run that is active; else that of the cause, else that of the correlation id. */
  #bookFor(cause: Cause | undefined, correlationId: unknown): Book {
    const active = this.context.activeRun() ?? this.#runOf(cause?.context);
    if (active !== undefined) return active;
    const event = cause?.event ?? currentEvent();
    const known = event === undefined ? undefined : this.#eventBooks.get(event);
    return known ?? this.#bookOfCorrelation(correlationId) ?? this.book;
  }

  #runOf(context: TraceContext | undefined): Book | undefined {
    return context === undefined ? undefined : this.context.runOf(context as never);
  }

  #currentBook(): Book {
    return this.context.activeRun() ?? this.book;
  }

  #bookOf(event: BusEvent): Book {
    return this.context.activeRun() ?? this.#eventBooks.get(event) ?? this.book;
  }

  #bookOfLine({ fields }: LogLine): Book {
    return this.context.activeRun() ?? this.#bookOfCorrelation(fields.correlation_id) ?? this.book;
  }

  #bookOfCorrelation(correlationId: unknown): Book | undefined {
    return typeof correlationId === "string" ? this.#correlations.get(correlationId) : undefined;
  }

  /** Makes what `call` causes belong to a run whose context was lost on the way. */
  #enter<Result>(book: Book, call: () => Result): Result {
    if (book === this.book || this.context.activeRun() === book) return call();
    return this.context.enterRun(book, call);
  }

  #remember(event: BusEvent, book: Book): void {
    this.#eventBooks.set(event, book);
    if (book !== this.book) this.#correlations.set(event.correlationId, book);
  }
}
