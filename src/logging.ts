import { types } from "node:util";
import { onOneLine } from "./errors.ts";
import type { Logger } from "./logger.ts";
import type { Guard } from "./telemetry/guard.ts";

type Line = [fields: object, message?: string] | [message: string];

/** Marks a logger whose lines carry the fields of their event already: a mixin that adds them would write them twice. */
const BOUND: unique symbol = Symbol.for("spanbus.bound-logger") as never;

/** Whether the bus made this logger for one attempt. */
export function isBoundLogger(logger: object): boolean {
  return BOUND in logger;
}

/** A logger that never throws: a line that cannot be written is counted, and lost. */
export function guardedLogger(logger: Logger, guard: Guard): Logger {
  const write =
    (level: "debug" | "info" | "warn" | "error") =>
    (...line: unknown[]): void => {
      try {
        const returned: unknown = logger[level](...(line as [object, string]));
        if (types.isPromise(returned)) returned.catch((error: unknown) => guard.trip("logger", error));
      } catch (error) {
        guard.trip("logger", error);
      }
    };
  return {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    child: (bindings) => guardedLogger(childOf(logger, bindings, guard), guard),
  };
}

/** A child of `logger`; where it makes none, the fields are merged into each line. */
function childOf(logger: Logger, bindings: Record<string, unknown>, guard: Guard): Logger {
  const child = guard.run("logger", () => logger.child?.(bindings), undefined);
  if (child !== undefined) return Object.isExtensible(child) ? Object.assign(child, { [BOUND]: true }) : child;
  const merged = (line: unknown[]): Line => {
    const [first, message] = line;
    if (typeof first === "string") return [bindings, first];
    return [{ ...bindings, ...(first as object) }, ...(message === undefined ? [] : [message as string])] as Line;
  };
  return {
    debug: (...line: unknown[]) => logger.debug(...(merged(line) as [object])),
    info: (...line: unknown[]) => logger.info(...(merged(line) as [object])),
    warn: (...line: unknown[]) => logger.warn(...(merged(line) as [object])),
    error: (...line: unknown[]) => logger.error(...(merged(line) as [object])),
  };
}

const WARNING_INTERVAL_MS = 60_000;
const warnedAt = new Map<string, number>();

/**
 * The logger of a bus that was given none: a failure must not vanish, so warnings and errors become Node process
 * warnings, each text at most once a minute; debug and info lines are dropped.
 */
export const processWarnings: Logger = {
  debug: ignore,
  info: ignore,
  warn: warn,
  error: warn,
  child: () => processWarnings,
};

function ignore(): void {
  // no logger was given: nobody asked for these lines
}

function warn(first: object | string, message?: string): void {
  const text = typeof first === "string" ? first : (message ?? "");
  const warning = onOneLine(`${text}${errorOf(first)}`); // whatever the error says
  const now = performance.now();
  if (now - (warnedAt.get(warning) ?? Number.NEGATIVE_INFINITY) < WARNING_INTERVAL_MS) return;
  if (warnedAt.size >= 100) warnedAt.clear();
  warnedAt.set(warning, now);
  process.emitWarning(warning, { type: "SpanbusWarning", detail: "repeats are shown at most once a minute" });
}

/** The error that a line is about: of the bus's own fields, or, as with pino, under `err`. */
function errorOf(first: object | string): string {
  const fields = first as { error_type?: string; error_message?: string; err?: unknown };
  const { error_type: type, error_message: reason, err } = fields;
  if (reason !== undefined) return ` (${type}: ${reason.slice(0, MAX_REASON)})`;
  return err instanceof Error ? ` (${err.name}: ${String(err.message).slice(0, MAX_REASON)})` : "";
}

const MAX_REASON = 300;
