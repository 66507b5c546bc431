import type { BusErrorCode } from "../error-codes.ts";
import { describeValue } from "../errors.ts";
import type { EventInit } from "./event-init.ts";
import { nameProblem } from "./names.ts";

/** Longest id, source and correlation id, in characters; total size of the headers, in UTF-8 bytes. */
export const EVENT_LIMITS = { id: 255, source: 255, correlationId: 128, headerBytes: 8192 } as const;

/** One field of a would-be event that is not acceptable. */
export interface EventProblem {
  readonly code: BusErrorCode;
  /** Names the field, its value and the accepted form. */
  readonly problem: string;
  readonly cause?: unknown;
}

/** The fields of an event, each read once: a getter cannot show one value to the check and another to the bus. */
export type EventFields = EventInit<string, unknown>;

const FIELDS = [
  "name",
  "data",
  "source",
  "id",
  "correlationId",
  "causationId",
  "timestamp",
  "depth",
  "headers",
] as const;

/** The fields of a would-be event, or why it cannot be published: all reasons, joined in one text. */
export function readEvent(event: unknown, options: { sourceRequired: boolean }): EventFields | EventProblem {
  if (typeof event !== "object" || event === null) return notAnEvent(event);
  try {
    const fields: Record<string, unknown> = {};
    for (const field of FIELDS) fields[field] = (event as Record<string, unknown>)[field];
    const { headers } = fields;
    if (typeof headers === "object" && headers !== null && !Array.isArray(headers)) fields.headers = { ...headers };
    const { timestamp } = fields;
    if (timestamp instanceof Date) fields.timestamp = timestamp.getTime(); // read once: a subclass may tell this and that
    const problems = fieldProblems(fields, options.sourceRequired);
    const [first] = problems;
    if (first === undefined) return fields as unknown as EventFields;
    return { ...first, problem: problems.map((each) => each.problem).join("; ") };
  } catch (cause) {
    return unreadable(cause);
  }
}

/** Checks every field of a would-be event without trusting it: hostile getters and proxies are problems, not throws. */
export function eventProblems(event: unknown, { sourceRequired }: { sourceRequired: boolean }): EventProblem[] {
  if (typeof event !== "object" || event === null) {
    return [notAnEvent(event)];
  }
  try {
    return fieldProblems(event as Record<string, unknown>, sourceRequired);
  } catch (cause) {
    return [unreadable(cause)];
  }
}

function notAnEvent(value: unknown): EventProblem {
  return { code: "INVALID_EVENT", problem: `an event is an object with a name, got ${describeValue(value)}` };
}

function unreadable(cause: unknown): EventProblem {
  return { code: "INVALID_EVENT", problem: "the event cannot be read: one of its fields throws", cause };
}

function fieldProblems(event: Record<string, unknown>, sourceRequired: boolean): EventProblem[] {
  const problems: EventProblem[] = [];
  const { name, source, id, correlationId, causationId, timestamp, depth, headers } = event;
  const badName = nameProblem(name);
  if (badName !== undefined)
    problems.push({ code: "INVALID_NAME", problem: `name ${describeValue(name)}: ${badName}` });
  const add = (field: string, value: unknown, expected: string): void => {
    problems.push({ code: "INVALID_EVENT", problem: `${field} must be ${expected}, got ${describeValue(value)}` });
  };
  if (source === undefined && sourceRequired) {
    const problem = "source is missing: name the publisher in the event, or once for the bus: new EventBus({ source })";
    problems.push({ code: "INVALID_EVENT", problem });
  } else if (source !== undefined && !isSource(source)) {
    add("source", source, `1 to ${EVENT_LIMITS.source} characters without control characters`);
  }
  if (id !== undefined && !isId(id)) add("id", id, `1 to ${EVENT_LIMITS.id} visible ASCII characters`);
  if (correlationId !== undefined && !isCorrelationId(correlationId)) {
    add("correlationId", correlationId, `1 to ${EVENT_LIMITS.correlationId} characters of A-Z a-z 0-9 . _ : -`);
  }
  if (causationId !== undefined && !isId(causationId)) {
    add("causationId", causationId, `1 to ${EVENT_LIMITS.id} visible ASCII characters`);
  }
  if (timestamp !== undefined && !isTimestamp(timestamp)) {
    add("timestamp", timestamp, "milliseconds since the Unix epoch, a valid Date, or an ISO 8601 string");
  }
  if (depth !== undefined && !(Number.isSafeInteger(depth) && (depth as number) >= 0)) {
    add("depth", depth, "an integer from 0");
  }
  const badHeaders = headers === undefined ? undefined : headerProblem(headers);
  if (badHeaders !== undefined) problems.push(badHeaders);
  return problems;
}

/** Whether a correlation id from outside can be taken over: `[A-Za-z0-9._:-]{1,128}`. */
export function isCorrelationId(value: unknown): value is string {
  return typeof value === "string" && value.length <= EVENT_LIMITS.correlationId && /^[A-Za-z0-9._:-]+$/.test(value);
}

/** Whether `value` can name the publisher of an event. */
export function isSource(value: unknown): value is string {
  return (
    typeof value === "string" && value.length > 0 && value.length <= EVENT_LIMITS.source && !hasControlCharacter(value)
  );
}

/** Whether `value` can be the id of an event: visible ASCII. */
export function isId(value: unknown): value is string {
  return typeof value === "string" && value.length <= EVENT_LIMITS.id && /^[!-~]+$/.test(value);
}

/** A date, or a date and time; Date.parse alone takes "hello 1". */
const ISO_8601 = /^(?:\d{4}|[+-]\d{6})-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)?)?$/;

function isTimestamp(value: unknown): boolean {
  if (typeof value === "number") return Math.abs(value) <= 8.64e15; // the range of Date; false for NaN
  if (typeof value === "string") return ISO_8601.test(value) && !Number.isNaN(Date.parse(value));
  return value instanceof Date && !Number.isNaN(value.getTime());
}

function headerProblem(headers: unknown): EventProblem | undefined {
  if (typeof headers !== "object" || headers === null || Array.isArray(headers)) {
    const problem = `headers must be an object of strings, got ${describeValue(headers)}`;
    return { code: "INVALID_EVENT", problem };
  }
  let bytes = 0;
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== "string" || hasControlCharacter(value) || !/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,255}$/.test(name)) {
      const problem = `header ${describeValue(name)} must be a token with a string value without control characters, got ${describeValue(value)}`;
      return { code: "INVALID_EVENT", problem };
    }
    bytes += name.length + Buffer.byteLength(value);
    if (bytes > EVENT_LIMITS.headerBytes) {
      return { code: "HEADERS_TOO_LARGE", problem: `the headers exceed ${EVENT_LIMITS.headerBytes} bytes in total` };
    }
  }
  return undefined;
}

function hasControlCharacter(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 32 || code === 127) return true;
  }
  return false;
}
