import { v4 as uuid } from "uuid";
import { checkKnown } from "../check.ts";
import { eventLogFields } from "../context.ts";
import { BusError } from "../errors.ts";
import type { BusEvent, EventRecord, SerializedEvent } from "../event/event.ts";
import { showAs } from "../inspect.ts";
import type { Logger } from "../logger.ts";
import type { DeliveryReport } from "../outcome.ts";
import { LOG_EVENTS } from "../telemetry/semconv.ts";
import type { Failure, ProcessSpan, TraceContext } from "../telemetry/telemetry.ts";
import type { Leg } from "./leg.ts";

/** One failed attempt of a dead letter, with the span it ran in. */
export interface DeadLetterError {
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** The value of `error.type`. */
  readonly type: string;
  /** As far as the bus's `errors` option lets it be written. */
  readonly message: string | undefined;
  /** Only where `errors` is "full". */
  readonly stack: string | undefined;
  /** The trace of the attempt; undefined when nothing traced it. */
  readonly traceId: string | undefined;
  /** The span of the attempt. */
  readonly spanId: string | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
}

/** An event set aside for one subscription after the last attempt. */
export interface DeadLetter {
  /** What `get`, `replay` and `remove` take. */
  readonly id: string;
  /** The event as it was published; its own JSON is not redacted, that of the dead letter is. */
  readonly event: BusEvent;
  /** The name of the subscription that failed. */
  readonly subscription: string;
  /** The failed attempts, oldest first. */
  readonly errors: readonly DeadLetterError[];
  /** `attempts_exhausted`, `fatal`, `max_elapsed`, `unsubscribed`, `drain`, `deadline`, or the handler's own words. */
  readonly reason: string;
  /** Attempts started. */
  readonly attempts: number;
  /** When it was set aside, in milliseconds since the Unix epoch. */
  readonly at: number;
}

/** The dead letters of a bus, in memory: they end with the process. */
export interface DeadLetters {
  /** Dead letters held now. */
  readonly size: number;
  /**
   * Oldest first; of one subscription or event name where given.
   *
   * @throws BusError `INVALID_OPTION`
   */
  list(filter?: { readonly subscription?: string; readonly eventName?: string }): readonly DeadLetter[];
  /** The entry with this id, while it is held. */
  get(id: string): DeadLetter | undefined;
  /**
   * Delivers the event once more, to its subscription only, as a trace of its own linked to the original. The entry goes
   * when the event is handled; when it fails again, the entry is updated and stays.
   *
   * @throws BusError `DEAD_LETTER_NOT_FOUND`, `DEAD_LETTER_BUSY`, `SUBSCRIPTION_NOT_FOUND`, `BUS_DRAINING`, `BUS_CLOSED`
   */
  replay(id: string): Promise<DeliveryReport>;
  /** Forgets an entry; false when there is none. */
  remove(id: string): boolean;
}

/** A failed attempt as a delivery remembers it. */
export interface DeadLetterErrorInit {
  readonly attempt: number;
  readonly failure: Failure;
  readonly span: ProcessSpan | undefined;
  readonly at: number;
}

/** What a delivery hands over to be set aside. */
export interface DeadLetterInit {
  readonly event: EventRecord;
  readonly leg: Leg;
  /** The context of the publish: what a replay links to. */
  readonly context: TraceContext | undefined;
  /** The entry that a replay came from. */
  readonly replayOf: string | undefined;
  readonly errors: readonly DeadLetterErrorInit[];
  readonly reason: string;
  readonly attempts: number;
}

/** An event that was set aside; telling of it is a step of its own, because loggers are user code. */
export interface StoredNote {
  /** The id of the entry. */
  readonly id: string;
  announce(): void;
}

/** An entry as it is kept, with what replaying it takes. */
export interface StoredDeadLetter extends Omit<DeadLetter, "errors"> {
  readonly event: EventRecord;
  readonly errors: readonly StoredError[];
  readonly leg: Leg;
  readonly context: TraceContext | undefined;
}

/** A failed attempt as an entry keeps it: without its span, which would keep all the trace alive. */
type StoredError = Omit<DeadLetterErrorInit, "span"> & Pick<DeadLetterError, "traceId" | "spanId">;

/** Keeps dead letters up to a capacity, and the accounts of what became of them. */
export class DeadLetterStore {
  readonly #entries = new Map<string, StoredDeadLetter>();
  readonly #replaying = new Set<string>();
  readonly #capacity: number;
  readonly #logger: Logger;
  readonly #describeReason: (reason: string) => string;

  /** `describeReason` says how a handler's own words may be written. */
  constructor(capacity: number, logger: Logger, describeReason: (reason: string) => string) {
    this.#capacity = capacity;
    this.#describeReason = describeReason;
    this.#logger = logger;
  }

  get size(): number {
    return this.#entries.size;
  }

  list(filter: { readonly subscription?: string; readonly eventName?: string } = {}): readonly DeadLetter[] {
    checkKnown("deadLetters.list", filter, ["subscription", "eventName"]);
    const { subscription, eventName } = filter;
    return [...this.#entries.values()]
      .filter((entry) => subscription === undefined || entry.subscription === subscription)
      .filter((entry) => eventName === undefined || entry.event.name === eventName)
      .map(publicView);
  }

  get(id: string): DeadLetter | undefined {
    const entry = this.#entries.get(id);
    return entry && publicView(entry);
  }

  remove(id: string): boolean {
    return this.#take(id, "removed");
  }

  /** Sets an event aside; for a replay that failed again, in place of the entry it came from. */
  store({ event, leg, context, replayOf, errors, reason, attempts }: DeadLetterInit): StoredNote {
    const earlier = replayOf === undefined ? undefined : this.#entries.get(replayOf);
    const id = replayOf ?? uuid();
    if (earlier !== undefined) this.#take(id, "replayed");
    const subscription = leg.subscription.name;
    const failed = errors.map(storedError);
    const seen = earlier === undefined ? failed : [...earlier.errors, ...failed];
    const at = Date.now();
    this.#entries.set(id, {
      id,
      event,
      subscription,
      errors: seen.slice(-MAX_ERRORS),
      reason,
      attempts,
      at,
      leg,
      context,
    });
    leg.accounts.deadLetter("stored");
    const evicted = this.#entries.size > this.#capacity ? this.#evictOldest() : undefined;
    return {
      id,
      announce: () => {
        const last = errors.at(-1);
        const error = last && { error_type: last.failure.type, error_message: last.failure.message };
        const place = { ...last?.span?.logFields(), ...eventLogFields(event, subscription) };
        const written = OWN_REASONS.has(reason) ? reason : this.#describeReason(reason);
        const letter = { dead_letter_id: id, reason: written, attempts };
        const fields = { event: LOG_EVENTS.deadLettered, ...place, ...letter, ...error };
        this.#logger.error(fields, `${event.name} is dead-lettered for "${subscription}"`);
        if (evicted !== undefined) this.#announceEviction(evicted);
      },
    };
  }

  /** Marks an entry as being replayed. */
  beginReplay(id: string): StoredDeadLetter {
    const entry = this.#entries.get(id);
    if (entry === undefined) throw new BusError("DEAD_LETTER_NOT_FOUND", `there is no dead letter "${id}" to replay`);
    if (this.#replaying.has(id)) {
      throw new BusError("DEAD_LETTER_BUSY", `the dead letter "${id}" is being replayed already`);
    }
    this.#replaying.add(id);
    return entry;
  }

  /** Ends a replay; `isDone` takes the entry away, unless the replay stored it anew. */
  endReplay(id: string, isDone: boolean): void {
    this.#replaying.delete(id);
    if (isDone) this.#take(id, "replayed");
  }

  #take(id: string, operation: "replayed" | "removed" | "evicted"): boolean {
    const entry = this.#entries.get(id);
    if (entry === undefined) return false;
    this.#entries.delete(id);
    entry.leg.accounts.deadLetter(operation);
    return true;
  }

  #evictOldest(): StoredDeadLetter | undefined {
    const [oldest] = this.#entries.values();
    if (oldest !== undefined) this.#take(oldest.id, "evicted");
    return oldest;
  }

  #announceEviction({ id, event, subscription }: StoredDeadLetter): void {
    const fields = { ...eventLogFields(event, subscription), dead_letter_id: id };
    this.#logger.warn(fields, `a dead letter was evicted: more than ${this.#capacity} are held`);
  }
}

const MAX_ERRORS = 100;

/** The reasons that are not a handler's own words. */
const OWN_REASONS: ReadonlySet<string> = new Set([
  "attempts_exhausted",
  "deadline",
  "drain",
  "fatal",
  "max_elapsed",
  "unsubscribed",
]);

function storedError({ attempt, failure, span, at }: DeadLetterErrorInit): StoredError {
  return { attempt, failure, traceId: span?.traceId, spanId: span?.spanId, at };
}

function errorView({ attempt, failure, traceId, spanId, at }: StoredError): DeadLetterError {
  const { type, message } = failure;
  return Object.freeze({
    attempt,
    type,
    message,
    /** Put into words when somebody reads it: most dead letters of a storm are evicted before anybody does. */
    get stack() {
      return failure.stack;
    },
    traceId,
    spanId,
    at,
  });
}

/** The entry without what only the bus needs; as JSON and printed, without the fields its schema marks as sensitive. */
function publicView({ leg, context: _, ...stored }: StoredDeadLetter): DeadLetter {
  const entry = { ...stored, errors: Object.freeze(stored.errors.map(errorView)) };
  const toJSON = (): object => {
    const event: SerializedEvent = entry.event.toJSON();
    return { ...entry, event: { ...event, data: leg.destination.redactData(event.data) } };
  };
  const view = Object.defineProperty({ ...entry, toJSON }, "toJSON", { enumerable: false });
  showAs("DeadLetter", view);
  return Object.freeze(view);
}
