/** Backoff with every default filled in. */
export interface Backoff {
  readonly initialMs: number;
  readonly factor: number;
  readonly maxMs: number;
  readonly jitter: "full" | "none";
}

/**
 * The wait before the attempt after `attempt`, in milliseconds: exponential, capped, and with "full" jitter a uniformly
 * random part of that (Brooker, "Exponential Backoff And Jitter", 2015), so that failures made together do not return together.
 */
export function backoffMs(backoff: Backoff, attempt: number, random: () => number): number {
  const grown = backoff.initialMs === 0 ? 0 : backoff.initialMs * backoff.factor ** (attempt - 1); // 0 * Infinity is NaN
  const ceiling = Math.min(grown, backoff.maxMs);
  return backoff.jitter === "none" ? ceiling : ceiling * random();
}
