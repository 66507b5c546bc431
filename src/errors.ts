import type { BusErrorCode } from "./error-codes.ts";
import type { PublishResult } from "./outcome.ts";

/**
 * The one error class spanbus throws. Branch on `code`, show `message` (it names the value and the remedy), and find
 * the original failure in `cause`.
 */
export class BusError extends Error {
  /** Stable across releases; docs/errors.md lists every code with its meaning and remedy. */
  readonly code: BusErrorCode;

  constructor(code: BusErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  override get name(): string {
    return "BusError";
  }
}

/** One mismatch between data and schema, in the shape of the Standard Schema specification. */
export interface ValidationIssue {
  readonly message: string;
  /** Where in the data, as dot-joined keys; empty for the data as a whole. */
  readonly path: string;
}

/** Data that does not match its schema (`code` `INVALID_DATA`): the caller can show `issues` field by field. */
export class ValidationError extends BusError {
  readonly issues: readonly ValidationIssue[];

  constructor(message: string, issues: readonly ValidationIssue[], options?: ErrorOptions) {
    super("INVALID_DATA", message, options);
    this.issues = issues;
  }

  override get name(): string {
    return "ValidationError";
  }
}

/** A strict publish of which a delivery failed (`code` `DELIVERY_FAILED`): the event itself was published. */
export class DeliveryError extends BusError {
  /** What the failed handlers threw, in subscription order. */
  readonly errors: readonly unknown[];
  /** The publish result, as it would have been returned without `strict`. */
  readonly result: PublishResult;

  constructor(message: string, errors: readonly unknown[], result: PublishResult) {
    super("DELIVERY_FAILED", message, { cause: errors[0] });
    this.errors = errors;
    this.result = result;
  }

  override get name(): string {
    return "DeliveryError";
  }
}

/** The code as it appears in `error.type` and in refusal reasons: `BUS_CLOSED` becomes `bus_closed`. */
export function errorTypeOfCode(code: BusErrorCode): string {
  return code.toLowerCase();
}

/** A value as it may stand in an error message: short, on one line, whatever it is. */
export function describeValue(value: unknown): string {
  try {
    const text = typeof value === "string" ? JSON.stringify(value) : describeOther(value);
    return (text.length > 80 ? `${text.slice(0, 79)}…` : text).replaceAll(UNPRINTABLE, escapeUnprintable);
  } catch {
    return "a value that cannot be read"; // a hostile Proxy or getter: naming its type is all that is safe
  }
}

/** A text of whatever origin as it may stand in a line for people: in one line, with nothing that a terminal obeys. */
export function onOneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim().replaceAll(UNPRINTABLE, escapeUnprintable);
}

/** What JSON leaves as it is, and a terminal or a reader of lines obeys: controls, line separators, halves of characters. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

function escapeUnprintable(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16)}}`;
}

function describeOther(value: unknown): string {
  if (typeof value === "function") return `function ${JSON.stringify(value.name)}`;
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "object" || value === null) return String(value);
  return Array.isArray(value) ? `an array of ${value.length}` : "an object";
}
