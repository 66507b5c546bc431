import type {
  AggregationTemporality,
  InstrumentType,
  MetricProducer,
  MetricReader,
  ResourceMetrics,
} from "@opentelemetry/sdk-metrics";
import type { Sdk } from "../packages.ts";

/** When metrics are collected, and what becomes of them. Durations in milliseconds. */
export interface MetricReaderOptions {
  readonly intervalMs: number;
  /** The longest an asynchronous observable callback is waited for. */
  readonly collectTimeoutMs: number;
  readonly temporality: (type: InstrumentType) => AggregationTemporality;
  /** What is sent along with the SDK's own metrics. */
  readonly sources: readonly MetricProducer[];
  /** Sends one collection; resolves when it has arrived or failed. Never rejects. */
  readonly send: (metrics: ResourceMetrics) => Promise<void>;
  /** Callbacks that failed; the other metrics are sent all the same. */
  readonly onCollectErrors: (errors: readonly unknown[]) => void;
}

/**
 * Collects and sends at an interval, one collection at a time, and once more when flushed. (The SDK's reader holds the
 * process with the timers of exports that nobody answers.)
 */
export function createMetricReader({ metrics: sdk }: Sdk, options: MetricReaderOptions): MetricReader {
  class IntervalMetricReader extends sdk.MetricReader {
    #interval: NodeJS.Timeout | undefined;
    #sending: Promise<void> | undefined;

    override onInitialized(): void {
      this.#interval = setInterval(() => {
        if (this.#sending === undefined) void this.#sendNext(); // never rejects
      }, options.intervalMs).unref();
    }

    override onForceFlush(): Promise<void> {
      return this.#sendNext();
    }

    override onShutdown(): Promise<void> {
      clearInterval(this.#interval);
      return this.#sendNext();
    }

    /** After what is being sent, so that the newest values arrive last. */
    #sendNext(): Promise<void> {
      const before = this.#sending ?? Promise.resolve();
      const sending = before.then(() => this.#collectAndSend());
      this.#sending = sending;
      return sending.finally(() => {
        if (this.#sending === sending) this.#sending = undefined;
      });
    }

    async #collectAndSend(): Promise<void> {
      try {
        const { resourceMetrics, errors } = await this.collect({ timeoutMillis: options.collectTimeoutMs });
        if (errors.length > 0) options.onCollectErrors(errors);
        if (resourceMetrics.scopeMetrics.length > 0) await options.send(resourceMetrics);
      } catch (error) {
        options.onCollectErrors([error]);
      }
    }
  }
  const { temporality, sources } = options;
  return new IntervalMetricReader({ aggregationTemporalitySelector: temporality, metricProducers: [...sources] });
}
