import { MAX_TIMER_MS, OptionCheck } from "../check.ts";
import type { SubscriptionSettings } from "../delivery/settings.ts";
import type { SubscribeOptions } from "../options.ts";

const OPTIONS: readonly string[] = ["name", "timeoutMs", "retry", "classify", "once", "signal", "trace", "spans"];

/** Checks the options of a subscription, once, and fills in every default. */
export function subscribeSettings(options: SubscribeOptions | undefined, defaultName: string): SubscriptionSettings {
  const check = new OptionCheck("subscribe", options, OPTIONS);
  check.matching("name", "1 to 128 characters without control characters", isSubscriptionName);
  check.timer("timeoutMs", 1);
  check.object("retry");
  check.function("classify");
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
    trace: options?.trace,
    spans: options?.spans,
  };
}

/** The name of a subscription that was given none: the handler's, where it says something, else the pattern. */
export function defaultSubscriptionName(handler: { readonly name?: unknown }, pattern: string): string {
  const { name } = handler;
  const short = typeof name === "string" ? name.replace(/^bound /, "") : "";
  return short !== "handler" && isSubscriptionName(short) ? short : pattern;
}

function isSubscriptionName(value: unknown): boolean {
  return typeof value === "string" && value.length >= 1 && value.length <= 128 && !/\p{Cc}/u.test(value);
}
