import type { Attributes, HrTime } from "@opentelemetry/api";
import { telemetryCells } from "./cells.ts";
import type { DurationCell, Durations } from "./durations.ts";
import { DURATION_BOUNDARIES, METRICS, SCHEMA_URL, SCOPE_NAME } from "./semconv.ts";
import { VERSION } from "./version.ts";

/** A histogram as the SDK's metric data has it; its enums are numbers here, because `src` loads no SDK. */
interface DurationMetric {
  readonly descriptor: {
    name: string;
    description: string;
    unit: string;
    valueType: 1;
    type: "HISTOGRAM";
    advice: object;
  };
  readonly aggregationTemporality: 1;
  readonly dataPointType: 0;
  readonly dataPoints: readonly DurationPoint[];
}

interface DurationPoint {
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly attributes: Attributes;
  readonly value: {
    readonly buckets: { readonly boundaries: number[]; readonly counts: number[] };
    readonly sum: number;
    readonly count: number;
    readonly min: number;
    readonly max: number;
  };
}

/** The instrumentation scope and its metrics, as a `MetricProducer` hands them to a reader. */
export interface DurationMetrics {
  readonly scope: { readonly name: string; readonly version: string; readonly schemaUrl: string };
  readonly metrics: readonly DurationMetric[];
}

/** Every duration recorded in our own cells, cumulative since `startTime`. */
export function collectDurations(startTime: HrTime, endTime: HrTime): DurationMetrics {
  const { publish, delivery } = telemetryCells();
  const deliveries = [...delivery.values()];
  const read = (spec: DurationSpec, durations: readonly Durations[]): DurationMetric => ({
    descriptor: descriptorOf(spec),
    aggregationTemporality: 1,
    dataPointType: 0,
    dataPoints: durations.flatMap((each) => each.recorded()).map((cell) => pointOf(cell, startTime, endTime)),
  });
  const metrics = [
    read(
      METRICS.operationDuration,
      [...publish.values()].map((cell) => cell.operation),
    ),
    read(
      METRICS.processDuration,
      deliveries.map((cell) => cell.process),
    ),
    read(
      METRICS.deliveryDuration,
      deliveries.map((cell) => cell.total),
    ),
    read(
      METRICS.waitDuration,
      deliveries.map((cell) => cell.wait),
    ),
  ];
  return {
    scope: { name: SCOPE_NAME, version: VERSION, schemaUrl: SCHEMA_URL },
    metrics: metrics.filter((metric) => metric.dataPoints.length > 0),
  };
}

interface DurationSpec {
  readonly name: string;
  readonly unit: string;
  readonly meaning: string;
}

function descriptorOf({ name, unit, meaning }: DurationSpec): DurationMetric["descriptor"] {
  const advice = { explicitBucketBoundaries: [...DURATION_BOUNDARIES] };
  return { name, description: meaning, unit, valueType: 1, type: "HISTOGRAM", advice };
}

function pointOf(
  { labels, buckets, sum, count, min, max }: DurationCell,
  startTime: HrTime,
  endTime: HrTime,
): DurationPoint {
  const histogram = { boundaries: [...DURATION_BOUNDARIES], counts: [...buckets] };
  return { startTime, endTime, attributes: labels, value: { buckets: histogram, sum, count, min, max } };
}
