import { type Attachment, attachInstance } from "./bus/attach.ts";
import { BusCore } from "./bus/bus-core.ts";
import { type BusSettings, busSettings } from "./bus/bus-settings.ts";
import { deadLettersOf } from "./bus/dead-letters-view.ts";
import {
  type EventSource,
  EventStream,
  type EventsOptions,
  type WaitForOptions,
  waitForEvent,
} from "./bus/event-stream.ts";
import { insideOf } from "./bus/inside.ts";
import { type CloseReport, closeCore, type DrainReport, drainCore, refuseDrainFromHandler } from "./bus/lifecycle.ts";
import { addListener } from "./bus/listeners.ts";
import {
  type BusDescription,
  describeEvents,
  describeSubscription,
  type EventExplanation,
  explainEvent,
} from "./bus/topology.ts";
import { checkCatalog } from "./catalog/catalog.ts";
import type {
  AnyCatalog,
  DefaultCatalog,
  EventsMatching,
  HandlerOf,
  PatternOf,
  Publish,
  ValidPattern,
} from "./catalog/catalog-types.ts";
import { Destinations } from "./catalog/destinations.ts";
import { checkOptions, OptionCheck } from "./check.ts";
import type { DeadLetters } from "./delivery/dead-letter.ts";
import type { AttemptFailure, DeliveryFailure } from "./delivery/host.ts";
import { createLedger, type Ledger, readLedger } from "./delivery/ledger.ts";
import type { BusEvent } from "./event/event.ts";
import type { Invoke, Middleware } from "./handler.ts";
import { guardedLogger, processWarnings } from "./logging.ts";
import type { BusOptions, SpanLevel, SubscribeOptions } from "./options.ts";
import { parsePattern } from "./routing/pattern.ts";
import { Routes } from "./routing/routes.ts";
import type { Subscription } from "./routing/subscription.ts";
import { type SubscribeRequest, Subscriptions } from "./routing/subscriptions.ts";
import { telemetryCells } from "./telemetry/cells.ts";
import { Guard } from "./telemetry/guard.ts";
import { watchMeterProvider } from "./telemetry/meter-watch.ts";
import { OpenTelemetry } from "./telemetry/opentelemetry.ts";
import { VERSION } from "./telemetry/version.ts";

/**
 * Carries events from publishers to handlers in this process: validated, routed by pattern, each handler inside an
 * error boundary, every step traced, counted and timed through `@opentelemetry/api`.
 *
 * @example
 * await using bus = new EventBus({ source: "shop", events });
 * bus.subscribe("order.*", async (event, ctx) => charge(event.data, { signal: ctx.signal }), { name: "billing" });
 * const result = await bus.publish("order.placed", { orderId: "o-1" });
 */
export class EventBus<Events extends AnyCatalog = DefaultCatalog> implements AsyncDisposable {
  readonly #core: BusCore;
  readonly #subscriptions: Subscriptions;
  readonly #catalog: AnyCatalog | undefined;
  readonly #destinations: Destinations;
  #draining: Promise<DrainReport> | undefined;
  #closed: Promise<CloseReport> | undefined;

  /** @throws BusError `INVALID_OPTION`, naming the option, its value and the accepted range */
  constructor(options: BusOptions<Events> = {}) {
    const settings: BusSettings = busSettings(options);
    const guard = new Guard(options.logger ?? processWarnings);
    const logger = guardedLogger(options.logger ?? processWarnings, guard);
    const inside = insideOf(options);
    const telemetry = inside?.telemetry(guard, settings) ?? new OpenTelemetry(guard, settings);
    if (options.events !== undefined) checkCatalog(options.events);
    this.#catalog = options.events;
    this.#destinations = new Destinations(options.events, settings, logger);
    const { spans, trace, source } = settings;
    const ledger = createLedger();
    const routes = new Routes({ names: this.#destinations, ledger, spans, trace, source });
    this.#core = new BusCore({ bus: this, settings, guard, logger, telemetry, ledger, routes });
    const { pacer } = this.#core;
    const isOpen = () => this.#core.closeReason === undefined;
    const isDraining = () => this.#core.drainReason !== undefined;
    this.#subscriptions = new Subscriptions({ routes, logger, pacer, isOpen, isDraining });
    telemetry.sense();
    watchMeterProvider();
    const { buses } = telemetryCells();
    buses.set(VERSION, (buses.get(VERSION) ?? 0) + 1);
    inside?.attach(this.#core);
  }

  /**
   * Publishes an event: `publish(name, data, options)`, or `publish(event, options)` with what `createEvent` made.
   * Synchronous handlers have run when it returns; the promise resolves when every delivery has settled, and never
   * rejects because a handler failed, unless `strict` is set.
   *
   * @throws BusError (as a rejection) when the event is refused: `INVALID_NAME`, `UNKNOWN_EVENT`, `INVALID_EVENT`,
   * `INVALID_DATA` (a `ValidationError` with `issues`), `HEADERS_TOO_LARGE`, `DEPTH_EXCEEDED`, `BUS_DRAINING`, `BUS_CLOSED`,
   * `INVALID_OPTION`; with `strict`, `DELIVERY_FAILED` (a `DeliveryError`)
   */
  get publish(): Publish<Events> {
    return this.#publish;
  }

  readonly #publish = ((subject: unknown, data: unknown, options: unknown) =>
    this.#core.publisher.publish(subject, data, options, undefined)) as Publish<Events>;

  /**
   * Calls `handler` for each event whose name matches `pattern`: a name, `order.*` (one token), `order.**` (one or more)
   * or `*` (every event). Takes effect from the next event.
   *
   * @throws BusError `INVALID_PATTERN`, `INVALID_HANDLER`, `INVALID_OPTION`, `UNKNOWN_EVENT`, `BUS_CLOSED`
   */
  subscribe<const Pattern extends PatternOf<Events>>(
    pattern: ValidPattern<Events, Pattern>,
    handler: HandlerOf<Events, Pattern>,
    options?: SubscribeOptions<EventsMatching<Events, Pattern>>,
  ): Subscription {
    return this.#subscribe({ pattern, handler, options: options as SubscribeOptions | undefined });
  }

  #subscribe(request: Pick<SubscribeRequest, "pattern" | "handler" | "options" | "isShared">): Subscription {
    if (this.#core.closeReason !== undefined) throw this.#core.closeReason;
    this.#core.telemetry.sense();
    return this.#subscriptions.add({ ...request, catalog: this.#catalog, labels: this.#destinations });
  }

  /** Like `subscribe`, for the first matching event only. */
  once<const Pattern extends PatternOf<Events>>(
    pattern: ValidPattern<Events, Pattern>,
    handler: HandlerOf<Events, Pattern>,
    options?: Omit<SubscribeOptions<EventsMatching<Events, Pattern>>, "once">,
  ): Subscription {
    checkOptions("once", options);
    return this.#subscribe({ pattern, handler, options: { ...(options as SubscribeOptions), once: true } });
  }

  /** Ends every subscription of this handler to this pattern; false when there is none. */
  unsubscribe(pattern: PatternOf<Events>, handler: (...args: never[]) => unknown): boolean {
    return this.#subscriptions.removeHandler(pattern, handler);
  }

  /**
   * Resolves with the first matching event published from now on.
   *
   * @throws BusError (as a rejection) `TIMEOUT`, `ABORTED`, or `BUS_CLOSED` when the bus closes meanwhile
   */
  async waitFor<const Pattern extends PatternOf<Events>>(
    pattern: ValidPattern<Events, Pattern>,
    options: WaitForOptions<EventsMatching<Events, Pattern>> = {},
  ): Promise<EventsMatching<Events, Pattern>> {
    const check = new OptionCheck("waitFor", options, ["where", "timeoutMs", "signal"]);
    check.function("where");
    check.timer("timeoutMs");
    check.matching("signal", "an AbortSignal", (value) => value instanceof AbortSignal);
    const source = this.#eventSource(pattern, "waitFor");
    const event = await waitForEvent(source, String(pattern), options as WaitForOptions);
    return event as EventsMatching<Events, Pattern>;
  }

  /**
   * The matching events as an async iterator. An event counts as handled when the next is asked for; leaving the loop
   * unsubscribes. Events wait in the queue until they are asked for.
   *
   * @param options.queue where they wait, and what happens when it is full: 1,000 and `block` by default
   */
  events<const Pattern extends PatternOf<Events>>(
    pattern: ValidPattern<Events, Pattern>,
    options: EventsOptions = {},
  ): AsyncIterableIterator<EventsMatching<Events, Pattern>> {
    const check = new OptionCheck("events", options, ["signal", "queue"]);
    check.matching("signal", "an AbortSignal", (value) => value instanceof AbortSignal);
    check.object("queue");
    const source = this.#eventSource(pattern, "events", { concurrency: 1, queue: options.queue });
    const stream = new EventStream(source, options.signal);
    return stream as AsyncIterableIterator<BusEvent> as AsyncIterableIterator<EventsMatching<Events, Pattern>>;
  }

  #eventSource(pattern: unknown, method: "waitFor" | "events", lane: SubscribeOptions = {}): EventSource {
    const spans: SpanLevel | undefined = method === "waitFor" ? "off" : undefined; // looking at an event is not processing it
    return {
      subscribe: (handler: Invoke) => {
        const { text } = parsePattern(pattern); // first: a name made of anything else would be the wrong complaint
        const options = { name: `${method} ${text}`.slice(0, 128), spans, ...lane };
        return this.#subscribe({ pattern, handler, options, isShared: true });
      },
      whenClosed: (listener) => this.#core.whenClosed(listener),
    };
  }

  /**
   * Adds middleware around every handler, present and future, inside those added before; dispose to take it away.
   *
   * @throws BusError `INVALID_HANDLER`
   */
  use(middleware: Middleware): Disposable {
    return this.#subscriptions.use(middleware);
  }

  /** Calls `listener` once for each delivery that fails for good; dispose to stop. What it throws is counted, not thrown. */
  onError(listener: (failure: DeliveryFailure) => unknown): Disposable {
    return addListener("onError", this.#core.errorListeners, listener);
  }

  /** Calls `listener` for each failed attempt, retried or not; dispose to stop. */
  onAttemptError(listener: (failure: AttemptFailure) => unknown): Disposable {
    return addListener("onAttemptError", this.#core.attemptErrorListeners, listener);
  }

  /**
   * Subscribes the methods of `instance` that `@subscribeTo` marked; dispose to unsubscribe them all.
   *
   * @throws BusError `INVALID_HANDLER` when no method is marked
   */
  attach(instance: object): Attachment {
    return attachInstance(instance, (request) => this.#subscribe(request));
  }

  /** Deliveries that failed for good, to inspect and replay. */
  get deadLetters(): DeadLetters {
    return deadLettersOf(this.#core, (name, event) => this.#subscriptions.find(name, event));
  }

  /** The topology as data: events of the catalog and subscriptions, and which reach which. */
  describe(): BusDescription {
    const { settings, closeReason, drainReason } = this.#core;
    const state = closeReason !== undefined ? "closed" : drainReason !== undefined ? "draining" : "open";
    const subscriptions = this.#subscriptions.list();
    return {
      source: settings.source,
      state,
      events: describeEvents(this.#catalog, subscriptions),
      subscriptions: subscriptions.map((each) => describeSubscription(each, this.#catalog)),
    };
  }

  /** What publishing `name` would do: refused or not, and for each subscription whether it matches, and why. */
  explain(name: string): EventExplanation {
    return explainEvent(name, (each) => this.#destinations.look(each), this.#subscriptions.list());
  }

  /** The accounts: what was published, refused, delivered, retried, dead-lettered, and is in flight now. */
  stats(): Readonly<Ledger> {
    const { ledger, telemetry } = this.#core;
    telemetry.sense();
    const { started, ended } = telemetry.spans;
    return { ...readLedger(ledger), spansStarted: started, spansEnded: ended };
  }

  /**
   * Stops the intake, waits for what is in flight, then closes. Publishes of the handlers being drained are accepted; at
   * the deadline what is left is cut, dead-lettered and named in the report. Concurrent calls share one drain.
   *
   * @param options.deadlineMs longest wait in milliseconds, 10,000 by default
   * @throws BusError (as a rejection) `DRAIN_FROM_HANDLER`, `INVALID_OPTION`
   */
  async drain(options: { readonly deadlineMs?: number } = {}): Promise<DrainReport> {
    new OptionCheck("drain", options, ["deadlineMs"]).timer("deadlineMs");
    refuseDrainFromHandler(this.#core);
    this.#draining ??= drainCore(this.#core, options.deadlineMs ?? 10_000, () => this.#subscriptions.drain()).finally(
      () => this.#retire(),
    );
    return this.#draining;
  }

  /** Closes now: aborts what is in flight, and reports it. Idempotent. */
  async close(): Promise<CloseReport> {
    if (this.#closed === undefined) {
      let report: (report: CloseReport) => void = () => undefined;
      this.#closed = new Promise((resolve) => {
        report = resolve;
      });
      report(closeCore(this.#core, "close")); // last: what is aborted runs user code, which may close as well
      this.#retire();
    }
    return this.#closed;
  }

  #isRetired = false;

  #retire(): void {
    if (this.#isRetired) return;
    this.#isRetired = true;
    this.#subscriptions.clear();
    const { buses } = telemetryCells();
    buses.set(VERSION, (buses.get(VERSION) ?? 1) - 1);
  }

  /** Drains with the default deadline: `await using bus = new EventBus(…)`. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#core.closeReason === undefined) await this.drain();
  }
}
