import type { ErrorClass } from "../options.ts";
import type { Failure } from "../telemetry/telemetry.ts";
import type { ReasonLabel } from "./accounts.ts";
import type { Attempt, AttemptResult } from "./attempt.ts";
import { backoffMs } from "./backoff.ts";
import type { DeliveryHost } from "./host.ts";
import type { Leg } from "./leg.ts";

/** What happens after a failed attempt. */
export type Decision =
  | { readonly kind: "retry"; readonly delayMs: number; readonly errorClass: ErrorClass }
  | { readonly kind: "dead_letter"; readonly reason: string; readonly errorClass: ErrorClass }
  | {
      readonly kind: "discard";
      readonly reason: string;
      readonly label: ReasonLabel;
      readonly errorClass: "expected";
    };

/** Why a delivery is dead-lettered whose next attempt would be due only after the deadline of a drain. */
export const DRAIN_REASON = "drain";

/** An attempt that failed, and when. */
export interface EndedAttempt {
  readonly attempt: Attempt;
  readonly failure: Failure;
  readonly result: AttemptResult;
  readonly thrown: unknown;
  /** Instants on the monotonic clock; 0 where nothing needed one. */
  readonly now: number;
  readonly startedAt: number;
}

/** Settles a failed attempt: the handler's own verdict first, then the classifier, then what attempts are left. */
export function decide(host: DeliveryHost, leg: Leg, failed: EndedAttempt): Decision {
  const { verdict } = failed.attempt;
  if (verdict?.kind === "discard") {
    return { kind: "discard", reason: verdict.reason, label: "handler", errorClass: "expected" };
  }
  if (verdict?.kind === "dead_letter") {
    return { kind: "dead_letter", reason: verdict.reason, errorClass: "fatal" };
  }
  const errorClass = verdict === undefined ? classify(host, leg, failed.thrown) : "retryable";
  if (errorClass === "expected") return { kind: "discard", reason: "expected", label: "expected", errorClass };
  if (errorClass === "fatal") return { kind: "dead_letter", reason: "fatal", errorClass };
  return decideRetry(host, leg, failed);
}

function decideRetry(host: DeliveryHost, leg: Leg, { attempt, now, startedAt }: EndedAttempt): Decision {
  const errorClass = "retryable";
  const { settings, isActive } = leg.subscription;
  if (attempt.attempt >= settings.maxAttempts) return { kind: "dead_letter", reason: "attempts_exhausted", errorClass };
  // a `once` subscription leaves when its only delivery starts: that delivery keeps its retries
  if (!isActive && !settings.once && host.closeReason === undefined)
    return { kind: "dead_letter", reason: "unsubscribed", errorClass };
  const random = (): number => host.guard.check("random", host.random, isFraction) ?? 0.5;
  const { verdict } = attempt;
  const wantedMs = verdict?.kind === "retry" ? verdict.delayMs : undefined;
  const delayMs = wantedMs ?? backoffMs(settings.backoff, attempt.attempt, random);
  if (settings.maxElapsedMs !== undefined && now + delayMs - startedAt > settings.maxElapsedMs) {
    return { kind: "dead_letter", reason: "max_elapsed", errorClass };
  }
  if (host.retriesEndAt !== undefined && performance.now() + delayMs > host.retriesEndAt) {
    return { kind: "dead_letter", reason: DRAIN_REASON, errorClass };
  }
  return { kind: "retry", delayMs, errorClass };
}

function classify(host: DeliveryHost, leg: Leg, thrown: unknown): ErrorClass {
  const { classify: classifier } = leg.subscription.settings;
  if (classifier === undefined) return "retryable";
  return host.guard.check("classifier", () => classifier(thrown), isErrorClass) ?? "retryable";
}

function isErrorClass(value: unknown): value is ErrorClass {
  return value === "retryable" || value === "fatal" || value === "expected";
}

function isFraction(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value < 1;
}
