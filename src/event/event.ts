import { v4 as uuid } from "uuid";
import { BusError } from "../errors.ts";
import { showAs } from "../inspect.ts";
import type { EventHeaders, EventInit, ReadonlyData } from "./event-init.ts";
import { eventProblems, readEvent } from "./event-rules.ts";

/**
 * A fact that happened, as handlers receive it. Immutable: the record is frozen and its fields are accessors, so copy
 * it with `toJSON()`, not with spread.
 */
export interface BusEvent<Name extends string = string, Data = unknown> {
  /** Unique id (UUID v4 unless the bus was given a generator); the key for de-duplication. */
  readonly id: string;
  /** Dot-separated tokens, a fact in the past tense: `order.placed`. */
  readonly name: Name;
  /** What the schema made of the published data; the published data itself where there is no schema. */
  readonly data: ReadonlyData<Data>;
  /** Who published it: a service or component. */
  readonly source: string;
  /** Carried unchanged through everything the first event causes; searchable in the trace store. */
  readonly correlationId: string;
  /** The id of the event whose handler published this one; undefined at the start of a chain. */
  readonly causationId: string | undefined;
  /** The instant of publishing, in milliseconds since the Unix epoch. */
  readonly timestamp: number;
  /** How many causes came before: 0 for the first event of a chain. */
  readonly depth: number;
  /** The caller's headers and, once published under a propagator, the W3C trace context of the publish span. */
  readonly headers: EventHeaders;
  /** The complete event as plain data; `createEvent` takes it back. */
  toJSON(): SerializedEvent<Name, Data>;
}

/** An event as plain data, as `JSON.stringify(event)` writes it. */
export interface SerializedEvent<Name extends string = string, Data = unknown> {
  readonly id: string;
  readonly name: Name;
  readonly data: ReadonlyData<Data>;
  readonly source: string;
  readonly correlationId: string;
  readonly causationId?: string;
  /** ISO 8601, UTC, millisecond precision. */
  readonly timestamp: string;
  readonly depth: number;
  readonly headers: EventHeaders;
}

/**
 * Makes an event to publish later: `bus.publish(createEvent({ name, data, source }))`.
 *
 * @throws BusError `INVALID_NAME`, `INVALID_EVENT` or `HEADERS_TOO_LARGE`, naming the field and the accepted form
 */
export function createEvent<const Name extends string, Data = undefined>(
  init: EventInit<Name, Data> & { readonly source: string },
): BusEvent<Name, Data> {
  const fields = readEvent(init, { sourceRequired: true });
  if ("problem" in fields) {
    const { code, problem, cause } = fields;
    throw new BusError(code, `cannot create event: ${problem}`, cause === undefined ? undefined : { cause });
  }
  const { name, data, source = "" } = fields;
  return new EventRecord({ name, source, given: fields }, data, STANDALONE) as unknown as BusEvent<Name, Data>;
}

/** What is wrong with a would-be event, one sentence for each field; empty when it can be published. */
export function validateEvent(event: unknown): string[] {
  return eventProblems(event, { sourceRequired: true }).map((each) => each.problem);
}

/** Where an event's late values come from: the bus that published it. */
export interface EventOrigin {
  readonly now: () => number;
  readonly generateId: () => string;
  /** The W3C headers of the context the event was published in. */
  readonly injectHeaders: (context: unknown) => EventHeaders | undefined;
}

const STANDALONE: EventOrigin = { now: Date.now, generateId: uuid, injectHeaders: () => undefined };
const NO_HEADERS: EventHeaders = Object.freeze({});

/** Names only: a chain of events would keep all their data alive. */
interface Trail {
  readonly name: string;
  readonly up: Trail | undefined;
}

/** Where an event stands in its chain. */
interface Lineage {
  readonly causationId: string | undefined;
  readonly depth: number;
  readonly trail: Trail | undefined;
}

/** The lineage of every event that starts a chain. */
const FIRST: Lineage = { causationId: undefined, depth: 0, trail: undefined };

/** What an event is made of, besides its data. */
export interface EventSubject {
  readonly name: string;
  readonly source: string;
  /** The fields that are fixed beforehand; undefined where there are none. */
  readonly given: EventInit | undefined;
}

/** Settles the correlation id of an event that has none yet. */
export let fixCorrelation: (event: EventRecord, correlationId: string) => void;
/** Makes `event` an effect of `cause`: correlation, causation and depth. */
export let fixCause: (event: EventRecord, cause: EventRecord) => void;
/** Keeps the context the event was published in; its headers are written when someone reads them. */
export let fixContext: (event: EventRecord, context: unknown) => void;
/** The fields of an event as they are settled so far; reading them one by one would settle the correlation id. */
export let fieldsOfRecord: (event: EventRecord) => EventInit;
/** The names of the events that led to this one, and its own: `a > b > c`. */
export let namesOfCauses: (event: EventRecord) => string;

/** The one implementation of {@link BusEvent}: ids, clock and headers are settled at first read and fixed then. */
export class EventRecord implements BusEvent {
  // own properties, so that two events do not look equal, and empty, to whoever compares or prints own properties
  readonly name: string;
  readonly data: unknown;
  readonly source: string;
  readonly #origin: EventOrigin;
  #id: string | undefined;
  #correlationId: string | undefined;
  #timestamp: number | undefined;
  // biome-ignore lint/style/useReadonlyClassProperties: a friend in the static block sets it
  #lineage: Lineage;
  #headers: EventHeaders | undefined;
  #context: unknown;

  constructor(subject: EventSubject, data: unknown, origin: EventOrigin) {
    const { given } = subject;
    this.name = subject.name;
    this.data = data;
    this.source = subject.source;
    this.#origin = origin;
    this.#lineage = FIRST;
    if (given !== undefined) {
      const { causationId, depth = 0 } = given;
      this.#id = given.id;
      this.#correlationId = given.correlationId;
      if (given.timestamp !== undefined) this.#timestamp = toEpochMs(given.timestamp);
      if (causationId !== undefined || depth > 0) this.#lineage = { causationId, depth, trail: undefined };
      if (given.headers !== undefined) this.#headers = Object.freeze({ ...given.headers });
    }
    Object.freeze(this); // nobody may add to a record that several handlers share; private fields stay settable here
  }

  get id(): string {
    this.#id ??= this.#origin.generateId();
    return this.#id;
  }

  get correlationId(): string {
    this.#correlationId ??= uuid();
    return this.#correlationId;
  }

  get causationId(): string | undefined {
    return this.#lineage.causationId;
  }

  get timestamp(): number {
    this.#timestamp ??= this.#origin.now();
    return this.#timestamp;
  }

  get depth(): number {
    return this.#lineage.depth;
  }

  get headers(): EventHeaders {
    if (this.#context !== undefined) {
      const injected = this.#origin.injectHeaders(this.#context);
      this.#context = undefined;
      if (injected !== undefined) this.#headers = Object.freeze({ ...this.#headers, ...injected });
    }
    return this.#headers ?? NO_HEADERS;
  }

  toJSON(): SerializedEvent {
    return {
      id: this.id,
      name: this.name,
      data: this.data,
      source: this.source,
      correlationId: this.correlationId,
      ...(this.causationId === undefined ? undefined : { causationId: this.causationId }),
      timestamp: new Date(this.timestamp).toISOString(),
      depth: this.depth,
      headers: this.headers,
    };
  }

  static {
    showAs("BusEvent", EventRecord.prototype);
    fixCorrelation = (event, correlationId) => {
      event.#correlationId ??= correlationId;
    };
    fixCause = (event, cause) => {
      event.#correlationId ??= cause.correlationId;
      event.#lineage = {
        // an event that its own handler passes on, to another bus say, is not its own cause
        causationId: event.causationId ?? (event.#id === cause.id ? cause.causationId : cause.id),
        depth: Math.max(event.depth, cause.depth + 1),
        trail: { name: cause.name, up: cause.#lineage.trail },
      };
    };
    fixContext = (event, context) => {
      event.#context = context;
    };
    fieldsOfRecord = (event) => ({
      name: event.name,
      data: event.data,
      source: event.source,
      id: event.id,
      correlationId: event.#correlationId,
      causationId: event.causationId,
      timestamp: event.#timestamp,
      depth: event.depth,
      headers: event.headers,
    });
    namesOfCauses = (event) => {
      const names = [event.name];
      for (let { trail } = event.#lineage; trail !== undefined; trail = trail.up) names.unshift(trail.name);
      if (names.length > 12) names.splice(4, names.length - 10, "…");
      return names.join(" > ");
    };
  }
}

function toEpochMs(instant: number | Date | string): number {
  return typeof instant === "number" ? instant : new Date(instant).getTime();
}
