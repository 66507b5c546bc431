import { type StoppableTelemetry, telemetryState } from "../telemetry/process.ts";
import type { TelemetryReport } from "../telemetry/telemetry-report.ts";
import { describeThrown } from "./describe-thrown.ts";
import type { TelemetryStop } from "./stop-report.ts";
import { GRACE_MS, LATE, within } from "./within.ts";

/** What is to be shut down: what was given, else what runs in this process. */
export function chooseTelemetry(given: StoppableTelemetry | false | undefined): StoppableTelemetry | undefined {
  return given === false ? undefined : (given ?? telemetryState().running);
}

/** Shuts the telemetry down and ends with the deadline, whatever kind of telemetry it is. Never rejects. */
export async function stopTelemetry(telemetry: StoppableTelemetry, deadlineMs: number): Promise<TelemetryStop> {
  const startedAt = performance.now();
  const errors: string[] = [];
  let timedOut = false;
  let spans: TelemetryReport["spans"] | undefined;
  try {
    const result = await within(telemetry.shutdown({ deadlineMs }), deadlineMs + GRACE_MS);
    if (isReport(result)) return result;
    timedOut = result === LATE;
    if (timedOut) errors.push(`shutdown: not finished within ${deadlineMs} ms`);
    spans = countSpans(telemetry);
  } catch (error) {
    errors.push(`shutdown: ${describeThrown(error)}`);
  }
  const durationMs = performance.now() - startedAt;
  return { ok: errors.length === 0, timedOut, durationMs, ...(spans && { spans }), errors };
}

function isReport(value: unknown): value is TelemetryReport {
  if (typeof value !== "object" || value === null) return false;
  const { ok, spans, errors } = value as Partial<TelemetryReport>;
  return typeof ok === "boolean" && typeof spans === "object" && Array.isArray(errors);
}

function countSpans(telemetry: StoppableTelemetry): TelemetryReport["spans"] | undefined {
  const counts = telemetry.stats?.().spans;
  if (counts === undefined) return undefined;
  const { exported, dropped, failed, queued } = counts;
  return { exported, dropped, failed, notDelivered: queued };
}
