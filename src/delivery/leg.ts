import type { SpanLevel, TraceMode } from "../options.ts";
import type { SubscriptionRecord } from "../routing/subscription.ts";
import type { Destination } from "../telemetry/telemetry.ts";
import type { Accounts } from "./accounts.ts";
import type { SubscriptionSettings } from "./settings.ts";

/** One subscription as one event name reaches it; made once for each route. */
export interface Leg {
  readonly subscription: SubscriptionRecord;
  readonly destination: Destination;
  readonly accounts: Accounts;
  readonly spans: SpanLevel;
  readonly trace: TraceMode;
  /** Whether its attempts need a clock even where no telemetry listens. */
  readonly isTimed: boolean;
}

/** Whether attempts under these settings need a clock. */
export function isTimed({ timeoutMs, maxElapsedMs }: SubscriptionSettings): boolean {
  return timeoutMs !== undefined || maxElapsedMs !== undefined;
}
