import type { DeliveryDisposition } from "../outcome.ts";
import type { DeliveryCell } from "../telemetry/cells.ts";
import type { Failure, ProcessSpan, PublishSpan, Telemetry } from "../telemetry/telemetry.ts";
import type { Attempt } from "./attempt.ts";
import { isFirstSighting } from "./exception-once.ts";
import type { Leg } from "./leg.ts";
import type { DeliveryOrigin } from "./origin.ts";

/** Whether handlers run in contexts of their own, so that entering the publish's would be one switch too many. */
export function hasHandlerSpans(
  telemetry: Telemetry,
  legs: readonly Leg[],
  publishSpan: PublishSpan | undefined,
): boolean {
  if (!telemetry.isTracing || !legs.some((leg) => leg.spans === "handlers")) return false;
  return publishSpan?.isRecording !== false || !telemetry.isParentBased;
}

/** Starts the span of one attempt; undefined where the span level, or an unsampled publish span, says there is none. */
export function startProcessSpan(
  telemetry: Telemetry,
  origin: DeliveryOrigin<never>,
  { attempt: { leg, attempt }, relation }: { readonly attempt: Attempt; readonly relation: "child" | "link" },
): ProcessSpan | undefined {
  if (leg.spans !== "handlers") return undefined;
  const { publishSpan, event, context } = origin;
  const isUnsampled = publishSpan !== undefined && !publishSpan.isRecording;
  if (isUnsampled && relation === "child" && telemetry.isParentBased) return undefined;
  const { destination, subscription } = leg;
  const { name } = subscription;
  const span = telemetry.startProcess({ destination, subscription: name, attempt, event, context, relation });
  if (span !== undefined && relation === "link") publishSpan?.linkTo(span);
  return span;
}

/** The instant an attempt starts, in milliseconds on the monotonic clock; 0 where nothing needs one. */
export function startInstant(telemetry: Telemetry, origin: DeliveryOrigin<never>, attempt: Attempt): number {
  const { isTimed, accounts } = attempt.leg;
  if (!telemetry.isListening && !isTimed) return 0;
  const now = origin.instant || performance.now();
  const publishedAt = origin.startedAt;
  if (attempt.attempt === 1 && publishedAt !== 0) telemetry.recordWait(accounts.cell, (now - publishedAt) / 1000);
  return now;
}

/** Tells telemetry of an attempt whose handler returned; the accounts are settled, for span processors are user code. */
export function recordHandled(
  telemetry: Telemetry,
  attempt: Attempt,
  { origin, now }: { readonly origin: DeliveryOrigin<never>; readonly now: number },
): void {
  const { leg, span, startedAt } = attempt;
  if (startedAt !== 0) telemetry.recordProcess(leg.accounts.cell, (now - startedAt) / 1000, undefined);
  if (span !== undefined) span.end("handled", undefined, undefined);
  if (leg.spans === "events") noteHandled(origin, attempt); // apart: what is small is inlined, and its argument never made
}

function noteHandled({ publishSpan }: DeliveryOrigin<never>, { leg, attempt }: Attempt): void {
  publishSpan?.note({ subscription: leg.subscription.name, attempt, outcome: "handled", failure: undefined });
}

/** How a failed attempt ended, as telemetry tells it. */
interface FailedAttempt {
  readonly attempt: Attempt;
  readonly failure: Failure;
  readonly cell: DeliveryCell;
  readonly now: number;
  readonly outcome: "failed" | "timed_out" | "retry";
  readonly disposition: DeliveryDisposition | undefined;
  /** Whether something was thrown; false where the handler itself asked for the failure. */
  readonly isThrown: boolean;
}

/** Tells telemetry of an attempt that failed: its span turns red only if nothing comes after it. */
export function recordFailed(telemetry: Telemetry, origin: DeliveryOrigin<never>, ended: FailedAttempt): void {
  const { attempt, failure, cell, now, outcome, disposition, isThrown } = ended;
  const { spans, subscription } = attempt.leg;
  recordAttempt(telemetry, attempt, { cell, now, errorType: failure.type });
  const writer = spans === "events" ? origin.publishSpan : attempt.span;
  const record = isThrown && writer !== undefined && isFirstSighting(failure.error, origin.event);
  attempt.span?.end(outcome, disposition, { failure, record, isFinal: disposition === "dead_lettered" });
  if (spans !== "events") return;
  const noted = record ? failure : undefined;
  origin.publishSpan?.note({ subscription: subscription.name, attempt: attempt.attempt, outcome, failure: noted });
}

/** Records how long an attempt took, where a clock was read when it started. */
export function recordAttempt(
  telemetry: Telemetry,
  { startedAt }: Attempt,
  ended: { readonly cell: DeliveryCell; readonly now: number; readonly errorType: string | undefined },
): void {
  if (startedAt !== 0) telemetry.recordProcess(ended.cell, (ended.now - startedAt) / 1000, ended.errorType);
}
