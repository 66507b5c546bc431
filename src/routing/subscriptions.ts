import { checkFunction } from "../bus/listeners.ts";
import { destinationsOf } from "../catalog/catalog.ts";
import type { AnyCatalog } from "../catalog/catalog-types.ts";
import type { LaneHolder } from "../delivery/queue/deadlock.ts";
import { Lane, type LaneInit } from "../delivery/queue/lane.ts";
import type { SubscriptionSettings } from "../delivery/settings.ts";
import { BusError, describeValue } from "../errors.ts";
import type { Invoke, Middleware } from "../handler.ts";
import type { Logger } from "../logger.ts";
import type { SubscribeOptions } from "../options.ts";
import { countQueueCapacity, deliveryCell, telemetryCells } from "../telemetry/cells.ts";
import { matchesPattern, type Pattern, parsePattern } from "./pattern.ts";
import type { Routes } from "./routes.ts";
import { DEFAULT_QUEUE, defaultSubscriptionName, subscribeSettings } from "./subscribe-settings.ts";
import { type Subscription, SubscriptionRecord } from "./subscription.ts";

/** A subscription to be, as the caller of `subscribe` gave it. */
export interface SubscribeRequest {
  readonly pattern: unknown;
  readonly handler: unknown;
  readonly options: SubscribeOptions | undefined;
  readonly catalog: AnyCatalog | undefined;
  /** Whether namesakes are as they should be: the bus's own subscriptions, for `waitFor` and `events`. */
  readonly isShared?: boolean;
  readonly labels: { readonly refusesUnknown: boolean; labelOf(name: string): string; noteFolding(): void };
}

/** What the subscriptions of a bus need of it. */
export interface SubscriptionsInit {
  readonly routes: Routes;
  readonly logger: Logger;
  /** Lets long queues of quick handlers not starve the event loop. */
  readonly pacer: LaneInit["pacer"];
  readonly isOpen: () => boolean;
  readonly isDraining: () => boolean;
}

/** The subscriptions of one bus, with the middleware composed around their handlers. */
export class Subscriptions {
  readonly #init: SubscriptionsInit;
  readonly #routes: Routes;
  readonly #logger: Logger;
  readonly #records = new Set<SubscriptionRecord>();
  readonly #byName = new Map<string, Set<SubscriptionRecord>>();
  #hasWarned = false;
  #middleware: readonly Middleware[] = [];

  constructor(init: SubscriptionsInit) {
    this.#init = init;
    this.#routes = init.routes;
    this.#logger = init.logger;
  }

  /** Checks and adds a subscription. */
  add({ pattern, handler, options, catalog, labels, isShared = false }: SubscribeRequest): Subscription {
    const parsed = parsePattern(pattern);
    if (typeof handler !== "function") {
      const text = `cannot subscribe ${describeValue(handler)} to "${parsed.text}": a handler is a function (event, ctx)`;
      throw new BusError("INVALID_HANDLER", text);
    }
    const settings = subscribeSettings(options, defaultSubscriptionName(handler, parsed.text));
    const destinations = knownDestinations(parsed, catalog, labels);
    if (destinations.length === 0 && catalog !== undefined && labels.refusesUnknown) {
      const text = `cannot subscribe to "${parsed.text}": no event in the catalog matches it; add one, or mend the pattern`;
      throw new BusError("UNKNOWN_EVENT", text);
    }
    const leave = (left: SubscriptionRecord): void => this.#remove(left, options?.signal);
    const openLane = (of: SubscriptionSettings): Lane<LaneHolder> => this.#openLane(of);
    const record = new SubscriptionRecord({ pattern: parsed, handler: handler as Invoke, settings, leave, openLane });
    record.wrap(this.#middleware);
    const signal = options?.signal;
    if (signal?.aborted) return withdrawn(record); // it ends before the first event
    signal?.addEventListener("abort", record.end);
    this.#records.add(record);
    this.#addName(record, isShared);
    this.#routes.add(record);
    telemetryCells().activeSubscriptions++;
    // but not of the bus's own: waiting for many names must not use up the labels of events
    for (const destination of isShared ? [] : destinations) deliveryCell(destination, settings.name); // series exist before the first failure
    labels.noteFolding();
    return record;
  }

  #openLane({ name, concurrency, orderBy, queue }: SubscriptionSettings): Lane<LaneHolder> {
    const { pacer, isOpen, isDraining } = this.#init;
    const { capacity, policy } = queue ?? DEFAULT_QUEUE;
    const isOrdered = orderBy !== undefined;
    countQueueCapacity(name, capacity);
    const gates = { pacer, isOpen, isDraining };
    return new Lane({ name, concurrency: concurrency ?? Infinity, isOrdered, capacity, policy, ...gates });
  }

  #addName(record: SubscriptionRecord, isShared: boolean): void {
    const namesakes = this.#byName.get(record.name);
    if (namesakes === undefined) {
      this.#byName.set(record.name, new Set([record]));
      return;
    }
    namesakes.add(record);
    if (this.#hasWarned || isShared) return;
    this.#hasWarned = true;
    const text = `several subscriptions are named "${record.name}": they share metrics and dead letters; name them apart`;
    this.#logger.warn({ subscription: record.name }, text);
  }

  #remove(record: SubscriptionRecord, signal: AbortSignal | undefined): void {
    signal?.removeEventListener("abort", record.end);
    if (record.lane !== undefined) countQueueCapacity(record.name, -record.lane.capacity);
    if (!this.#records.delete(record)) return;
    this.#routes.remove(record);
    telemetryCells().activeSubscriptions--;
    const others = this.#byName.get(record.name);
    others?.delete(record);
    if (others?.size === 0) this.#byName.delete(record.name);
  }

  /** Ends every subscription of `handler` to `pattern`. */
  removeHandler(pattern: unknown, handler: unknown): boolean {
    const { text } = parsePattern(pattern);
    const found = this.#routes.subscribedTo(text).filter((each) => each.handler === handler);
    for (const record of found) record.unsubscribe();
    return found.length > 0;
  }

  /** The active subscriptions of this name that get events of this name. */
  find(name: string, eventName: string): readonly SubscriptionRecord[] {
    return [...(this.#byName.get(name) ?? [])].filter((each) => matchesPattern(each.parsed, eventName));
  }

  /** All of them, in the order they were made. */
  list(): SubscriptionRecord[] {
    return [...this.#records];
  }

  /** Lets what waits in their queues run, paused or not. */
  drain(): void {
    for (const record of this.#records) record.resume();
  }

  /** Ends all of them. */
  clear(): void {
    for (const record of this.list()) record.unsubscribe();
  }

  /** Adds middleware inside what was added before, around present and future handlers. */
  use(middleware: Middleware): Disposable {
    checkFunction("use", middleware);
    const entry = (...call: Parameters<Middleware>): unknown => middleware(...call); // the same function may be used twice
    Object.defineProperty(entry, "name", { value: middleware.name });
    this.#compose([...this.#middleware, entry]);
    return { [Symbol.dispose]: () => this.#compose(this.#middleware.filter((each) => each !== entry)) };
  }

  #compose(middleware: readonly Middleware[]): void {
    this.#middleware = middleware;
    for (const record of this.#records) record.wrap(middleware);
  }
}

function withdrawn(record: SubscriptionRecord): Subscription {
  record.unsubscribe();
  return record;
}

/** The labels whose series must exist before the first event; a wildcard without a catalog has none yet. */
function knownDestinations(
  pattern: Pattern,
  catalog: AnyCatalog | undefined,
  labels: SubscribeRequest["labels"],
): readonly string[] {
  if (catalog !== undefined) return destinationsOf(catalog, pattern);
  return pattern.isExact ? [labels.labelOf(pattern.text)] : [];
}
