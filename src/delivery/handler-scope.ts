import { eventLogFields, type Scope, wantsHandlerScope } from "../context.ts";
import type { BusEvent } from "../event/event.ts";
import type { Logger } from "../logger.ts";
import type { ProcessSpan, TraceContext } from "../telemetry/telemetry.ts";
import type { DeliveryOrigin } from "./origin.ts";
import type { LaneHolder } from "./queue/deadlock.ts";

/** The attempt that runs a handler. */
interface ScopedAttempt {
  readonly subscription: string;
  readonly occupant: LaneHolder | undefined;
}

/** The scope to run a handler in; undefined where the code that starts it runs in it already, or nobody wants one. */
export function scopeOfHandler(origin: DeliveryOrigin<never>, attempt: ScopedAttempt): Scope | undefined {
  const { scope, isScopeEntered } = origin;
  if (scope === undefined) return undefined;
  const isOccupant = attempt.occupant !== scope.occupant;
  if (isOccupant || wantsHandlerScope()) return new HandlerScope(scope, attempt);
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
  readonly #publication: Scope;
  readonly #attempt: ScopedAttempt;

  constructor(publication: Scope, attempt: ScopedAttempt) {
    this.event = publication.event;
    this.bus = publication.bus;
    this.subscription = attempt.subscription;
    this.#publication = publication;
    this.#attempt = attempt;
  }

  get occupant(): LaneHolder | undefined {
    return this.#attempt.occupant;
  }

  get isInFlight(): boolean {
    return this.#publication.isInFlight;
  }
}
