import { ATTRIBUTES } from "../../src/telemetry/semconv.ts";
import type { OtlpReceiver, ReceivedAttributes, ReceivedMetric, ReceivedSpan } from "../support/otlp-receiver.ts";

/** What a receiver got from spanbus, without what differs from run to run: equal programs send equal signals. */
export interface Signals {
  readonly spans: readonly unknown[];
  readonly metrics: readonly unknown[];
}

/** Ids, times and stack traces become placeholders; what spanbus says of the SDK itself is left out. */
export function signalsOf(receiver: OtlpReceiver): Signals {
  const metrics = receiver.metrics().filter(({ name, scope }) => {
    return scope.name === "spanbus" && !name.startsWith("spanbus.telemetry.");
  });
  return { spans: inOrder(receiver.spans().map(spanSignal)), metrics: inOrder(metrics.map(metricSignal)) };
}

const VARYING = new Set<string>([
  ATTRIBUTES.messageId.name,
  ATTRIBUTES.conversationId.name,
  ATTRIBUTES.causationId.name,
  "exception.stacktrace",
]);

function spanSignal({ name, kind, status, scope, attributes, events, links }: ReceivedSpan): unknown {
  return {
    name,
    kind,
    status,
    scope,
    attributes: steady(attributes),
    events: events.map((event) => ({ name: event.name, attributes: steady(event.attributes) })),
    links: links.map((link) => link.attributes),
  };
}

function metricSignal(metric: ReceivedMetric): unknown {
  const { points, ...head } = metric;
  const values = points.map((point) => {
    const { attributes } = point;
    if ("count" in point) return { attributes, count: point.count, bounds: point.bounds };
    return { attributes, value: metric.unit === "s" ? "<time>" : point.value };
  });
  return { ...head, points: inOrder(values) };
}

function steady(attributes: ReceivedAttributes): ReceivedAttributes {
  return Object.fromEntries(
    Object.entries(attributes)
      .map(([name, value]) => [name, VARYING.has(name) ? `<${typeof value}>` : value] as const)
      .toSorted(([one], [other]) => (one < other ? -1 : 1)),
  );
}

function inOrder(values: readonly unknown[]): unknown[] {
  return values
    .map((value) => [JSON.stringify(value), value] as const)
    .toSorted(byText)
    .map(([, value]) => value);
}

function byText([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return one < other ? -1 : Number(one > other);
}
