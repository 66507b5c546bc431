import { type Valid, validateData } from "../catalog/validation.ts";
import { currentScope } from "../context.ts";
import { markRecorded } from "../delivery/exception-once.ts";
import type { Cause } from "../delivery/host.ts";
import type { LaneHolder } from "../delivery/queue/deadlock.ts";
import { awaitScheduled, deadlockProblem } from "../delivery/queue/refusal.ts";
import { BusError } from "../errors.ts";
import { EventRecord, fixCause, fixContext, fixCorrelation, namesOfCauses } from "../event/event.ts";
import type { PublishResult } from "../outcome.ts";
import { REFUSED_DESTINATION, type Route } from "../routing/routes.ts";
import { countFailedPublish } from "../telemetry/cells.ts";
import type { PublishSpan, TraceContext } from "../telemetry/telemetry.ts";
import { deepFreeze } from "./deep-freeze.ts";
import type { PublisherHost } from "./host.ts";
import { correlationOf, type Intent, readIntent } from "./intent.ts";
import { Publication } from "./publication.ts";
import { acceptedResult, settledResult, strictResult } from "./publish-result.ts";
import { refuse } from "./refuse.ts";
import type { Watched } from "./watched.ts";

/** Who publishes: the event whose handler does, and where that handler runs. */
interface Publishing {
  readonly cause: EventRecord | undefined;
  readonly context: TraceContext | undefined;
  /** The delivery whose slot of a lane that handler keeps taken. */
  readonly holder: LaneHolder | undefined;
  /** The instant of the call on the monotonic clock, in milliseconds; 0 where nothing needs a clock. */
  readonly startedAt: number;
}

/** The corridor from `publish` to the handlers: lifecycle, name, depth, data, routing, hand-over, result. */
export class Publisher {
  readonly #host: PublisherHost;

  constructor(host: PublisherHost) {
    this.#host = host;
  }

  /** Never throws: what is refused is a rejection with a `BusError`. */
  // biome-ignore lint/complexity/useMaxParams: the public signature and who calls; an object for each publish would cost
  publish(subject: unknown, data: unknown, options: unknown, handler: Cause | undefined): Promise<PublishResult> {
    const host = this.#host;
    const { ledger, telemetry, settings, routes } = host;
    ledger.published++;
    telemetry.sense();
    const startedAt = telemetry.isListening ? performance.now() : 0;
    const scope = settings.ambient ? currentScope() : undefined;
    const cause = handler?.event ?? (scope?.event as EventRecord | undefined);
    const holder = handler === undefined ? scope?.occupant : handler.occupant;
    const problem = host.intakeProblem(scope, handler);
    const route = options === undefined && typeof subject === "string" ? routes.cached(subject) : undefined;
    const intent = route?.plain;
    if (route === undefined || intent === undefined || problem !== undefined || !this.#isShallow(cause)) {
      const read = problem ?? readIntent(subject, data, options, settings.source);
      return this.#publishRead(
        read,
        { cause, context: handler?.context, holder, startedAt },
        { subject, data, options },
      );
    }
    // a name that was published before, and nothing else to read or check
    const watched = telemetry.isListening
      ? watch(this.#startSpan(intent, route, handler?.context), startedAt)
      : undefined;
    return this.#validate(new Publication(host, route, intent, holder, watched), data, cause);
  }

  #isShallow(cause: EventRecord | undefined): boolean {
    return cause === undefined || cause.depth < this.#host.settings.maxDepth;
  }

  #publishRead(
    intent: Intent | BusError,
    publishing: Publishing,
    given: { readonly subject: unknown; readonly data: unknown; readonly options: unknown },
  ): Promise<PublishResult> {
    const { cause } = publishing;
    const route = intent instanceof BusError ? undefined : this.#host.routes.find(intent.name);
    const problem = this.#problem(intent, route, cause);
    const watched = this.#host.telemetry.isListening
      ? watch(this.#startSpan(intent, route, publishing.context), publishing.startedAt)
      : undefined;
    if (problem !== undefined || intent instanceof BusError || route === undefined) {
      const correlationId = correlationOf(given.subject, given.data, given.options) ?? cause?.correlationId;
      return refuse(this.#host, problem as BusError, { correlationId, cause, route, watched });
    }
    return this.#validate(new Publication(this.#host, route, intent, publishing.holder, watched), intent.data, cause);
  }

  #problem(intent: Intent | BusError, route: Route | undefined, cause: EventRecord | undefined): BusError | undefined {
    if (intent instanceof BusError) return intent;
    const { name } = intent;
    if (route === undefined) {
      const text = `cannot publish "${name}": the catalog has no such event; add it, or set unknownEvents: "allow"`;
      return new BusError("UNKNOWN_EVENT", text);
    }
    const { maxDepth } = this.#host.settings;
    const depth = Math.max(intent.given?.depth ?? 0, cause === undefined ? 0 : cause.depth + 1);
    if (depth <= maxDepth) return undefined;
    const chain = cause === undefined ? name : `${namesOfCauses(cause)} > ${name}`;
    return new BusError(
      "DEPTH_EXCEEDED",
      `cannot publish "${name}": ${depth} causes deep, ${maxDepth} allowed: ${chain}`,
    );
  }

  #startSpan(
    intent: Intent | BusError,
    route: Route | undefined,
    causeContext: TraceContext | undefined,
  ): PublishSpan | undefined {
    const { telemetry, settings } = this.#host;
    if (!telemetry.isTracing || (route?.spans ?? settings.spans) === "off") return undefined;
    const isReadable = !(intent instanceof BusError);
    return telemetry.startPublish(route?.destination ?? REFUSED_DESTINATION, {
      causeContext,
      headers: isReadable ? intent.given?.headers : undefined,
      incoming: (isReadable ? intent.options?.incoming : undefined) ?? settings.incoming,
      correlationId: isReadable ? intent.given?.correlationId : undefined,
    });
  }

  #validate(publication: Publication, data: unknown, cause: EventRecord | undefined): Promise<PublishResult> {
    const { schema, name } = publication.route;
    if (schema === undefined) return this.#accept(publication, data, cause);
    const checked = validateData(schema, name, data);
    if (checked instanceof Promise) return this.#validateLater(publication, checked, cause);
    return this.#validated(publication, checked, cause);
  }

  /** Waits for the schema, or until the bus is closed: a schema that never answers must not hold the publisher for ever. */
  #validateLater(
    publication: Publication,
    checked: Promise<Valid | BusError>,
    cause: EventRecord | undefined,
  ): Promise<PublishResult> {
    const host = this.#host;
    host.ledger.validating++;
    return new Promise((resolve) => {
      let isDone = false;
      const finish = (settled: Valid | BusError): void => {
        if (isDone) return;
        isDone = true;
        forgetClose();
        host.ledger.validating--;
        publication.route = host.routes.find(publication.route.name) ?? publication.route; // matching comes after validating
        resolve(this.#validated(publication, host.closeReason ?? settled, cause));
      };
      const forgetClose = host.whenClosed(() => finish(host.closeReason as BusError));
      void checked.then(finish); // never rejects: a schema that does is a mismatch
    });
  }

  #validated(
    publication: Publication,
    checked: Valid | BusError,
    cause: EventRecord | undefined,
  ): Promise<PublishResult> {
    if (!(checked instanceof BusError)) return this.#accept(publication, checked.value, cause);
    const { intent, route, watched } = publication;
    const correlationId = intent.given?.correlationId ?? cause?.correlationId;
    return refuse(this.#host, checked, { correlationId, cause, route, watched });
  }

  #accept(publication: Publication, value: unknown, cause: EventRecord | undefined): Promise<PublishResult> {
    const { ledger } = this.#host;
    const { intent, route, holder } = publication;
    const event = this.#createEvent(publication, value, cause);
    const delayMs = intent.options?.delayMs ?? 0;
    if (holder !== undefined || delayMs > 0) {
      const problem = this.#waitingProblem(publication, event, delayMs);
      if (problem !== undefined) {
        const { watched } = publication;
        return refuse(this.#host, problem, { correlationId: event.correlationId, cause, route, watched });
      }
    }
    ledger.accepted++;
    publication.publishSpan?.describe(event, route.legs.length);
    if (route.legs.length > 0) void event.timestamp; // the publish instant, fixed before a handler can keep the event
    if (delayMs > 0) return this.#schedule(publication, event, delayMs);
    publication.dispatch(event);
    const { options } = intent;
    if (options?.strict) return this.#strictResult(publication);
    this.#end(publication, undefined);
    return options?.wait === "accepted" ? acceptedResult(publication) : settledResult(publication);
  }

  #strictResult(publication: Publication): Promise<PublishResult> {
    return strictResult(publication, (failure) => this.#end(publication, failure));
  }

  /** Why an accepted event could neither wait nor be waited for. */
  #waitingProblem(publication: Publication, event: EventRecord, delayMs: number): BusError | undefined {
    const { holder, isAwaited, route } = publication;
    const { schedule } = this.#host;
    if (delayMs > 0 && schedule.isFull) {
      const text = `cannot publish "${event.name}" for later: ${schedule.capacity} events are scheduled; raise maxScheduled`;
      return new BusError("SCHEDULE_FULL", text);
    }
    const isWaiting = isAwaited || delayMs === 0;
    if (holder === undefined || !isWaiting) return undefined;
    return deadlockProblem({ event, legs: route.legs, holder, isAwaited });
  }

  /** Keeps the event until it is due; whoever is subscribed then gets it. */
  #schedule(publication: Publication, event: EventRecord, delayMs: number): Promise<PublishResult> {
    const { ledger, routes, schedule } = this.#host;
    const { intent, route, watched, holder, isAwaited } = publication;
    void event.timestamp;
    const isHeld = holder !== undefined && isAwaited;
    const arrived = isHeld ? awaitScheduled({ event, legs: route.legs, holder, isAwaited }) : undefined;
    publication.hold(event);
    const count = (change: 1 | -1): void => {
      ledger.scheduled += change;
      route.cell.scheduled += change;
    };
    count(1);
    schedule.add(event, delayMs, {
      due: () => {
        count(-1);
        if (watched !== undefined) watched.startedAt = performance.now();
        publication.route = routes.find(route.name) ?? route;
        publication.dispatch(event);
        arrived?.();
      },
      cancel: () => {
        arrived?.();
        count(-1);
        ledger.cancelled++;
        publication.cancel();
      },
    });
    this.#end(publication, undefined);
    if (intent.options?.wait === "accepted") return acceptedResult(publication);
    return intent.options?.strict ? strictResult(publication, () => undefined) : settledResult(publication);
  }

  #createEvent({ intent, watched }: Publication, value: unknown, cause: EventRecord | undefined): EventRecord {
    const { settings, eventOrigin } = this.#host;
    if (settings.freeze === "deep") deepFreeze(value);
    const event = new EventRecord(intent, value, eventOrigin);
    if (cause !== undefined) fixCause(event, cause);
    if (watched !== undefined) this.#fixTrace(event, watched);
    if (intent.subject !== undefined) fixCorrelation(intent.subject, event.correlationId);
    return event;
  }

  /** Ties event and trace: the correlation id is the trace id where nobody gave another, and headers carry the context. */
  #fixTrace(event: EventRecord, watched: Watched): void {
    const { telemetry } = this.#host;
    if (!telemetry.isTracing) return;
    const { span } = watched;
    const traceId = span?.traceId ?? telemetry.activeTraceId();
    if (traceId !== undefined) fixCorrelation(event, traceId);
    let context = span?.context ?? telemetry.activeContext();
    if (context === undefined) return;
    if (event.correlationId !== span?.traceId) context = telemetry.withCorrelation(context, event.correlationId);
    fixContext(event, context);
    watched.context = context;
  }

  /** Ends the publish span and counts the call; `failure` is a strict publish's. */
  #end({ route, event, watched }: Publication, failure: BusError | undefined): void {
    const { telemetry, failures } = this.#host;
    const read = failure === undefined ? undefined : failures.read(failure);
    const cell = read === undefined ? route.cell : countFailedPublish(route.cell, read.type);
    if (read === undefined) cell.sent++;
    if (watched === undefined) return;
    const { span, startedAt } = watched;
    span?.end(read);
    if (failure !== undefined && span !== undefined) markRecorded(failure, event.causationId);
    telemetry.recordPublish(cell, (performance.now() - startedAt) / 1000, read?.type);
  }
}

function watch(span: PublishSpan | undefined, startedAt: number): Watched {
  return { span, startedAt, context: undefined, isContextEntered: false, instant: 0 };
}
