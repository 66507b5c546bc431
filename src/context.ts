import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";
import type { LaneHolder } from "./delivery/queue/deadlock.ts";
import type { BusEvent } from "./event/event.ts";
import { activeTraceFields } from "./telemetry/active.ts";

/** What code that runs because of an event can know: the event being handled, and by whom. */
export interface Scope {
  readonly event: BusEvent;
  /** The bus that handles it. */
  readonly bus: object;
  /** Undefined unless something asked for log fields: one context switch per event is cheaper than one per handler. */
  readonly subscription?: string;
  /** Whether deliveries of the event have yet to settle. */
  readonly isInFlight: boolean;
  /** The delivery that keeps a slot of a lane taken while this code runs. */
  readonly occupant: LaneHolder | undefined;
}

/**
 * Our own storage rather than a key in OpenTelemetry's context: correlation must survive without an SDK, under a broken
 * context manager, and across code that resets the OpenTelemetry context.
 */
const scopes = new AsyncLocalStorage<Scope>();
let isHandlerScopeWanted = false;

/** The event being handled where this is called, if any: also after `await`, in timers and callbacks it started. */
export function currentEvent(): BusEvent | undefined {
  return scopes.getStore()?.event;
}

/** The scope this is called in. */
export function currentScope(): Scope | undefined {
  return scopes.getStore();
}

/** Runs `run(argument)` in `scope`. */
export function runInScope<Argument, Result>(
  scope: Scope | undefined,
  run: (argument: Argument) => Result,
  argument: Argument,
): Result {
  // enterWith inside a resource, not scopes.run: that copies all async stores twice, to enter and to leave
  return new AsyncResource("spanbus", RESOURCE).runInAsyncScope(enter, undefined, { scope, run, argument }) as Result;
}

const RESOURCE = { requireManualDestroy: true };

function enter(call: { scope: Scope | undefined; run: (argument: never) => unknown; argument: unknown }): unknown {
  scopes.enterWith(call.scope as Scope);
  return call.run(call.argument as never);
}

/** Whether each handler needs a scope of its own, because log lines name their subscription. */
export function wantsHandlerScope(): boolean {
  return isHandlerScopeWanted;
}

/**
 * The fields that tie a log line to the event being handled: `trace_id`, `span_id`, `trace_flags`, `correlation_id`,
 * `causation_id`, `event_id`, `event_name`, `subscription`; only the trace's outside a handler. Never throws. Use it as
 * pino's `mixin` for loggers of your own.
 */
export function logFields(): Record<string, unknown> {
  isHandlerScopeWanted = true;
  const fields = activeTraceFields();
  const scope = scopes.getStore();
  if (scope !== undefined) Object.assign(fields, eventLogFields(scope.event, scope.subscription));
  return fields;
}

/** The log fields of one event. */
export function eventLogFields(event: BusEvent, subscription: string | undefined): Record<string, unknown> {
  const fields: Record<string, unknown> = { correlation_id: event.correlationId };
  if (event.causationId !== undefined) fields.causation_id = event.causationId;
  fields.event_id = event.id;
  fields.event_name = event.name;
  if (subscription !== undefined) fields.subscription = subscription;
  return fields;
}
