import * as api from "@opentelemetry/api";
import { SCOPE_NAME } from "./semconv.ts";
import type { Failure } from "./telemetry.ts";
import { VERSION } from "./version.ts";

/** Where the convention's switch sends exceptions: span events (unset), log events, or both. */
export type ExceptionSignal = "spans" | "logs" | "both";

/** Reads `OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN` (`logs`, `logs/dup`; comma-separated with other opt-ins). */
export function exceptionSignal(env: string | undefined): ExceptionSignal {
  const optIns = (env ?? "").split(",").map((each) => each.trim());
  if (optIns.includes("logs/dup")) return "both"; // the convention lets dup win when both are named
  return optIns.includes("logs") ? "logs" : "spans";
}

const signal = exceptionSignal(process.env.OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN);

/** How an exception is written where it becomes a log event. */
export interface ExceptionLog {
  readonly logEvent: string;
  readonly severity: api.SeverityNumber;
  /** The context of the span. */
  readonly context: api.Context;
}

/** Records an exception on its span, as a log event in the span's context, or both, as the convention's switch says. */
export function emitException(span: api.Span, failure: Failure, log: ExceptionLog): void {
  const attributes: api.Attributes = { "exception.type": failure.className };
  if (failure.message !== undefined) attributes["exception.message"] = failure.message;
  if (failure.stack !== undefined) attributes["exception.stacktrace"] = failure.stack;
  const hasLogs = api.logs !== undefined; // not before API 1.10: then the span is the only place left
  if ((signal !== "logs" || !hasLogs) && span.isRecording()) span.addEvent("exception", attributes);
  if (signal !== "spans") {
    // an API older than 1.10 has no logs: nothing to emit to
    const logger = api.logs?.getLogger(SCOPE_NAME, VERSION);
    logger?.emit({ eventName: log.logEvent, severityNumber: log.severity, attributes, context: log.context });
  }
}
