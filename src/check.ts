import { BusError, describeValue } from "./errors.ts";

/** The longest delay a timer takes, in milliseconds (about 24.8 days); Node fires longer ones at once. */
export const MAX_TIMER_MS = 2_147_483_647;

/** Throws unless `options` is an object, or was left out. */
export function checkOptions(owner: string, options: unknown): void {
  if (options === undefined || (typeof options === "object" && options !== null)) return;
  throw new BusError("INVALID_OPTION", `${owner}: options must be an object, got ${describeValue(options)}`);
}

/** Throws unless `options` is an object with nothing but `known` options in it, or was left out. */
export function checkKnown(owner: string, options: unknown, known: readonly string[]): void {
  checkOptions(owner, options);
  const unknown = Object.keys(options ?? {}).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  const text = `${owner}: there is no option ${describeValue(unknown)}; the options are ${known.join(", ")}`;
  throw new BusError("INVALID_OPTION", text);
}

/** Checks the options of one public method: what is wrong is a `BusError` that names option, value and range. */
export class OptionCheck {
  readonly #owner: string;
  readonly #options: Readonly<Record<string, unknown>>;

  constructor(owner: string, options: unknown, known: readonly string[]) {
    checkKnown(owner, options, known);
    this.#owner = owner;
    this.#options = (options ?? {}) as Record<string, unknown>;
  }

  /** A number within `min` and `max`. */
  number(key: string, range: { min: number; max: number; integer?: boolean }): void {
    const { min, max, integer = false } = range;
    this.#expect(key, `${integer ? "an integer" : "a number"} from ${min} to ${max}`, (value) => {
      return typeof value === "number" && value >= min && value <= max && (!integer || Number.isInteger(value));
    });
  }

  /** A time in milliseconds that a timer can wait. */
  timer(key: string, min = 0): void {
    this.number(key, { min, max: MAX_TIMER_MS });
  }

  oneOf(key: string, values: readonly string[]): void {
    const form = `one of ${values.map((each) => `"${each}"`).join(", ")}`;
    this.#expect(key, form, (value) => values.includes(value as string));
  }

  boolean(key: string): void {
    this.#expect(key, "true or false", (value) => typeof value === "boolean");
  }

  function(key: string): void {
    this.#expect(key, "a function", (value) => typeof value === "function");
  }

  object(key: string): void {
    this.#expect(key, "an object", (value) => typeof value === "object" && value !== null);
  }

  /** Anything that `test` accepts; `form` says what that is. */
  matching(key: string, form: string, test: (value: unknown) => boolean): void {
    this.#expect(key, form, test);
  }

  #expect(key: string, form: string, test: (value: unknown) => boolean): void {
    const value = this.#options[key];
    if (value === undefined || test(value)) return;
    throw new BusError("INVALID_OPTION", `${this.#owner}: ${key} must be ${form}, got ${describeValue(value)}`);
  }
}
