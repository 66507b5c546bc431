import { BusError, describeValue } from "../errors.ts";

/** Throws unless `value` is a function; `method` is whose argument it is. */
export function checkFunction(method: string, value: unknown): void {
  if (typeof value === "function") return;
  throw new BusError("INVALID_HANDLER", `${method}: expected a function, got ${describeValue(value)}`);
}

/** Adds a listener, for each call once more; disposing takes that one away. */
export function addListener<Report>(
  method: string,
  listeners: Set<(report: Report) => unknown>,
  listener: (report: Report) => unknown,
): Disposable {
  checkFunction(method, listener);
  const entry = (report: Report): unknown => listener(report);
  listeners.add(entry);
  return { [Symbol.dispose]: () => void listeners.delete(entry) };
}
