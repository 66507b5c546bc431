import type { SubscribeOptions } from "./options.ts";

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
    for (const mark of marks.get(owner) ?? []) {
      const key = `${mark.pattern}\n${mark.method}`;
      if (!found.has(key)) found.set(key, mark);
    }
  }
  return [...found.values()];
}
