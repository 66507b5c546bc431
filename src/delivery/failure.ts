import { types } from "node:util";
import { BusError, describeValue, errorTypeOfCode } from "../errors.ts";
import type { ErrorDetail } from "../options.ts";
import { telemetryCells } from "../telemetry/cells.ts";
import type { Guard } from "../telemetry/guard.ts";
import { OTHER_ERROR_TYPE } from "../telemetry/semconv.ts";
import type { Failure } from "../telemetry/telemetry.ts";

const MAX_ERROR_TYPES = 50;
const MAX_TEXT = 16_384;
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
    const error = readableError(thrown);
    const className = classNameOf(error);
    return {
      error,
      type: error instanceof BusError ? errorTypeOfCode(error.code) : boundedErrorType(className),
      className,
      message: this.#detail === "type" ? undefined : this.#text(error.message),
      stack: this.#detail === "full" && error.stack !== undefined ? this.#text(error.stack) : undefined,
    };
  }

  #text(text: string): string {
    const redact = this.#redact;
    const short = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
    if (redact === undefined) return short;
    return this.#guard.run("redactor", () => String(redact(short)), "[the redactor threw]");
  }
}

/** The thrown value itself when it is an Error whose fields can be read; else a `BusError` with it as the cause. */
function readableError(thrown: unknown): Error {
  try {
    if (thrown instanceof Error || types.isNativeError(thrown)) {
      const { name, message, stack } = thrown;
      const isReadable = typeof message === "string" && typeof name === "string";
      if (isReadable && (stack === undefined || typeof stack === "string")) return thrown;
    }
  } catch {
    // a getter or proxy trap threw: it is described below, from outside
  }
  const text = `the handler threw ${describeValue(thrown)} instead of a readable Error`;
  return new BusError("NON_ERROR_THROWN", text, { cause: thrown });
}

/** The most telling of class name and `name`: `DOMException` and `Error` say less than their `name`. */
function classNameOf(error: Error): string {
  try {
    const own = error.constructor?.name;
    if (typeof own === "string" && own !== "Error" && own !== "DOMException" && CLASS_NAME.test(own)) return own;
    return CLASS_NAME.test(error.name) ? error.name : "Error";
  } catch {
    return "Error"; // a hostile `constructor`; the error's own fields were readable
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
