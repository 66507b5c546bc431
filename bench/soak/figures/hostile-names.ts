import { type CollectionResult, MetricReader } from "@opentelemetry/sdk-metrics";
import type { ReadableSpan, SpanProcessor } from "@opentelemetry/sdk-trace";
import { METRICS } from "../../../src/telemetry/semconv.ts";
import { loadInstrumentation, loadSpanbus } from "../../measure/built-package.ts";
import { silentLogger } from "../../measure/silent-logger.ts";
import { count, type Figure } from "../figure.ts";
import { leftBehind } from "../heap.ts";
import { largestTelemetryMap, MAX_SERIES } from "../telemetry-maps.ts";

/**
 * Names that nobody publishes twice, most of them no names at all, to a bus without a catalog, with spans and metrics on.
 * One in four is a valid one, and every 10,000 of those the bus starts anew to remember where they go: a size that is a
 * multiple of 40,000 leaves it remembering as many as before.
 */
export const hostileNames: Figure = {
  size: 1_000_000,
  title: (size) => `${count(size)} distinct hostile names, published without a catalog`,
  measure: async (size) => {
    const { EventBus } = await loadSpanbus();
    const { startTelemetry } = await loadInstrumentation();
    const reader = new CollectingReader();
    const names = new SpanNames();
    const telemetry = startTelemetry({
      serviceName: "soak",
      metricReaders: [reader],
      spanProcessors: [names],
      spanExporter: { export: (_spans, answer) => answer({ code: 0 }), shutdown: async () => undefined },
      logger: silentLogger,
    });
    const bus = new EventBus({ source: "soak", logger: silentLogger });
    bus.subscribe("*", () => undefined, { name: "monitor" });

    let published = 0;
    let refused = 0;
    const readings = await leftBehind(
      async (publishes) => {
        for (let i = 0; i < publishes; i++, published++) {
          await bus.publish(hostileName(published)).catch(() => refused++);
        }
        await telemetry.flush();
      },
      size,
      FILLING,
    );

    const refusedCounts = Object.values(bus.stats().refused);
    const metrics = metricsIn(await reader.collect());
    const series = Math.max(...metrics.map(({ dataPoints }) => dataPoints.length));
    await telemetry.shutdown();
    const atMost = { atMost: MAX_SERIES };
    return [
      ...readings,
      { what: "names refused", measured: refused, unit: "", limit: { exactly: sum(refusedCounts) } },
      { what: "series of the largest instrument", measured: series, unit: "", limit: atMost },
      { what: "instruments", measured: metrics.length, unit: "", limit: { atMost: Object.keys(METRICS).length } },
      { what: "names of spans", measured: names.seen.size, unit: "", limit: { atMost: MAX_SPAN_NAMES } },
      { what: "entries of the largest map of telemetry", measured: largestTelemetryMap(), unit: "", limit: atMost },
    ];
  },
};

/** After which the cache has been full once: a map keeps the room it has grown to. */
const FILLING = 80_000;

/** Publish and process spans of `maxDestinations` names and of `_other`. */
const MAX_SPAN_NAMES = 2 * (500 + 1);

/** The first of these shapes is valid, the others are refused. */
function hostileName(i: number): string {
  const shapes = [`__proto__.constructor-${i}`, `order.*.${i}`, `order\r\nplaced: ${i}`, `${"x".repeat(300)}${i}`];
  return shapes[i % shapes.length] ?? "";
}

class CollectingReader extends MetricReader {
  async onForceFlush(): Promise<void> {
    // nothing is held
  }

  async onShutdown(): Promise<void> {
    // nothing is held
  }
}

class SpanNames implements SpanProcessor {
  readonly seen = new Set<string>();

  onStart(): void {
    // names count when spans end: they may change until then
  }

  onEnd(span: ReadableSpan): void {
    this.seen.add(span.name);
  }

  async forceFlush(): Promise<void> {
    // nothing is held
  }

  async shutdown(): Promise<void> {
    // nothing is held
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}

function metricsIn({ resourceMetrics }: CollectionResult): readonly { readonly dataPoints: readonly unknown[] }[] {
  return resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
}
