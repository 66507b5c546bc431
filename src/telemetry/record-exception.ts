import * as api from "@opentelemetry/api";
import { emitException } from "./exceptions.ts";
import type { Guard } from "./guard.ts";
import { LOG_EVENTS } from "./semconv.ts";
import type { Failure } from "./telemetry.ts";

/** Records a failure on the active span, if there is one; its status is its owner's business. Never throws. */
export function recordException(failure: Failure, guard: Guard): void {
  try {
    const context = api.context.active();
    const span = api.trace.getSpan(context);
    if (span === undefined) return;
    emitException(span, failure, {
      logEvent: LOG_EVENTS.processException,
      severity: api.SeverityNumber?.ERROR,
      context,
    });
  } catch (error) {
    guard.trip("span", error);
  }
}
