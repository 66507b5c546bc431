import { checkKnown, MAX_TIMER_MS, OptionCheck } from "../check.ts";
import { BusError, describeValue } from "../errors.ts";
import { EventRecord, type EventSubject, fieldsOfRecord } from "../event/event.ts";
import type { EventInit } from "../event/event-init.ts";
import { type EventProblem, isCorrelationId, readEvent } from "../event/event-rules.ts";
import { isEventName, nameProblem } from "../event/names.ts";
import type { PublishOptions } from "../options.ts";

/** What the caller of `publish` wants, read once and checked. */
export interface Intent extends EventSubject {
  readonly data: unknown;
  readonly options: PublishOptions | undefined;
  /** The event object given, whose correlation id is to be that of the published event. */
  readonly subject: EventRecord | undefined;
}

/** What most callers want: an event of this name with this data. */
export function plainIntent(name: string, data: unknown, source: string): Intent {
  return { name, data, source, given: undefined, options: undefined, subject: undefined };
}

const OPTIONS: readonly string[] = [
  "correlationId",
  "headers",
  "source",
  "strict",
  "wait",
  "trace",
  "incoming",
  "delayMs",
  "deliverAt",
];

/** Reads both forms of `publish`: `(name, data, options)` and `(event, options)`. */
// biome-ignore lint/complexity/useMaxParams: the public signature and a default; an object for each publish would cost
export function readIntent(
  subject: unknown,
  data: unknown,
  options: unknown,
  defaultSource: string | undefined,
): Intent | BusError {
  try {
    if (typeof subject === "object" && subject !== null) return intentOfEvent(subject, data, defaultSource);
    if (!isEventName(subject)) {
      return new BusError("INVALID_NAME", `cannot publish ${describeValue(subject)}: ${nameProblem(subject)}`);
    }
    if (options === undefined && defaultSource !== undefined) {
      return plainIntent(subject, data, defaultSource);
    }
    const checked = checkOptions(options);
    const { correlationId, headers, source } = checked ?? {};
    const fields = { name: subject, data, source: source ?? defaultSource, correlationId, headers };
    return intentOf(fields, checked, undefined);
  } catch (error) {
    if (error instanceof BusError) return error;
    return new BusError("INVALID_EVENT", "cannot publish: the event or its options cannot be read", { cause: error });
  }
}

/** The correlation id of a publish call that is refused, as far as there is a valid one to read. */
export function correlationOf(subject: unknown, data: unknown, options: unknown): string | undefined {
  const places = typeof subject === "string" ? [options] : [data, subject];
  for (const place of places) {
    try {
      const { correlationId } = (place ?? {}) as { correlationId?: unknown };
      if (isCorrelationId(correlationId)) return correlationId;
    } catch {
      // a hostile object: that is why the call is refused
    }
  }
  return undefined;
}

function intentOfEvent(subject: object, options: unknown, defaultSource: string | undefined): Intent | BusError {
  const checked = checkOptions(options);
  const event =
    subject instanceof EventRecord ? fieldsOfRecord(subject) : readEvent(subject, { sourceRequired: false });
  if ("problem" in event) return refusal(event);
  const fields = {
    ...event,
    source: checked?.source ?? event.source ?? defaultSource,
    correlationId: checked?.correlationId ?? event.correlationId,
    headers: checked?.headers === undefined ? event.headers : { ...event.headers, ...checked.headers },
  };
  return intentOf(fields, checked, subject instanceof EventRecord ? subject : undefined);
}

/** The options, each read once: what is checked is what is used, whatever the caller does to them meanwhile. */
function checkOptions(given: unknown): PublishOptions | undefined {
  if (given === undefined) return undefined;
  checkKnown("publish", given, OPTIONS);
  const { correlationId, headers, source, strict, wait, trace, incoming, delayMs, deliverAt } = given as PublishOptions;
  const options = { correlationId, headers, source, strict, wait, trace, incoming, delayMs, deliverAt };
  const check = new OptionCheck("publish", options, OPTIONS);
  check.boolean("strict");
  check.oneOf("wait", ["settled", "accepted"]);
  check.oneOf("trace", ["child", "link", "auto"]);
  check.oneOf("incoming", ["trust", "link", "ignore"]);
  check.timer("delayMs");
  check.matching("deliverAt", "a Date, or milliseconds since the Unix epoch", isInstant);
  if (strict === true && wait === "accepted") {
    const text = 'publish: strict needs the outcome of every delivery, so it cannot go with wait: "accepted"';
    throw new BusError("INVALID_OPTION", text);
  }
  return { ...options, delayMs: delayOf(delayMs, deliverAt) };
}

/** How long to wait before delivering, in milliseconds; what is due already is delivered at once. */
function delayOf(delayMs: number | undefined, deliverAt: PublishOptions["deliverAt"]): number | undefined {
  if (deliverAt === undefined) return delayMs;
  if (delayMs !== undefined) {
    throw new BusError("INVALID_OPTION", "publish: delayMs and deliverAt say the same thing: give one of them");
  }
  const leftMs = Math.max(0, Number(deliverAt) - Date.now());
  if (leftMs <= MAX_TIMER_MS) return leftMs;
  const text = `publish: deliverAt must be within ${MAX_TIMER_MS} milliseconds from now, got ${describeValue(Number(deliverAt))}`;
  throw new BusError("INVALID_OPTION", text);
}

function isInstant(value: unknown): boolean {
  return Number.isFinite(value instanceof Date ? value.getTime() : value);
}

function intentOf(
  fields: EventInit,
  options: PublishOptions | undefined,
  subject: EventRecord | undefined,
): Intent | BusError {
  const event = readEvent(fields, { sourceRequired: true });
  if ("problem" in event) return refusal(event);
  const { name, data, source = "" } = event;
  return { name, data, source, given: event, options, subject };
}

function refusal({ code, problem, cause }: EventProblem): BusError {
  return new BusError(code, `cannot publish: ${problem}`, cause === undefined ? undefined : { cause });
}
