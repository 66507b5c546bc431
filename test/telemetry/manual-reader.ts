import { DataPointType, type MetricData, MetricReader, type ScopeMetrics } from "@opentelemetry/sdk-metrics";
import type { ReceivedAttributes, ReceivedMetric } from "../support/otlp-receiver.ts";

/** A metric reader that collects when it is asked to. */
export class ManualReader extends MetricReader {
  async onForceFlush(): Promise<void> {}
  async onShutdown(): Promise<void> {}
}

/** Everything the reader sees now, in the shape the OTLP receiver gives; what failed is added to `errors`. */
export async function collectMetrics(reader: MetricReader, errors: unknown[] = []): Promise<ReceivedMetric[]> {
  const { resourceMetrics, errors: failed } = await reader.collect();
  errors.push(...failed);
  return resourceMetrics.scopeMetrics.flatMap(({ scope, metrics }) =>
    metrics.flatMap((metric) => toReceived(metric, scope)),
  );
}

function toReceived(metric: MetricData, { name, version, schemaUrl }: ScopeMetrics["scope"]): ReceivedMetric[] {
  const head = {
    name: metric.descriptor.name,
    unit: metric.descriptor.unit,
    description: metric.descriptor.description,
    scope: { name, version, schemaUrl },
    temporality: (["delta", "cumulative"] as const)[metric.aggregationTemporality],
  };
  const point = (attributes: object) => ({ attributes: attributes as ReceivedAttributes, resource: {}, timeNs: 0n });
  switch (metric.dataPointType) {
    case DataPointType.SUM:
      return [
        {
          ...head,
          kind: "sum",
          monotonic: metric.isMonotonic,
          points: metric.dataPoints.map((each) => ({ ...point(each.attributes), value: each.value })),
        },
      ];
    case DataPointType.GAUGE:
      return [
        {
          ...head,
          kind: "gauge",
          monotonic: false,
          points: metric.dataPoints.map((each) => ({ ...point(each.attributes), value: each.value })),
        },
      ];
    case DataPointType.HISTOGRAM:
      return [
        {
          ...head,
          kind: "histogram",
          monotonic: false,
          points: metric.dataPoints.map(({ attributes, value }) => ({
            ...point(attributes),
            count: value.count,
            sum: value.sum ?? Number.NaN,
            min: value.min,
            max: value.max,
            bounds: value.buckets.boundaries,
            bucketCounts: value.buckets.counts,
          })),
        },
      ];
    default:
      return [];
  }
}
