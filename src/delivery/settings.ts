import type { ErrorClass, SpanLevel, TraceMode } from "../options.ts";
import type { Backoff } from "./backoff.ts";

/** A subscription's options, checked and with every default filled in. */
export interface SubscriptionSettings {
  readonly name: string;
  readonly timeoutMs: number | undefined;
  readonly maxAttempts: number;
  readonly maxElapsedMs: number | undefined;
  readonly backoff: Backoff;
  readonly classify: ((error: unknown) => ErrorClass) | undefined;
  readonly once: boolean;
  readonly trace: TraceMode | undefined;
  readonly spans: SpanLevel | undefined;
}
