import fc from "fast-check";

/**
 * A value that a program could be handed by an enemy, made anew at each call. Properties draw these and not the values
 * themselves: a failure is then printed by name, where printing a revoked Proxy would itself throw.
 */
export interface Hostile<Value = unknown> {
  make(): Value;
  toString(): string;
}

/** Secrets that must not be found anywhere they were not allowed. */
export const CANARY = "canary-4111-2222";

const THEN = "then"; // under another name for the linter, which rightly warns of thenables

/** Any text, with what breaks lines, fields, terminals and encodings. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.constantFrom(
    "\n",
    "\r\n",
    "\u2028\u2029",
    "\0",
    "\u001b[2K\u001b[1A",
    "\ud800",
    "\udc00\ud800",
    "\u202e\u200b\ufeff",
    "__proto__",
    "constructor",
    "toString",
    '","level":60,"msg":"forged"}\n{"level":60,"msg":"forged"}',
    '"} spanbus_forged{error_type="x"} 1',
    "%s %d %o %j %%",
    "$" + "{jndi:ldap://x}",
    "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "é".normalize("NFD"),
    "x".repeat(100_000),
  ),
  fc
    .array(fc.constantFrom("\n", '"', "\\", "{", "}", ",", ":", "\ud83d", "=", " ", "a"), { maxLength: 12 })
    .map(joined),
);

/** Would-be event names: valid ones, nearly valid ones, and anything else. */
export const hostileName: fc.Arbitrary<Hostile> = fc.oneof(
  tokens(["a", "A", "_", "-", "0", "__proto__", "constructor", "x".repeat(64)], 4),
  tokens(["a", "", "*", "**", "{x}", " ", "é", "x".repeat(65), "a\n", "\0"], 4),
  fc.nat({ max: 40 }).map((count) => text(Array(count).fill("a").join("."))),
  hostileText.map(text),
  fc.nat({ max: 300 }).map((length) => text("a".repeat(length))),
  nonTexts(),
);

/** Would-be patterns: valid ones, nearly valid ones, and anything else. */
export const hostilePattern: fc.Arbitrary<Hostile> = fc.oneof(
  tokens(["a", "b", "*", "{x}", "__proto__"], 4),
  tokens(["a", "*", "**"], 5),
  tokens(["a", "**", "{", "}", "{}", "{0}", "{a-b}", "***", "*a", "", "?", "[a]", "(a+)+$", "\n"], 5),
  fc.nat({ max: 40 }).map((count) => text(Array(count).fill("*").join("."))),
  hostileText.map(text),
  nonTexts(),
);

/** Event data of any shape. */
export const hostileData: fc.Arbitrary<Hostile> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...shapes()) },
  {
    weight: 1,
    arbitrary: fc
      .anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, withSparseArray: true })
      .map((value) => named(`anything ${fc.stringify(value)}`, () => value)),
  },
  { weight: 1, arbitrary: hostileText.map(text) },
);

/** Anything that can be thrown. */
export const hostileThrown: fc.Arbitrary<Hostile> = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom(...throwables()) },
  { weight: 1, arbitrary: hostileData },
  { weight: 1, arbitrary: hostileText.map((message) => named(`Error ${quote(message)}`, () => new Error(message))) },
);

/** Would-be headers: objects of texts, and anything else. */
export const hostileHeaders: fc.Arbitrary<Hostile> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .array(
        fc.tuple(fc.oneof(fc.constantFrom("x-a", "traceparent", "baggage", "__proto__"), hostileText), headerValue()),
        {
          maxLength: 4,
        },
      )
      .map((entries) => named(`headers ${quote(entries)}`, () => ownProperties(entries))),
  },
  { weight: 1, arbitrary: hostileData },
);

/** What is no promise and rejects like one. */
export function rejectingThenable(reason: unknown): object {
  return { [THEN]: (_: unknown, reject: (reason: unknown) => void) => reject(reason) };
}

/** `value` under a name. */
function named<Value>(name: string, make: () => Value): Hostile<Value> {
  return { make, toString: () => name.slice(0, 300) };
}

function text(value: string): Hostile<string> {
  return named(quote(value), () => value);
}

function quote(value: unknown): string {
  return JSON.stringify(value).slice(0, 200);
}

function joined(parts: readonly string[]): string {
  return parts.join("");
}

function tokens(choice: readonly string[], most: number): fc.Arbitrary<Hostile> {
  return fc.array(fc.constantFrom(...choice), { minLength: 1, maxLength: most }).map((parts) => text(parts.join(".")));
}

function headerValue(): fc.Arbitrary<unknown> {
  return fc.oneof(hostileText, fc.constantFrom<unknown>(1, null, undefined, {}, ["x"], "v".repeat(5000)));
}

/** Own properties, also of the name `__proto__`. */
function ownProperties(entries: readonly (readonly [string, unknown])[]): object {
  const made = {};
  for (const [key, value] of entries) {
    Object.defineProperty(made, key, { value, enumerable: true, configurable: true, writable: true });
  }
  return made;
}

function nonTexts(): fc.Arbitrary<Hostile> {
  return fc.constantFrom(...shapes().filter((shape) => typeof shape.make() !== "string"));
}

function shapes(): Hostile[] {
  return [
    named("undefined", () => undefined),
    named("null", () => null),
    named("NaN", () => Number.NaN),
    named("-0", () => -0),
    named("a BigInt", () => 2n ** 200n),
    named("a symbol", () => Symbol("s")),
    named("a function", () => () => CANARY),
    named("a function with a hostile name", () => Object.defineProperty(() => 1, "name", { get: refuse })),
    named("an object in itself", () => {
      const circle: Record<string, unknown> = { list: [] };
      circle.self = circle;
      (circle.list as unknown[]).push(circle, { circle });
      return circle;
    }),
    named("a BigInt inside", () => ({ big: 1n, list: [2n] })),
    named("a Proxy of nothing special", () => new Proxy({ a: 1 }, {})),
    named("a Proxy that refuses everything", refusingProxy),
    named("a revoked Proxy", () => revoked({})),
    named("a revoked Proxy of an array", () => revoked([])),
    named("a revoked Proxy inside", () => ({ inside: revoked({}) })),
    named("a getter that throws", () => Object.defineProperty({ a: 1 }, "bad", { get: refuse, enumerable: true })),
    named("a toJSON that throws", () => ({ toJSON: refuse })),
    named("a toString that throws", () => ({ toString: refuse, [Symbol.toPrimitive]: refuse })),
    named("a then that throws", () => Object.defineProperty({}, THEN, { get: refuse })),
    named("20,000 objects deep", () => deep((inner) => ({ inner }))),
    named("20,000 arrays deep", () => deep((inner) => [inner])),
    named("an own __proto__", () => JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":1}}')),
    named("no prototype", () => Object.assign(Object.create(null), { a: 1 })),
    named("a frozen object", () => Object.freeze({ a: Object.freeze([1]) })),
    named("lone surrogates", () => ({ "\ud800": "\udc00" })),
    named("newlines in keys and values", () => ({ "a\nb": 'c\r\n{"level":60}' })),
    named("control characters", () => ({ "\0": "\u0007\u001b[31m" })),
    named("a Date that is none", () => new Date(Number.NaN)),
    named("a Map in a Set", () => new Set([new Map([[{}, []]])])),
    named("a typed array", () => new Uint8Array(1000)),
    named("a detached buffer", () => {
      const bytes = new Uint8Array(8);
      structuredClone(bytes, { transfer: [bytes.buffer] });
      return bytes;
    }),
    named("a sparse array", () => Object.assign([], { 4000000000: 1, length: 5 })),
    named("a million characters", () => "x".repeat(1_000_000)),
    named("a promise that hangs", () => new Promise(() => undefined)),
    named("a WeakRef", () => new WeakRef({})),
    named(
      "a class with private fields",
      () =>
        new (class {
          readonly #secret = CANARY;
          get secret(): string {
            return this.#secret;
          }
        })(),
    ),
  ];
}

function throwables(): Hostile[] {
  return [
    named("a plain Error", () => new Error("plain")),
    named("an AggregateError", () => new AggregateError([new Error("a"), undefined], "both")),
    named("a DOMException", () => new DOMException("gone", "AbortError")),
    named("a frozen Error", () => Object.freeze(new TypeError("frozen"))),
    named("an Error without a stack", () => Object.assign(new Error("bare"), { stack: undefined })),
    named("an Error whose message is no text", () => Object.assign(new Error("x"), { message: { toString: refuse } })),
    named("an Error whose message throws", () => Object.defineProperty(new Error("x"), "message", { get: refuse })),
    named("an Error whose stack throws", () => Object.defineProperty(new Error("x"), "stack", { get: refuse })),
    named("an Error whose name forges lines", () => Object.assign(new Error("x"), { name: 'a\n{"level":60}' })),
    named("an Error whose constructor throws", () =>
      Object.defineProperty(new Error("x"), "constructor", { get: refuse }),
    ),
    named("an Error that is its own cause", () => {
      const error = new Error("circular");
      error.cause = error;
      return error;
    }),
    named("a Proxy of an Error", () => new Proxy(new Error("proxied"), {})),
    named("an Error with the prototype of nothing", () => Object.setPrototypeOf(new Error("orphan"), null)),
    named("an object in the shape of an Error", () => ({ name: "Error", message: "like", stack: "like" })),
    named("an Error with a forged code", () => Object.assign(new Error("x"), { code: "BUS_CLOSED\n" })),
    named("an Error of a megabyte", () => new Error("x".repeat(1_000_000))),
  ];
}

function refuse(): never {
  throw new Error("a hostile value was read");
}

function refusingProxy(): object {
  const handler = {};
  const traps = new Proxy(handler, { get: () => refuse });
  return new Proxy({}, traps);
}

function revoked(target: object): unknown {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

function deep(wrap: (inner: unknown) => unknown): unknown {
  let value: unknown = "the bottom";
  for (let depth = 0; depth < 20_000; depth++) value = wrap(value);
  return value;
}
