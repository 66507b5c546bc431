type Inspect = (value: unknown, options: object) => string;

/** Makes `console.log` show what `toJSON` returns: a class of accessors would print as an empty object. */
export function showAs(label: string, prototype: { toJSON(): unknown }): void {
  Object.defineProperty(prototype, Symbol.for("nodejs.util.inspect.custom"), {
    value(this: { toJSON(): unknown }, ...[, options, inspect]: [depth: number, options: object, inspect: Inspect]) {
      return `${label} ${inspect(this.toJSON(), options)}`;
    },
  });
}
