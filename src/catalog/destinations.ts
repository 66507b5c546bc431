import type { BusSettings } from "../bus/bus-settings.ts";
import { isEventName } from "../event/names.ts";
import type { Logger } from "../logger.ts";
import type { RouteDefinition } from "../routing/routes.ts";
import { SERIES_BUDGET, telemetryCells } from "../telemetry/cells.ts";
import { OTHER } from "../telemetry/semconv.ts";
import type { Destination } from "../telemetry/telemetry.ts";
import { resolveEvent } from "./catalog.ts";
import type { AnyCatalog } from "./catalog-types.ts";
import type { AnyDefinition } from "./event-definition.ts";
import { redactSensitive } from "./sensitive.ts";

/**
 * What the bus knows of each event name, and the cardinality guard: with a catalog its names and templates are labels,
 * without one the first `maxDestinations` names; everything else is `_other`.
 */
export class Destinations {
  readonly #catalog: AnyCatalog | undefined;
  readonly #settings: BusSettings;
  readonly #logger: Logger;
  readonly #labels = new Set<string>();
  readonly #warned = new Set<string>();

  constructor(catalog: AnyCatalog | undefined, settings: BusSettings, logger: Logger) {
    this.#catalog = catalog;
    this.#settings = settings;
    this.#logger = logger;
  }

  /** Whether only what the catalog knows may be published. */
  get refusesUnknown(): boolean {
    return this.#settings.unknownEvents === "refuse";
  }

  /** Undefined when the name may not be published. */
  define(name: string): RouteDefinition | undefined {
    if (!isEventName(name)) return undefined;
    if (this.#catalog === undefined) return plain(name, this.labelOf(name));
    const resolved = resolveEvent(this.#catalog, name);
    if (resolved === undefined) return this.#defineUnknown(name);
    const { definition, template } = resolved;
    const { schema, spans, trace } = definition;
    return { schema, spans, trace, destination: destinationOf(name, template, definition) };
  }

  #defineUnknown(name: string): RouteDefinition | undefined {
    if (this.#settings.unknownEvents !== "allow") return undefined;
    this.#warnOnce(`names that the catalog does not know are "${OTHER}" in spans and metrics`);
    return plain(name, OTHER);
  }

  /** What `define` would find, without giving the name a label of its own. */
  look(name: string): { readonly isKnown: boolean; readonly template: string | undefined } {
    const resolved = this.#catalog === undefined ? undefined : resolveEvent(this.#catalog, name);
    const isOpen = this.#catalog === undefined || this.#settings.unknownEvents === "allow";
    return { isKnown: isOpen || resolved !== undefined, template: resolved?.template };
  }

  /** Says once that the budget of metric series is used up, when it is. */
  noteFolding(): void {
    if (!telemetryCells().isFolding) return;
    this.#warnOnce(`the budget of ${SERIES_BUDGET} metric series is used up: further label sets are "${OTHER}"`);
  }

  /** The label of a name, without a catalog. */
  labelOf(name: string): string {
    if (this.#labels.has(name)) return name;
    if (this.#labels.size >= this.#settings.maxDestinations) {
      this.#warnOnce(
        `more than ${this.#labels.size} event names: further ones are "${OTHER}"; a catalog names them all`,
      );
      return OTHER;
    }
    this.#labels.add(name);
    return name;
  }

  #warnOnce(text: string): void {
    if (this.#warned.has(text)) return;
    this.#warned.add(text);
    this.#logger.warn(text);
  }
}

function plain(name: string, label: string): RouteDefinition {
  const destination: Destination = { name, label, template: undefined, extract: undefined, redactData: asItIs };
  return { schema: undefined, spans: undefined, trace: undefined, destination };
}

function asItIs(data: unknown): unknown {
  return data;
}

function destinationOf(name: string, template: string | undefined, definition: AnyDefinition): Destination {
  const { attributes, sensitive } = definition;
  const redactData = sensitive === undefined ? asItIs : (data: unknown) => redactSensitive(data, sensitive);
  const extract = attributes === undefined ? undefined : extractorOf(attributes, redactData);
  return { name, label: template ?? name, template, extract, redactData };
}

type Extractors = NonNullable<AnyDefinition["attributes"]>;

/** Reads every attribute; one that throws costs only itself. */
function extractorOf(
  attributes: Extractors,
  redactData: (data: unknown) => unknown,
): NonNullable<Destination["extract"]> {
  const extractors = Object.entries(attributes);
  return (data, onError) => {
    const view = redactData(data) as never;
    const values: Record<string, unknown> = {};
    for (const [key, extract] of extractors) {
      try {
        values[key] = extract(view);
      } catch (error) {
        onError(error);
      }
    }
    return values;
  };
}
