import { types } from "node:util";
import { type BusErrorCode, ERROR_CODES } from "../error-codes.ts";
import { BusError, describeValue, errorTypeOfCode } from "../errors.ts";
import type { ErrorDetail } from "../options.ts";
import { telemetryCells } from "../telemetry/cells.ts";
import type { Guard } from "../telemetry/guard.ts";
import { OTHER_ERROR_TYPE } from "../telemetry/semconv.ts";
import type { Failure } from "../telemetry/telemetry.ts";

const MAX_ERROR_TYPES = 50;
const MAX_TEXT = 16_384;
const MAX_REDACTED = 1_048_576;
const CLASS_NAME = /^[A-Za-z_$][A-Za-z0-9_$]{0,63}$/;

/** Reads whatever was thrown, once, into what spans, logs and dead letters write. */
export class FailureReader {
  readonly #guard: Guard;
  readonly #detail: ErrorDetail;
  readonly #redact: ((text: string) => string) | undefined;

  constructor(guard: Guard, detail: ErrorDetail, redact: ((text: string) => string) | undefined) {
    this.#guard = guard;
    this.#detail = detail;
    this.#redact = redact;
  }

  read(thrown: unknown): Failure {
    const read = readError(thrown);
    const { error, className, code } = read;
    const type = code === undefined ? boundedErrorType(className) : errorTypeOfCode(code);
    const message = this.#detail === "type" ? undefined : this.#text(shownMessage(read));
    if (this.#detail !== "full") return { error, type, className, message, stack: undefined };
    return new FullFailure({ error, type, className, message }, () => this.#stackOf(read));
  }

  #stackOf(read: ReadableError): string | undefined {
    const stack = read.stack();
    const written = isQuoting(read.code) ? `BusError: ${shownMessage(read)}\n${framesOf(stack, read.message)}` : stack;
    return written === undefined ? undefined : this.#text(written);
  }

  /** A failure of the bus's own making: its message is ours, so nothing of it is redacted. */
  own(error: BusError): Failure {
    const message = this.#detail === "type" ? undefined : error.message;
    return { error, type: errorTypeOfCode(error.code), className: "BusError", message, stack: undefined };
  }

  /** A reason in a handler's own words, as far as it may be written. */
  reason(text: string): string {
    return this.#detail === "type" ? "handler" : this.#text(text);
  }

  /** What may be logged of a throw that was caught and goes no further. */
  describe(thrown: unknown): string {
    const { className, message } = this.read(thrown);
    return message === undefined ? className : `${className}: ${message}`;
  }

  #text(text: string): string {
    const redact = this.#redact;
    if (redact === undefined) return shortened(text, MAX_TEXT);
    // redacted before it is cut: a secret across the cut would slip through the redactor's pattern
    const whole = shortened(text, MAX_REDACTED);
    return shortened(
      this.#guard.check("redactor", () => textOf(redact(whole)), isText) ?? "[the redactor threw]",
      MAX_TEXT,
    );
  }
}

/** A failure whose stack is read when somebody writes it: to put one into words costs as much as the rest of a failure. */
class FullFailure implements Failure {
  readonly error: unknown;
  readonly type: string;
  readonly className: string;
  readonly message: string | undefined;
  #readStack: (() => string | undefined) | undefined;
  #stack: string | undefined;

  constructor({ error, type, className, message }: Omit<Failure, "stack">, readStack: () => string | undefined) {
    this.error = error;
    this.type = type;
    this.className = className;
    this.message = message;
    this.#readStack = readStack;
  }

  get stack(): string | undefined {
    const readStack = this.#readStack;
    if (readStack === undefined) return this.#stack;
    this.#readStack = undefined; // first: a redactor may fail, and be read of, on its own way
    this.#stack = readStack();
    return this.#stack;
  }
}

/** What may be written as the message: a refusal quotes what was refused, for the publisher's eyes only. */
function shownMessage({ code, message }: ReadableError): string {
  return isQuoting(code) ? ERROR_CODES[code].meaning : message;
}

function isQuoting(code: BusErrorCode | undefined): code is BusErrorCode {
  return code !== undefined && QUOTING.has(code);
}

/** The codes whose messages quote names, values or data of the caller. */
const QUOTING: ReadonlySet<BusErrorCode> = new Set<BusErrorCode>([
  "INVALID_NAME",
  "UNKNOWN_EVENT",
  "INVALID_EVENT",
  "INVALID_DATA",
  "INVALID_OPTION",
  "INVALID_PATTERN",
  "HEADERS_TOO_LARGE",
]);

/** The call sites of a stack, without the message on top, which may hold lines that look like call sites. */
function framesOf(stack: string | undefined, message: string): string {
  const start = stack?.indexOf(message) ?? -1;
  if (stack === undefined || start < 0) return "";
  return stack
    .slice(start + message.length)
    .split("\n")
    .filter((line) => /^ +at /.test(line))
    .join("\n");
}

function codeOf(error: Error): BusErrorCode | undefined {
  if (!(error instanceof BusError)) return undefined;
  const code: unknown = error.code;
  const isKnown = typeof code === "string" && Object.hasOwn(ERROR_CODES, code);
  return isKnown ? (code as BusErrorCode) : undefined; // a code of somebody's own making is no label
}

function shortened(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}

/** Primitives as text; anything else, promises above all, is no text. */
function textOf(value: unknown): unknown {
  return typeof value === "object" || typeof value === "function" || value === undefined ? value : String(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

/** An error with its fields, each read once. */
interface ReadableError {
  readonly error: Error;
  readonly message: string;
  /** Reads the stack, if it was not read already; never throws. */
  readonly stack: () => string | undefined;
  readonly className: string;
  /** Of a `BusError`. */
  readonly code: BusErrorCode | undefined;
}

/** The thrown value itself when it is an Error whose fields can be read; else a `BusError` with it as the cause. */
function readError(thrown: unknown): ReadableError {
  try {
    if (thrown instanceof Error || types.isNativeError(thrown)) {
      const { name, message } = thrown;
      const stack = stackReader(thrown);
      if (typeof message === "string" && typeof name === "string" && stack !== undefined) {
        return { error: thrown, message, stack, className: classNameOf(thrown, name), code: codeOf(thrown) };
      }
    }
  } catch {
    // a getter or proxy trap threw: it is described below, from outside
  }
  const text = `the handler threw ${describeValue(thrown)} instead of a readable Error`;
  const error = new BusError("NON_ERROR_THROWN", text, { cause: thrown });
  return { error, message: text, stack: () => stackOf(error), className: "BusError", code: "NON_ERROR_THROWN" };
}

/** How to read an error's stack: later where that is the engine's own getter, at once otherwise; undefined if it has none. */
function stackReader(error: Error): (() => string | undefined) | undefined {
  if (STACK_GETTER !== undefined && Object.getOwnPropertyDescriptor(error, "stack")?.get === STACK_GETTER) {
    return () => stackOf(error);
  }
  const { stack } = error;
  return stack === undefined || typeof stack === "string" ? () => stack : undefined;
}

/** The engine's getter of stacks; undefined in engines where the stack is a plain value. */
const STACK_GETTER = Object.getOwnPropertyDescriptor(new Error(), "stack")?.get;

function stackOf(error: Error): string | undefined {
  try {
    const stack: unknown = error.stack;
    return typeof stack === "string" ? stack : undefined;
  } catch {
    return undefined; // Error.prepareStackTrace is user code
  }
}

/** The most telling of class name and `name`: `DOMException` and `Error` say less than their `name`. */
function classNameOf(error: Error, name: string): string {
  const own = constructorName(error);
  if (typeof own === "string" && own !== "Error" && own !== "DOMException" && CLASS_NAME.test(own)) return own;
  return CLASS_NAME.test(name) ? name : "Error";
}

function constructorName(error: Error): unknown {
  try {
    return error.constructor?.name;
  } catch {
    return undefined; // a hostile getter: the error's own fields were readable
  }
}

/** A class name as a label: the first 50 distinct ones in the process, then `_OTHER`. */
function boundedErrorType(className: string): string {
  const { errorTypes } = telemetryCells();
  if (errorTypes.has(className)) return className;
  if (errorTypes.size >= MAX_ERROR_TYPES) return OTHER_ERROR_TYPE;
  errorTypes.add(className);
  return className;
}
