import type { StandardSchemaV1 } from "../catalog/standard-schema.ts";
import { Accounts } from "../delivery/accounts.ts";
import type { OpenLedger } from "../delivery/ledger.ts";
import { isTimed, type Leg } from "../delivery/leg.ts";
import type { SpanLevel, TraceMode } from "../options.ts";
import { type Intent, plainIntent } from "../publishing/intent.ts";
import { deliveryCell, type PublishCell, publishCell } from "../telemetry/cells.ts";
import { OTHER } from "../telemetry/semconv.ts";
import type { Destination } from "../telemetry/telemetry.ts";
import type { Pattern } from "./pattern.ts";
import { Router } from "./router.ts";
import type { SubscriptionRecord } from "./subscription.ts";

/** Everything about one event name that does not change from event to event. */
export interface Route {
  readonly name: string;
  readonly schema: StandardSchemaV1 | undefined;
  readonly destination: Destination;
  readonly cell: PublishCell;
  /** The span level of the publish span. */
  readonly spans: SpanLevel;
  readonly legs: readonly Leg[];
  /** What publishing just this name asks for; undefined on a bus without a source. */
  readonly plain: Intent | undefined;
}

/** What the catalog says about a name. */
export interface RouteDefinition {
  readonly schema: StandardSchemaV1 | undefined;
  readonly destination: Destination;
  readonly spans: SpanLevel | undefined;
  readonly trace: TraceMode | undefined;
}

export interface RoutesInit {
  readonly names: {
    /** What is known of a valid name; undefined when it may not be published. */
    define(name: string): RouteDefinition | undefined;
    /** Called when metric series were made: they may be folded. */
    noteFolding(): void;
  };
  readonly ledger: OpenLedger;
  readonly spans: SpanLevel;
  readonly trace: TraceMode;
  /** The bus's own source. */
  readonly source: string | undefined;
}

const MAX_CACHED = 10_000;

/** Subscriptions by pattern, and routes by name: built at the first publish of a name, reused until they change. */
export class Routes {
  readonly #router = new Router<SubscriptionRecord>();
  readonly #byPattern = new Map<string, Set<SubscriptionRecord>>();
  readonly #cache = new Map<string, Route>();
  readonly #init: RoutesInit;

  constructor(init: RoutesInit) {
    this.#init = init;
  }

  add(subscription: SubscriptionRecord): void {
    const { parsed } = subscription;
    this.#router.add(parsed, subscription);
    const others = this.#byPattern.get(parsed.text);
    if (others === undefined) this.#byPattern.set(parsed.text, new Set([subscription]));
    else others.add(subscription);
    this.#forget(parsed);
  }

  remove(subscription: SubscriptionRecord): void {
    const { parsed } = subscription;
    this.#router.remove(parsed, subscription);
    const others = this.#byPattern.get(parsed.text);
    others?.delete(subscription);
    if (others?.size === 0) this.#byPattern.delete(parsed.text);
    this.#forget(parsed);
  }

  #forget(pattern: Pattern): void {
    if (pattern.isExact) this.#cache.delete(pattern.text);
    else this.#cache.clear();
  }

  /** The route of a valid name; undefined when the catalog refuses it. */
  find(name: string): Route | undefined {
    return this.#cache.get(name) ?? this.#build(name);
  }

  /** The route of a name that was published before: the name is valid, and need not be looked at again. */
  cached(name: string): Route | undefined {
    return this.#cache.get(name);
  }

  /** The subscriptions to exactly this pattern, as it was written. */
  subscribedTo(pattern: string): readonly SubscriptionRecord[] {
    return [...(this.#byPattern.get(pattern) ?? [])];
  }

  #build(name: string): Route | undefined {
    const definition = this.#init.names.define(name);
    if (definition === undefined) return undefined;
    const { schema, destination } = definition;
    const spans = definition.spans ?? this.#init.spans;
    const trace = definition.trace ?? this.#init.trace;
    const legs = this.#router.match(name).map((subscription): Leg => {
      const { settings } = subscription;
      const accounts = new Accounts(this.#init.ledger, deliveryCell(destination.label, settings.name));
      return {
        subscription,
        destination,
        accounts,
        spans: settings.spans ?? spans,
        trace: settings.trace ?? trace,
        isTimed: isTimed(settings),
      };
    });
    const { source } = this.#init;
    const plain = source === undefined ? undefined : plainIntent(name, undefined, source);
    const route: Route = { name, schema, destination, cell: publishCell(destination.label), spans, legs, plain };
    if (this.#cache.size >= MAX_CACHED) this.#cache.clear(); // names without bound: better slow than ever larger
    this.#cache.set(name, route);
    this.#init.names.noteFolding();
    return route;
  }
}

/** The destination of every name that was refused before it was known to be valid. */
export const REFUSED_DESTINATION: Destination = {
  name: OTHER,
  label: OTHER,
  template: undefined,
  extract: undefined,
  redactData: () => undefined,
};
