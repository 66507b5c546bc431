import type { BusCore } from "../bus/bus-core.ts";
import type { Cause } from "../delivery/host.ts";
import { BusError, DeliveryError } from "../errors.ts";
import { type BusEvent, createEvent } from "../event/event.ts";
import type { EventInit } from "../event/event-init.ts";
import type { PublishOptions } from "../options.ts";
import type { DeliveryReport, PublishResult } from "../outcome.ts";
import { OTHER } from "../telemetry/semconv.ts";
import type { PublishSpan } from "../telemetry/telemetry.ts";
import type { Activity } from "./activity.ts";
import type { Book } from "./book.ts";

/** A publish call, as the harness follows it. */
export interface Call {
  readonly book: Book;
  readonly subject: unknown;
  readonly data: unknown;
  readonly options: PublishOptions | undefined;
  /** The instant of the call on the clock in force, in milliseconds. */
  readonly calledAt: number;
  readonly wasClosed: boolean;
  /** Undefined until it is accepted. */
  event: BusEvent | undefined;
  isSettled: boolean;
}

/** What watching publish calls needs. */
export interface PublishWatchInit {
  readonly activity: Activity;
  /** The book of the run that a call made here belongs to. */
  readonly bookFor: (cause: Cause | undefined, correlationId: unknown) => Book;
  /** Calls `publish` so that what it causes belongs to the run. */
  readonly enter: <Result>(book: Book, publish: () => Result) => Result;
  /** Hears of each accepted event, before its handlers do. */
  readonly onAccepted: (event: BusEvent, book: Book) => void;
  /** Hears how a delivery ended that nobody else tells of: discarded, aborted or skipped. */
  readonly onReport: (event: BusEvent, report: DeliveryReport, book: Book) => void;
}

/** Follows every publish call of a bus, `ctx.publish` and fire-and-forget ones included, from call to result. */
export class PublishWatch {
  /** Calls that have no result yet. */
  readonly pending: Set<Call> = new Set();
  readonly #init: PublishWatchInit;
  readonly #core: BusCore;
  readonly #byEvent = new WeakMap<BusEvent, Call>();
  /** Events without a publish span, as their handlers saw them. */
  readonly #unspanned = new Map<string, BusEvent>();
  #current: Call | undefined;

  constructor(core: BusCore, init: PublishWatchInit) {
    this.#core = core;
    this.#init = init;
    const { publisher } = core;
    const publish = publisher.publish.bind(publisher);
    // biome-ignore lint/complexity/useMaxParams: stands in for what it wraps
    publisher.publish = (subject, data, options, cause) => {
      const call = this.#begin({ subject, data, options }, cause);
      const outer = this.#current;
      this.#current = call;
      try {
        // a promise of its own: the caller's, when nobody handles it, is to be reported as unhandled all the same
        return init
          .enter(call.book, () => publish(subject, data, options, cause))
          .then(
            (result) => this.#settled(call, result),
            (error: unknown) => this.#rejected(call, error),
          );
      } finally {
        this.#current = outer;
      }
    };
  }

  /** Whether the call that published `event` has its result. */
  isSettled(event: BusEvent): boolean {
    return this.#byEvent.get(event)?.isSettled ?? false;
  }

  /** The label of an event's metrics. */
  labelOf(name: unknown): string {
    return (typeof name === "string" ? this.#core.routes.find(name)?.destination.label : undefined) ?? OTHER;
  }

  /** A handler sees `event`. */
  seen(event: BusEvent): void {
    if (!this.#byEvent.has(event)) this.#unspanned.set(event.id, event);
  }

  /** Ties the publish span that has just started to the call it belongs to. */
  readonly spanStarted = (span: PublishSpan): void => {
    const call = this.#current;
    const { describe } = span;
    span.describe = (event, deliveries) => {
      if (call !== undefined) this.#accepted(call, event);
      describe.call(span, event, deliveries);
    };
  };

  #begin(
    { subject, data, options }: { subject: unknown; data: unknown; options: unknown },
    cause: Cause | undefined,
  ): Call {
    this.#init.activity.touch();
    const given = (typeof subject === "string" ? options : data) as PublishOptions | undefined;
    const correlationId = given?.correlationId ?? (subject as { correlationId?: unknown } | null)?.correlationId;
    const call: Call = {
      book: this.#init.bookFor(cause, correlationId),
      subject,
      data,
      options: given,
      calledAt: performance.now(),
      wasClosed: this.#core.closeReason !== undefined,
      event: undefined,
      isSettled: false,
    };
    this.pending.add(call);
    return call;
  }

  #accepted(call: Call, event: BusEvent): void {
    call.event = event;
    this.#byEvent.set(event, call);
    call.book.add("published", { event });
    this.#init.onAccepted(event, call.book);
  }

  #settled(call: Call, result: PublishResult): PublishResult {
    this.#count(call, result, undefined);
    return result;
  }

  #rejected(call: Call, error: unknown): never {
    if (error instanceof DeliveryError) this.#count(call, error.result, "delivery_failed");
    else if (error instanceof BusError) this.#refused(call, error);
    throw error;
  }

  #count(call: Call, result: PublishResult, errorType: string | undefined): void {
    const event = call.event ?? this.#unspanned.get(result.id) ?? this.#rebuilt(call, result);
    this.#unspanned.delete(result.id);
    if (call.event === undefined) this.#accepted(call, event);
    this.#end(call);
    const { deliveries } = result;
    const destination = this.labelOf(event.name);
    const failed = errorType === undefined ? {} : { errorType };
    call.book.count("sent", { destination, operationName: "publish", ...failed });
    call.book.count("operationDuration", { destination, operationName: "publish", operationType: "send", ...failed });
    if (deliveries.length === 0) {
      call.book.add("unrouted", { event });
      call.book.count("unrouted", { destination });
    }
    for (const report of deliveries) {
      call.book.count("matched", { destination, subscription: report.subscription });
      this.#init.onReport(event, report, call.book);
    }
  }

  #refused(call: Call, error: BusError): void {
    this.#end(call);
    const name = nameOf(call.subject);
    const { code } = error;
    call.book.add("refused", { name, code, error });
    const isRouted = code === "INVALID_DATA" || code === "DEPTH_EXCEEDED" || (code === "BUS_CLOSED" && !call.wasClosed);
    const destination = isRouted ? this.labelOf(name) : OTHER;
    const errorType = code.toLowerCase();
    call.book.count("sent", { destination, operationName: "publish", errorType });
    call.book.count("operationDuration", { destination, operationName: "publish", operationType: "send", errorType });
    call.book.count("refused", { destination, refusalReason: errorType });
  }

  #end(call: Call): void {
    call.isSettled = true;
    this.pending.delete(call);
    this.#init.activity.touch();
  }

  /** An event that had no publish span and no handler, out of what is known of it. */
  #rebuilt({ subject, data, options }: Call, { id, correlationId }: PublishResult): BusEvent {
    const given: EventInit = typeof subject === "string" ? { name: subject, data } : (subject as EventInit);
    const source = options?.source ?? given.source ?? this.#core.settings.source ?? "unknown";
    return createEvent({ name: given.name, data: given.data, source, id, correlationId, timestamp: given.timestamp });
  }
}

function nameOf(subject: unknown): unknown {
  if (typeof subject !== "object" || subject === null) return subject;
  try {
    return (subject as { name?: unknown }).name;
  } catch {
    return undefined; // a hostile object: that is why it was refused
  }
}
