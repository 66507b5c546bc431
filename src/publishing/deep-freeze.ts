/** Freezes plain objects and arrays all the way down; what cannot be frozen, or is of a class of its own, is left alone. */
export function deepFreeze(value: unknown): void {
  const pending: unknown[] = [value];
  const seen = new Set<unknown>();
  while (pending.length > 0) {
    const each = pending.pop();
    if (seen.has(each)) continue;
    seen.add(each);
    try {
      if (isPlain(each)) freeze(each, pending);
    } catch {
      // a proxy that refuses, or was revoked: it stays as it is
    }
  }
}

function freeze(each: object, pending: unknown[]): void {
  Object.freeze(each);
  for (const key of Reflect.ownKeys(each)) {
    const inner: unknown = Object.getOwnPropertyDescriptor(each, key)?.value; // not a read: getters stay untouched
    if (typeof inner === "object" && inner !== null) pending.push(inner);
  }
}

function isPlain(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Array.isArray(value);
}
