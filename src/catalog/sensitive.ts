const REDACTED = "[redacted]";

/**
 * A view of `data` for telemetry: what the dot paths lead to is replaced by `"[redacted]"`, in arrays for each element.
 * Only what lies on a path is copied, and no getter beside it runs; a path that leads nowhere changes nothing. What
 * cannot be read (a getter or Proxy that throws) counts as sensitive. Never throws.
 */
export function redactSensitive(data: unknown, paths: readonly string[]): unknown {
  try {
    return paths.reduce((view, path) => redactAt(view, path.split("."), 0), data);
  } catch {
    return REDACTED; // a hostile Proxy, or arrays nested deeper than the stack: nothing of it may leave
  }
}

function redactAt(value: unknown, keys: readonly string[], depth: number): unknown {
  if (typeof value !== "object" || value === null) return value;
  const key = keys[depth]!;
  if (Array.isArray(value) && !isIndex(key)) return redactElements(value, keys, depth);
  if (!(key in value)) return value;
  if (depth === keys.length - 1) return copyWith(value, key, REDACTED);
  const inner = readProperty(value, key);
  if (inner === UNREADABLE) return copyWith(value, key, REDACTED);
  const redacted = redactAt(inner, keys, depth + 1);
  return redacted === inner ? value : copyWith(value, key, redacted);
}

function redactElements(elements: readonly unknown[], keys: readonly string[], depth: number): readonly unknown[] {
  const copy: unknown[] = [];
  let changed = false;
  for (const element of elements) {
    const redacted = redactAt(element, keys, depth);
    changed ||= redacted !== element;
    copy.push(redacted);
  }
  return changed ? copy : elements;
}

/** Copies by descriptors: spread would run getters, and lose what a class instance inherits. */
function copyWith(source: object, key: string, value: unknown): unknown {
  if (Array.isArray(source)) return source.with(Number(key), value);
  const properties = Object.getOwnPropertyDescriptors(source);
  const property = { value, enumerable: true, configurable: true, writable: true };
  Object.defineProperty(properties, key, { value: property, enumerable: true }); // assignment would run a setter of "__proto__"
  return Object.create(Object.getPrototypeOf(source), properties);
}

const UNREADABLE: unique symbol = Symbol("unreadable");

function readProperty(source: object, key: string): unknown {
  try {
    return Reflect.get(source, key);
  } catch {
    return UNREADABLE; // the caller redacts it whole
  }
}

function isIndex(key: string): boolean {
  return String(Number(key) >>> 0) === key;
}
