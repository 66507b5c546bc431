import { MAX_TIMER_MS, OptionCheck } from "../check.ts";
import type { SubscriptionSettings } from "../delivery/settings.ts";
import type { DeduplicateOptions, QueueOptions, SubscribeOptions } from "../options.ts";

const OPTIONS: readonly string[] = [
  "name",
  "timeoutMs",
  "retry",
  "classify",
  "concurrency",
  "orderBy",
  "queue",
  "deduplicate",
  "once",
  "signal",
  "trace",
  "spans",
];

/** Checks the options of a subscription, once, and fills in every default. */
export function subscribeSettings(options: SubscribeOptions | undefined, defaultName: string): SubscriptionSettings {
  const check = new OptionCheck("subscribe", options, OPTIONS);
  check.matching("name", "1 to 128 characters without control characters", isSubscriptionName);
  check.timer("timeoutMs", 1);
  check.object("retry");
  check.function("classify");
  check.number("concurrency", { min: 1, max: 1_000_000, integer: true });
  check.function("orderBy");
  check.object("queue");
  check.matching("deduplicate", "true, false or an object", isDeduplicate);
  check.boolean("once");
  check.matching("signal", "an AbortSignal", (value) => value instanceof AbortSignal);
  check.oneOf("trace", ["child", "link", "auto"]);
  check.oneOf("spans", ["handlers", "events", "off"]);
  const { retry } = options ?? {};
  const checkRetry = new OptionCheck("subscribe: retry", retry, ["maxAttempts", "backoff", "maxElapsedMs"]);
  checkRetry.number("maxAttempts", { min: 1, max: 1_000_000, integer: true });
  checkRetry.timer("maxElapsedMs");
  checkRetry.object("backoff");
  const backoff = retry?.backoff;
  const checkBackoff = new OptionCheck("subscribe: retry.backoff", backoff, ["initialMs", "factor", "maxMs", "jitter"]);
  checkBackoff.timer("initialMs");
  checkBackoff.number("factor", { min: 1, max: 1000 });
  checkBackoff.number("maxMs", { min: 0, max: MAX_TIMER_MS });
  checkBackoff.oneOf("jitter", ["full", "none"]);
  return {
    name: options?.name ?? defaultName,
    timeoutMs: options?.timeoutMs,
    maxAttempts: retry?.maxAttempts ?? 1,
    maxElapsedMs: retry?.maxElapsedMs,
    backoff: {
      initialMs: backoff?.initialMs ?? 100,
      factor: backoff?.factor ?? 2,
      maxMs: backoff?.maxMs ?? 30_000,
      jitter: backoff?.jitter ?? "full",
    },
    classify: options?.classify,
    once: options?.once ?? false,
    concurrency: options?.concurrency,
    orderBy: options?.orderBy,
    queue: queueSettings(options?.queue),
    deduplicate: deduplicateSettings(options?.deduplicate),
    trace: options?.trace,
    spans: options?.spans,
  };
}

/** The queue of a subscription whose options say nothing of it. */
export const DEFAULT_QUEUE: NonNullable<SubscriptionSettings["queue"]> = { capacity: 1000, policy: "block" };

/** Checks the queue options of a subscription or an iterator. */
function queueSettings(queue: QueueOptions | undefined): SubscriptionSettings["queue"] {
  const check = new OptionCheck("subscribe: queue", queue, ["capacity", "policy"]);
  check.number("capacity", { min: 1, max: 10_000_000, integer: true });
  check.oneOf("policy", ["block", "drop-oldest", "drop-newest", "reject"]);
  if (queue === undefined) return undefined;
  const { capacity = DEFAULT_QUEUE.capacity, policy = DEFAULT_QUEUE.policy } = queue;
  return { capacity, policy };
}

function deduplicateSettings(
  deduplicate: boolean | DeduplicateOptions | undefined,
): SubscriptionSettings["deduplicate"] {
  if (deduplicate === undefined || deduplicate === false) return undefined;
  const options = deduplicate === true ? {} : deduplicate;
  const check = new OptionCheck("subscribe: deduplicate", options, ["ttlMs", "capacity"]);
  check.timer("ttlMs", 1);
  check.number("capacity", { min: 1, max: 10_000_000, integer: true });
  return { ttlMs: options.ttlMs ?? 600_000, capacity: options.capacity ?? 10_000 };
}

/** The name of a subscription that was given none: the handler's, where it says something, else the pattern. */
export function defaultSubscriptionName(handler: { readonly name?: unknown }, pattern: string): string {
  const { name } = handler;
  const short = typeof name === "string" ? name.replace(/^bound /, "") : "";
  return short !== "handler" && isSubscriptionName(short) ? short : pattern;
}

function isDeduplicate(value: unknown): boolean {
  return typeof value === "boolean" || (typeof value === "object" && value !== null);
}

function isSubscriptionName(value: unknown): boolean {
  return typeof value === "string" && value.length >= 1 && value.length <= 128 && !/\p{Cc}/u.test(value);
}
