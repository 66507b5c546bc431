import { BusError, describeValue } from "./errors.ts";

/** Throws unless `value` is a function; `method` is whose argument it is. */
export function checkFunction(method: string, value: unknown): void {
  if (typeof value === "function") return;
  throw new BusError("INVALID_HANDLER", `${method}: expected a function, got ${describeValue(value)}`);
}

/** Adds a listener; disposing takes it away. */
export function addListener<Listener>(method: string, listeners: Set<Listener>, listener: Listener): Disposable {
  checkFunction(method, listener);
  listeners.add(listener);
  return { [Symbol.dispose]: () => void listeners.delete(listener) };
}
