/** A time as rules are thought of: `5m`, `1h`, `3d`. */
export type Duration = `${number}${"s" | "m" | "h" | "d"}`;

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** A duration in seconds. */
export function secondsOf(duration: Duration): number {
  return Number.parseFloat(duration) * SECONDS[duration.at(-1) as keyof typeof SECONDS];
}

/** `duration` times `scale`, as PromQL writes it; unchanged at scale 1. */
export function scaled(duration: Duration, scale: number): string {
  return scale === 1 ? duration : promqlDuration(secondsOf(duration) * scale);
}

/** Seconds as PromQL writes them, in the largest unit that keeps them whole; a millisecond at least. */
export function promqlDuration(seconds: number): string {
  const milliseconds = Math.max(1, Math.round(seconds * 1000));
  const unit = (["d", "h", "m", "s"] as const).find((each) => milliseconds % (SECONDS[each] * 1000) === 0);
  return unit === undefined ? `${milliseconds}ms` : `${milliseconds / (SECONDS[unit] * 1000)}${unit}`;
}
