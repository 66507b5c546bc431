/**
 * The dot paths into data, for an editor to offer and the compiler to check: `"card.number"`, in arrays for each element
 * or for one (`"items.0.sku"`). Three keys deep; what lies deeper, or has no known type, may be any text.
 */
export type DataPath<Data, Levels extends Level = 3> = unknown extends Data
  ? string
  : Data extends Leaf
    ? never
    : Levels extends 0
      ? string
      : Data extends readonly (infer Element)[]
        ? ElementPath<DataPath<Element, LevelsInElement<Element, Levels>>>
        : keyof Data extends never
          ? string // some object
          : { [Key in KeyOf<Data>]: KeyPath<Key, Data[Key], Levels> }[KeyOf<Data>];

/** A path that `defineEvents` took over; it is not checked again where a catalog is spread into another. */
export type SensitivePath = string & { readonly [defined]: true };
declare const defined: unique symbol;

type Level = 0 | 1 | 2 | 3;
type Below = [0, 0, 1, 2];

/** What has nothing inside that a path could lead to. */
type Leaf = Primitive | AnyFunction | Date | ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>;
type Primitive = string | number | bigint | boolean | symbol | null | undefined;
type AnyFunction = (...args: never[]) => unknown;

type KeyOf<Data> = keyof Data & (string | number);

/** A key with a dot in it cannot be written in a path. */
type KeyPath<Key extends string | number, Value, Levels extends Level> = Key extends "" | `${string}.${string}`
  ? never
  : [Value] extends [AnyFunction]
    ? never
    : `${Key}` | `${Key}.${DataPath<Value, Below[Levels]>}`;

type ElementPath<Path extends string> = Path | `${number}` | `${number}.${Path}`;

/** An array costs no level, but arrays in arrays do, or a type of such alone would never end. */
type LevelsInElement<Element, Levels extends Level> = [Extract<Element, readonly unknown[]>] extends [never]
  ? Levels
  : Below[Levels];
