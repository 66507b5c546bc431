import { eventLogFields, type Scope, wantsHandlerScope } from "../context.ts";
import type { BusEvent } from "../event/event.ts";
import type { Logger } from "../logger.ts";
import type { ProcessSpan, TraceContext } from "../telemetry/telemetry.ts";
import type { Leg } from "./leg.ts";
import type { DeliveryOrigin } from "./origin.ts";
import type { LaneHolder } from "./queue/deadlock.ts";

/** Whoever starts a handler. */
interface ScopeOwner {
  readonly origin: DeliveryOrigin<never>;
  readonly occupant: LaneHolder | undefined;
}

/** The scope to run a handler in; undefined where the code that starts it runs in it already, or nobody wants one. */
export function scopeOfHandler({ origin, occupant }: ScopeOwner, leg: Leg): Scope | undefined {
  const { scope, isScopeEntered } = origin;
  if (scope === undefined) return undefined;
  const isOccupant = occupant !== origin.holder;
  if (isOccupant || wantsHandlerScope()) return new HandlerScope(scope, leg.subscription.name, occupant);
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

/** The scope of one handler: its event's, and what is its own. */
class HandlerScope implements Scope {
  readonly event: BusEvent;
  readonly bus: object;
  readonly subscription: string;
  readonly occupant: LaneHolder | undefined;
  readonly #publication: Scope;

  constructor(publication: Scope, subscription: string, occupant: LaneHolder | undefined) {
    this.occupant = occupant;
    this.event = publication.event;
    this.bus = publication.bus;
    this.subscription = subscription;
    this.#publication = publication;
  }

  get isInFlight(): boolean {
    return this.#publication.isInFlight;
  }
}
