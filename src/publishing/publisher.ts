import type { BusSettings } from "../bus/bus-settings.ts";
import { type Valid, validateData } from "../catalog/validation.ts";
import { currentScope, type Scope } from "../context.ts";
import { markRecorded } from "../delivery/exception-once.ts";
import type { Cause, DeliveryHost } from "../delivery/host.ts";
import { BusError } from "../errors.ts";
import { type EventOrigin, EventRecord, fixCause, fixContext, fixCorrelation, namesOfCauses } from "../event/event.ts";
import type { PublishResult } from "../outcome.ts";
import { REFUSED_DESTINATION, type Route, type Routes } from "../routing/routes.ts";
import { countFailedPublish, countRefusal, publishCell } from "../telemetry/cells.ts";
import { LOG_EVENTS } from "../telemetry/semconv.ts";
import type { PublishSpan, TraceContext } from "../telemetry/telemetry.ts";
import { deepFreeze } from "./deep-freeze.ts";
import { correlationOf, type Intent, plainIntent, readIntent } from "./intent.ts";
import type { Pacer } from "./pacer.ts";
import { type AcceptedCall, Publication, type PublishCall } from "./publication.ts";

/** What publishing needs of its bus, beyond what deliveries need. */
export interface PublisherHost extends DeliveryHost {
  readonly settings: BusSettings;
  readonly routes: Routes;
  readonly origin: EventOrigin;
  readonly pacer: Pacer;
  /** Calls `listener` when the bus is closed; the result takes it back. */
  whenClosed(listener: () => void): () => void;
  /** Why nothing is taken in now; undefined while something is. */
  intakeProblem(scope: Scope | undefined, handler: Cause | undefined): BusError | undefined;
}

/** A publish call that is refused. */
interface Refused extends Pick<PublishCall, "cause" | "span" | "startedAt"> {
  readonly route: Route | undefined;
  readonly correlationId: string | undefined;
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
    const { ledger, telemetry, settings, routes } = this.#host;
    ledger.published++;
    telemetry.sense();
    const startedAt = telemetry.isTracing || telemetry.isMetering ? performance.now() : 0;
    const scope = settings.ambient ? currentScope() : undefined;
    const cause = handler?.event ?? (scope?.event as EventRecord | undefined);
    const known = options === undefined && typeof subject === "string" ? routes.cached(subject) : undefined;
    const { source } = settings;
    const intent =
      this.#host.intakeProblem(scope, handler) ??
      (known === undefined || source === undefined
        ? readIntent(subject, data, options, source)
        : plainIntent(known.name, data, source));
    const route = intent instanceof BusError ? undefined : (known ?? routes.find(intent.name));
    const problem = this.#problem(intent, route, cause);
    const span = this.#startSpan(intent, route, handler?.context);
    if (problem !== undefined || intent instanceof BusError || route === undefined) {
      const correlationId = correlationOf(subject, data, options) ?? cause?.correlationId;
      return this.#refuse(problem as BusError, { correlationId, cause, route, span, startedAt });
    }
    const call: PublishCall = { intent, route, cause, span, startedAt };
    if (route.schema === undefined) return this.#accept(call, intent.data);
    const checked = validateData(route.schema, route.name, intent.data);
    if (!(checked instanceof Promise)) return this.#validated(call, checked);
    return this.#validateLater(call, checked);
  }

  /** Waits for the schema, or until the bus is closed: a schema that never answers must not hold the publisher for ever. */
  #validateLater(call: PublishCall, checked: Promise<Valid | BusError>): Promise<PublishResult> {
    const host = this.#host;
    host.ledger.validating++;
    return new Promise((resolve) => {
      let isDone = false;
      const finish = (settled: Valid | BusError): void => {
        if (isDone) return;
        isDone = true;
        forgetClose();
        host.ledger.validating--;
        const route = host.routes.find(call.route.name) ?? call.route; // matching comes after validating
        resolve(this.#validated({ ...call, route }, host.closeReason ?? settled));
      };
      const forgetClose = host.whenClosed(() => finish(host.closeReason as BusError));
      void checked.then(finish); // never rejects: a schema that does is a mismatch
    });
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

  #validated(call: PublishCall, checked: Valid | BusError): Promise<PublishResult> {
    if (!(checked instanceof BusError)) return this.#accept(call, checked.value);
    const correlationId = call.intent.given?.correlationId ?? call.cause?.correlationId;
    return this.#refuse(checked, { ...call, correlationId });
  }

  #accept(call: PublishCall, value: unknown): Promise<PublishResult> {
    const host = this.#host;
    const { intent, route, span } = call;
    const { ledger, pacer } = host;
    const accepted = this.#createEvent(call, value);
    ledger.accepted++;
    span?.describe(accepted.event, route.legs.length);
    if (route.legs.length === 0) {
      ledger.unrouted++;
      route.cell.unrouted++;
    } else void accepted.event.timestamp; // the publish instant, fixed before a handler can keep the event
    const publication = new Publication(host, accepted);
    publication.dispatch();
    if (intent.options?.strict) return publication.result(pacer, () => this.#end(call, publication.strictError));
    this.#end(call, undefined);
    if (intent.options?.wait === "accepted") return publication.acceptedResult(pacer);
    return publication.result(pacer, undefined);
  }

  #createEvent({ intent, route, cause, span, startedAt }: PublishCall, value: unknown): AcceptedCall {
    const { telemetry, settings, origin } = this.#host;
    if (settings.freeze === "deep") deepFreeze(value);
    const event = new EventRecord(intent, value, origin);
    if (cause !== undefined) fixCause(event, cause);
    let context: TraceContext | undefined;
    if (telemetry.isTracing) {
      const traceId = span?.traceId ?? telemetry.activeTraceId();
      if (traceId !== undefined) fixCorrelation(event, traceId);
      context = span?.context ?? telemetry.activeContext();
      if (context !== undefined) {
        if (event.correlationId !== span?.traceId) context = telemetry.withCorrelation(context, event.correlationId);
        fixContext(event, context);
      }
    }
    if (intent.subject !== undefined) fixCorrelation(intent.subject, event.correlationId);
    return { intent, route, cause, span, startedAt, event, context };
  }

  /** Ends the publish span and counts the call; `failure` is a strict publish's. */
  #end({ route, cause, span, startedAt }: PublishCall, failure: BusError | undefined): void {
    const { telemetry, failures } = this.#host;
    const read = failure === undefined ? undefined : failures.read(failure);
    span?.end(read);
    if (failure !== undefined && span !== undefined) markRecorded(failure, cause?.id);
    const cell = read === undefined ? route.cell : countFailedPublish(route.cell, read.type);
    if (read === undefined) cell.sent++;
    if (startedAt !== 0) telemetry.recordPublish(cell, (performance.now() - startedAt) / 1000, read?.type);
  }

  #refuse(error: BusError, refused: Refused): Promise<never> {
    const { ledger, telemetry, failures, logger } = this.#host;
    const { span, startedAt, route, cause } = refused;
    const correlationId = refused.correlationId ?? span?.traceId;
    const failure = failures.read(error);
    ledger.refused[failure.type] = (ledger.refused[failure.type] ?? 0) + 1;
    const cell = route?.cell ?? publishCell(REFUSED_DESTINATION.label);
    countRefusal(cell, failure.type);
    const counted = countFailedPublish(cell, failure.type);
    if (correlationId !== undefined) span?.describeRefusal(correlationId, cause?.id);
    span?.end(failure);
    if (span !== undefined) markRecorded(error, cause?.id);
    if (startedAt !== 0) telemetry.recordPublish(counted, (performance.now() - startedAt) / 1000, failure.type);
    const fields = {
      event: LOG_EVENTS.refused,
      ...span?.logFields(),
      reason: failure.type,
      correlation_id: correlationId,
    };
    const named = route === undefined ? fields : { ...fields, event_name: route.name };
    const what = route === undefined ? "" : ` "${route.name}"`;
    logger.warn(named, `refused to publish${what}: ${failure.message ?? failure.type}`);
    return this.#host.pacer.reject(error);
  }
}
