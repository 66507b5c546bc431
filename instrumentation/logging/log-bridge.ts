import * as api from "@opentelemetry/api";
import { SCOPE_NAME } from "../../src/telemetry/semconv.ts";
import { VERSION } from "../../src/telemetry/version.ts";

let logger: api.Logger | undefined;

/** While `isOn`, the lines of `createLogger` also become OTLP log records. @returns ends it */
export function bridgeLogs(isOn: boolean): () => void {
  logger = isOn ? api.logs.getLogger(SCOPE_NAME, VERSION) : undefined;
  return () => {
    logger = undefined;
  };
}

/** Where to find the parts of a pino line. */
export interface LineShape {
  readonly messageKey: string;
  readonly errorKey: string;
  /** pino's number for each of the logger's levels. */
  readonly levels: Readonly<Record<string, number>>;
}

/**
 * Emits a pino line, as it was written, as an OpenTelemetry log record: redacted and serialised values only. Never
 * throws.
 */
export function emitLogLine(line: string, shape: LineShape): void {
  if (logger === undefined) return;
  try {
    logger.emit(toRecord(line, shape));
  } catch {
    // not a JSON object (a formatter of the application's), or a broken provider: the line itself was written
  }
}

function toRecord(line: string, { messageKey, errorKey, levels }: LineShape): api.LogRecord {
  const { level, time, [messageKey]: message, [errorKey]: error, ...rest } = JSON.parse(line) as Line;
  const { pid, hostname, trace_id, span_id, trace_flags, ...attributes } = rest;
  const number = typeof level === "number" ? level : (levels[String(level)] ?? 0);
  const name = Object.entries(levels).find(([, each]) => each === number)?.[0];
  const context = contextOf(trace_id, span_id, trace_flags);
  return {
    body: String(message ?? ""),
    severityNumber: severityOf(number),
    ...(name === undefined ? {} : { severityText: name.toUpperCase() }),
    ...(typeof time === "number" ? { timestamp: time } : {}),
    attributes: { ...attributes, ...exceptionOf(error) } as api.Attributes,
    ...(context === undefined ? {} : { context }), // an undefined context would drop the correlation
  };
}

type Line = Record<string, unknown>;

/** 10 is trace, 60 fatal; levels of one's own fall in between. */
function severityOf(level: number): api.SeverityNumber {
  const steps = Math.min(Math.max(Math.floor(level / 10), 1), 6);
  return ((steps - 1) * 4 + 1) as api.SeverityNumber;
}

/** The span named in the line, rather than the active one: a logger may carry ids of its own. */
function contextOf(traceId: unknown, spanId: unknown, flags: unknown): api.Context | undefined {
  if (typeof traceId !== "string" || typeof spanId !== "string") return undefined;
  const spanContext = { traceId, spanId, traceFlags: Number.parseInt(String(flags), 16) || 0 };
  return api.isSpanContextValid(spanContext) ? api.trace.setSpanContext(api.ROOT_CONTEXT, spanContext) : undefined;
}

function exceptionOf(error: unknown): Record<string, string> {
  if (typeof error !== "object" || error === null) return {};
  const { type, message, stack } = error as Line;
  return {
    ...(typeof type === "string" ? { "exception.type": type } : {}),
    ...(typeof message === "string" ? { "exception.message": message } : {}),
    ...(typeof stack === "string" ? { "exception.stacktrace": stack } : {}),
  };
}
