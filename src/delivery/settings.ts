import type { BusEvent } from "../event/event.ts";
import type { ErrorClass, QueuePolicy, SpanLevel, TraceMode } from "../options.ts";
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
  readonly concurrency: number | undefined;
  readonly orderBy: ((event: BusEvent) => unknown) | undefined;
  readonly queue: { readonly capacity: number; readonly policy: QueuePolicy } | undefined;
  readonly deduplicate: { readonly ttlMs: number; readonly capacity: number } | undefined;
  readonly trace: TraceMode | undefined;
  readonly spans: SpanLevel | undefined;
}
