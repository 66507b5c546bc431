import type { CancelledEvent } from "../bus/lifecycle.ts";
import type { Logger } from "../logger.ts";
import { LOG_EVENTS } from "../telemetry/semconv.ts";
import { lostSpans, type StopReport } from "./stop-report.ts";

/** Deliveries, and events, that the line names; the report has them all. */
const MAX_NAMED = 100;

/** Writes the one line that says how a stop went: `error` when deliveries were cut, `warn` when anything else was lost. */
export function writeStopLine(logger: Logger, report: StopReport, exitCode: number): void {
  const { signal, durationMs, cut, cancelled, drains, telemetry, problems } = report;
  const fields = {
    event: LOG_EVENTS.stopped,
    signal,
    exit_code: exitCode,
    duration_ms: Math.round(durationMs),
    cut_count: cut.length,
    cut: cut.slice(0, MAX_NAMED).map(({ subscription, reason, ...event }) => ({
      ...idsOf(event),
      subscription,
      reason,
    })),
    cancelled_count: cancelled.length,
    cancelled: cancelled.slice(0, MAX_NAMED).map(idsOf),
    dead_letters: drains.reduce((sum, { deadLetters }) => sum + deadLetters, 0),
    telemetry: telemetry && {
      ok: telemetry.ok,
      timed_out: telemetry.timedOut,
      duration_ms: Math.round(telemetry.durationMs),
      spans_exported: telemetry.spans?.exported,
      spans_dropped: telemetry.spans?.dropped,
      spans_failed: telemetry.spans?.failed,
      spans_not_delivered: telemetry.spans?.notDelivered,
      metrics: telemetry.metrics,
      logs: telemetry.logs,
      errors: telemetry.errors,
    },
    problems,
  };
  const level = cut.length + cancelled.length > 0 ? "error" : isSpotless(report) ? "info" : "warn";
  logger[level](fields, describeStop(report));
}

function idsOf({ eventId, eventName, correlationId }: CancelledEvent): object {
  return { event_id: eventId, event_name: eventName, correlation_id: correlationId };
}

function isSpotless({ isComplete, telemetry }: StopReport): boolean {
  return isComplete && telemetry?.ok !== false;
}

/** A sentence that tells as much without the fields: `stopped on SIGTERM: 2 deliveries were cut (…); 3 spans did not arrive`. */
function describeStop({ isComplete, signal, cut, cancelled, telemetry, problems }: StopReport): string {
  const parts = [...problems];
  if (cut.length > 0) {
    const named = cut.slice(0, 5).map((each) => `${each.eventName} ${each.eventId} for "${each.subscription}"`);
    const more = cut.length > named.length ? `, and ${cut.length - named.length} more` : "";
    parts.push(`${plural(cut.length, "delivery was", "deliveries were")} cut (${named.join(", ")}${more})`);
  }
  if (cancelled.length > 0) {
    parts.push(`${plural(cancelled.length, "scheduled event was", "scheduled events were")} cancelled`);
  }
  if (parts.length === 0) {
    // neither is named: such as a publish whose schema had not answered
    parts.push(isComplete ? "nothing was cut" : "a bus was closed before it was idle");
  }
  if (telemetry?.ok === false) parts.push(describeLoss(telemetry));
  return `stopped${signal === undefined ? "" : ` on ${signal}`}: ${parts.join("; ")}`;
}

function describeLoss({ spans, metrics, logs, errors }: NonNullable<StopReport["telemetry"]>): string {
  const lost = [
    ...(spans === undefined || lostSpans(spans) === 0 ? [] : [plural(lostSpans(spans), "span", "spans")]),
    ...(metrics === "failed" || metrics === "timed out" ? ["the last metrics"] : []),
    ...(logs === "failed" || logs === "timed out" ? ["the last logs"] : []),
  ];
  const what = lost.length > 0 ? lost.join(", ") : "some telemetry";
  return `${what} did not arrive (${errors.slice(0, 3).join(", ")})`;
}

function plural(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
