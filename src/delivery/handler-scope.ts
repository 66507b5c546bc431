import { eventLogFields, type Scope, wantsHandlerScope } from "../context.ts";
import type { BusEvent } from "../event/event.ts";
import type { Logger } from "../logger.ts";
import type { ProcessSpan, TraceContext } from "../telemetry/telemetry.ts";
import type { Leg } from "./leg.ts";
import type { DeliveryOrigin } from "./origin.ts";

/** The scope to run a handler in; undefined where the code that starts it runs in it already, or nobody wants one. */
export function scopeOfHandler({ scope, isScopeEntered }: DeliveryOrigin<never>, leg: Leg): Scope | undefined {
  if (scope === undefined) return undefined;
  if (wantsHandlerScope()) return new HandlerScope(scope, leg.subscription.name);
  return isScopeEntered ? undefined : scope;
}

/** The context of a handler without a process span; undefined where the code that starts it runs in it already. */
export function contextOfHandler({ context, isContextEntered }: DeliveryOrigin<never>): TraceContext | undefined {
  return isContextEntered ? undefined : context;
}

/** An attempt, as its log lines name it. */
interface LoggedAttempt {
  readonly span: ProcessSpan | undefined;
  readonly subscription: string;
}

/** The logger of one attempt: its lines carry the ids of trace, span, event and correlation. */
export function attemptLogger(origin: DeliveryOrigin<never>, logger: Logger, attempt: LoggedAttempt): Logger {
  const { span, subscription } = attempt;
  const fields = { ...span?.logFields(), ...eventLogFields(origin.event, subscription) };
  return logger.child?.(fields) ?? logger;
}

/** The scope of one handler: its event's, and the name of its subscription. */

class HandlerScope implements Scope {
  readonly event: BusEvent;
  readonly bus: object;
  readonly subscription: string;
  readonly #publication: Scope;

  constructor(publication: Scope, subscription: string) {
    this.event = publication.event;
    this.bus = publication.bus;
    this.subscription = subscription;
    this.#publication = publication;
  }

  get isInFlight(): boolean {
    return this.#publication.isInFlight;
  }
}
