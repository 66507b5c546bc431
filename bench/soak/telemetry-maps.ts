/** Series that an instrument has at most: 1,500, and what `_other` has of outcomes and error types. */
export const MAX_SERIES = 1600;

/** The size of the largest map that the process keeps for metrics. */
export function largestTelemetryMap(): number {
  const cells = (globalThis as Record<symbol, unknown>)[Symbol.for("spanbus.metrics")];
  const sizes = Object.values(cells as object).map((value) =>
    value instanceof Map || value instanceof Set ? value.size : 0,
  );
  return Math.max(...sizes);
}
