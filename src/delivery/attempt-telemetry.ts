import type { DeliveryCell } from "../telemetry/cells.ts";
import type { ProcessSpan } from "../telemetry/telemetry.ts";
import type { Attempt } from "./attempt.ts";
import type { DeliveryHost } from "./host.ts";
import type { Leg } from "./leg.ts";
import type { DeliveryOrigin } from "./origin.ts";

/** Starts the span of one attempt; undefined where the span level, or an unsampled publish span, says there is none. */
export function startProcessSpan(
  { host, leg }: { readonly host: DeliveryHost; readonly leg: Leg },
  origin: DeliveryOrigin<never>,
  attempt: number,
): ProcessSpan | undefined {
  const { destination, subscription, spans } = leg;
  if (spans !== "handlers") return undefined;
  const { telemetry } = host;
  const { publishSpan, event, context } = origin;
  const relation = origin.relationOf(leg);
  const isUnsampled = publishSpan !== undefined && !publishSpan.isRecording;
  if (isUnsampled && relation === "child" && telemetry.isParentBased) return undefined;
  const { name } = subscription;
  const span = telemetry.startProcess({ destination, subscription: name, attempt, event, context, relation });
  if (span !== undefined && relation === "link") publishSpan?.linkTo(span);
  return span;
}

/** Records how long an attempt took, where a clock was read when it started. */
export function recordAttempt(
  { host }: { readonly host: DeliveryHost },
  ended: { readonly cell: DeliveryCell; readonly attempt: Attempt; readonly now: number; readonly errorType?: string },
): void {
  const { cell, attempt, now, errorType } = ended;
  if (attempt.startedAt !== 0) host.telemetry.recordProcess(cell, (now - attempt.startedAt) / 1000, errorType);
}
