import { BusError, describeValue } from "../errors.ts";

/** Any function at all, as a type parameter's bound. */
export type AnyFunction = (...args: never[]) => unknown;

/** Any function at all, to call. */
export type Callable = (this: unknown, ...args: unknown[]) => unknown;

type Legacy = { readonly target: object; readonly descriptor: PropertyDescriptor };

/** What a decorator is on: a function passed to it, a method (TC39), or a method (TypeScript's legacy decorators). */
export type Decorated = { readonly fn: Callable; readonly name: string } & (
  | { readonly form: "function" }
  | { readonly form: "standard"; readonly context: ClassMethodDecoratorContext<object> }
  | ({ readonly form: "legacy"; readonly key: string | symbol } & Legacy)
);

/**
 * Tells from its arguments how a decorator was called.
 *
 * @throws BusError `INVALID_HANDLER` when it is on neither a function nor a method
 */
export function readDecorated(decorator: string, args: readonly unknown[]): Decorated {
  const [first, second, third] = args;
  if (typeof second === "string" || typeof second === "symbol") {
    const descriptor = third as PropertyDescriptor | undefined;
    const fn = checked(decorator, descriptor?.value, "a property or an accessor");
    const legacy = { target: first as object, key: second, descriptor: descriptor as PropertyDescriptor };
    return { form: "legacy", fn, name: nameOf(second), ...legacy };
  }
  if (isContext(second)) {
    const fn = checked(decorator, second.kind === "method" ? first : undefined, `a ${second.kind}`);
    return { form: "standard", fn, name: nameOf(second.name), context: second };
  }
  const fn = checked(decorator, first, describeValue(first));
  return { form: "function", fn, name: fn.name };
}

/** Whether `value` is the second argument of a TC39 decorator. */
export function isContext(value: unknown): value is ClassMethodDecoratorContext<object> {
  return typeof value === "object" && value !== null && "kind" in value && "addInitializer" in value;
}

/**
 * Puts what `wrap` makes of the function in its place. The wrapper has the function's name and length and inherits from
 * it, so that properties and `Reflect` metadata which other decorators left on it are still found.
 */
export function wrapDecorated(decorated: Decorated, wrap: (fn: Callable, name: string) => Callable): unknown {
  const { fn } = decorated;
  const wrapper = wrap(fn, decorated.name);
  Object.defineProperty(wrapper, "name", { value: fn.name, configurable: true });
  Object.defineProperty(wrapper, "length", { value: fn.length, configurable: true });
  Object.setPrototypeOf(wrapper, fn);
  if (decorated.form !== "legacy") return wrapper;
  decorated.descriptor.value = wrapper; // Nest's applyDecorators ignores what a decorator returns
  return decorated.descriptor;
}

function checked(decorator: string, fn: unknown, got: string): Callable {
  if (typeof fn === "function") return fn as Callable;
  throw new BusError("INVALID_HANDLER", `${decorator} goes around a function or on a method, not on ${got}`);
}

function nameOf(key: string | symbol): string {
  return typeof key === "string" ? key : (key.description ?? "");
}
