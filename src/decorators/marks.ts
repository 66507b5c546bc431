import type { SubscribeOptions } from "../options.ts";

/** A method that `@subscribeTo` marked. */
export interface Mark {
  readonly pattern: string;
  readonly options: SubscribeOptions | undefined;
  /** Reads the method from an instance, private ones too. */
  readonly read: (instance: object) => unknown;
  /** The method's name. */
  readonly method: string;
}

/** Marks by instance (standard decorators) or by prototype (legacy decorators). */
const marks = new WeakMap<object, Mark[]>();

/** Remembers that a method of `owner`, or of what inherits from it, is to be subscribed by `bus.attach`. */
export function addMark(owner: object, mark: Mark): void {
  const known = marks.get(owner);
  if (known === undefined) marks.set(owner, [mark]);
  else known.push(mark);
}

/** The marks of an instance and its classes; a method marked in a class and again in its subclass counts once a pattern. */
export function marksOf(instance: object): Mark[] {
  const found = new Map<string, Mark>();
  for (let owner: object | null = instance; owner !== null; owner = Object.getPrototypeOf(owner)) {
    const own = new Map<string, Mark>();
    for (const [index, mark] of (marks.get(owner) ?? []).entries()) {
      // private methods of the same name in a class and its subclass are two methods
      const unique = mark.method.startsWith("#") ? index : "";
      own.set(`${mark.pattern}\n${mark.method}\n${unique}`, mark); // a subclass marks after its base class, and wins
    }
    for (const [key, mark] of own) if (!found.has(key)) found.set(key, mark);
  }
  return [...found.values()];
}
