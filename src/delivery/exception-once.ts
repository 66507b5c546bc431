import type { BusEvent } from "../event.ts";

/** For each error object that was recorded: the id of the event whose handler may yet rethrow it. */
const recorded = new WeakMap<object, string | undefined>();

/**
 * Whether an error is to be recorded here. An error that a nested delivery recorded and that is rethrown on its way up,
 * from event to causing event, is recorded once; an error object that is thrown again elsewhere is a failure of its own.
 */
export function isFirstSighting(error: unknown, event: BusEvent): boolean {
  if (typeof error !== "object" || error === null) return true;
  const isRethrown = recorded.has(error) && recorded.get(error) === event.id;
  recorded.set(error, event.causationId);
  return !isRethrown;
}
