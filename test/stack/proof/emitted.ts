import { SERIES } from "../../../dashboards/generator/prometheus-names.ts";
import { METRICS } from "../../../src/telemetry/semconv.ts";

/** Series that dashboards and rules are ready for, and the library does not emit yet. */
const AWAITED: readonly string[] = Object.entries(SERIES)
  .filter(([key]) => !(key in METRICS))
  .map(([, name]) => name);

/** Whether the library emits all that an expression asks for: from then on it must have data, and its alert a fault. */
export function isEmitted(expr: string): boolean {
  return !AWAITED.some((name) => expr.includes(name));
}
