import type { MetricProducer, ScopeMetrics } from "@opentelemetry/sdk-metrics";
import { collectDurations } from "../../src/telemetry/duration-producer.ts";
import type { Sdk } from "../packages.ts";

/**
 * Hands the durations that the buses keep in their own cells to a reader: recording one there costs a fiftieth of what
 * an SDK histogram costs. They are cumulative, whatever temporality the reader prefers.
 */
export function createDurationSource({ core, resources }: Sdk): MetricProducer {
  const startTime = core.millisToHrTime(Date.now());
  return {
    async collect() {
      const resource = resources.emptyResource(); // the reader uses the SDK's
      try {
        const durations = collectDurations(startTime, core.millisToHrTime(Date.now()));
        const scopeMetrics = durations.metrics.length === 0 ? [] : [durations as unknown as ScopeMetrics];
        return { resourceMetrics: { resource, scopeMetrics }, errors: [] };
      } catch (error) {
        return { resourceMetrics: { resource, scopeMetrics: [] }, errors: [error] };
      }
    },
  };
}
