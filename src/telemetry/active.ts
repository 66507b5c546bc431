import * as api from "@opentelemetry/api";

/** The log fields of the active span: `trace_id`, `span_id`, `trace_flags`; none where nothing traces. Never throws. */
export function activeTraceFields(): Record<string, unknown> {
  try {
    return traceFields(api.trace.getSpanContext(api.context.active()));
  } catch {
    return {}; // a broken context manager: its trips are counted where spans are made
  }
}

/** The log fields of a span's context. */
export function traceFields(context: api.SpanContext | undefined): Record<string, unknown> {
  if (context === undefined || !api.isSpanContextValid(context)) return {};
  return {
    trace_id: context.traceId,
    span_id: context.spanId,
    trace_flags: `0${context.traceFlags.toString(16)}`.slice(-2),
  };
}
