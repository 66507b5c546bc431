/** Freezes plain objects and arrays all the way down; what cannot be frozen, or is of a class of its own, is left alone. */
export function deepFreeze(value: unknown): void {
  const pending: unknown[] = [value];
  while (pending.length > 0) {
    const each = pending.pop();
    if (!isPlain(each) || Object.isFrozen(each)) continue;
    try {
      Object.freeze(each);
      for (const key of Reflect.ownKeys(each)) {
        const inner = Object.getOwnPropertyDescriptor(each, key)?.value; // not a read: getters stay untouched
        if (typeof inner === "object" && inner !== null) pending.push(inner);
      }
    } catch {
      // a proxy that refuses: it stays as it is
    }
  }
}

function isPlain(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  try {
    const prototype: unknown = Object.getPrototypeOf(value);
    return prototype === null || prototype === Object.prototype || Array.isArray(value);
  } catch {
    return false; // a revoked proxy
  }
}
