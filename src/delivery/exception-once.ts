import type { BusEvent } from "../event/event.ts";

/**
 * For each error object that was recorded: the id of the event whose handler may yet rethrow it. Only where there is one:
 * a weak map of errors is dear to the garbage collector.
 */
const recorded = new WeakMap<object, string | undefined>();

/**
 * Whether an error is to be recorded here. An error that a nested publish or delivery recorded and that is rethrown on
 * its way up, from event to causing event, is recorded once; thrown again elsewhere, it is a failure of its own.
 */
export function isFirstSighting(error: unknown, event: BusEvent): boolean {
  if (typeof error !== "object" || error === null) return true;
  const rethrowing = recorded.get(error);
  markRecorded(error, event.causationId);
  return rethrowing === undefined || rethrowing !== event.id;
}

/** Notes that a publish span recorded an error which the handler of the causing event may rethrow. */
export function markRecorded(error: object, causationId: string | undefined): void {
  if (causationId !== undefined || recorded.has(error)) recorded.set(error, causationId);
}
