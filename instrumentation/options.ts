import type { Attributes, ContextManager, TextMapPropagator } from "@opentelemetry/api";
import type { LogRecordProcessor } from "@opentelemetry/sdk-logs";
import type { IMetricReader } from "@opentelemetry/sdk-metrics";
import type { IdGenerator, Sampler, SpanExporter, SpanProcessor } from "@opentelemetry/sdk-trace";
import type { Logger } from "../src/logger.ts";

/** What holds when neither an option nor the environment says otherwise. */
export const TELEMETRY_DEFAULTS = {
  serviceName: "unknown_service:node",
  endpoint: "http://localhost:4318",
  queueSize: 8192,
  batchSize: 256,
  batchDelayMs: 1000,
  exportTimeoutMs: 2000,
  metricIntervalMs: 10_000,
  deadlineMs: 5000,
} as const;

/** An OpenTelemetry instrumentation, as `@opentelemetry/instrumentation-*` packages export them. */
export interface InstrumentationLike {
  setTracerProvider(provider: unknown): void;
  setMeterProvider(provider: unknown): void;
  setLoggerProvider?(provider: unknown): void;
  getConfig?(): { enabled?: boolean };
  enable(): void;
  disable(): void;
}

/** Options of {@link startTelemetry}. Each overrides its environment variable, which overrides the default. */
export interface TelemetryOptions {
  /** `service.name`, what dashboards and trace searches group by. @default OTEL_SERVICE_NAME, else "unknown_service:node" */
  readonly serviceName?: string | undefined;
  /** `service.version`. @default none */
  readonly serviceVersion?: string | undefined;
  /** `service.namespace`. @default none */
  readonly serviceNamespace?: string | undefined;
  /** `service.instance.id`, unique among the running instances of the service. @default a UUID v4, new at each start */
  readonly serviceInstanceId?: string | undefined;
  /** `deployment.environment.name`, such as "production". @default none */
  readonly environment?: string | undefined;
  /** More about the process; the named options above win. @default OTEL_RESOURCE_ATTRIBUTES */
  readonly resourceAttributes?: Attributes | undefined;

  /**
   * Base URL of the collector; `/v1/traces`, `/v1/metrics` and `/v1/logs` are appended.
   * @default OTEL_EXPORTER_OTLP_[signal_]ENDPOINT, else "http://localhost:4318"
   */
  readonly endpoint?: string | undefined;
  /** Sent with each export, such as credentials. @default OTEL_EXPORTER_OTLP_[signal_]HEADERS */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Of what is sent. @default OTEL_EXPORTER_OTLP_COMPRESSION, else "gzip", but "none" to a collector on this machine, where it only costs */
  readonly compression?: "gzip" | "none" | undefined;
  /** The longest one export may take, retries included, in milliseconds. @default OTEL_EXPORTER_OTLP_TIMEOUT, else 2000 */
  readonly exportTimeoutMs?: number | undefined;

  /** Spans. @default unless OTEL_TRACES_EXPORTER is "none" */
  readonly traces?: boolean | undefined;
  /** Metrics. @default unless OTEL_METRICS_EXPORTER is "none" */
  readonly metrics?: boolean | undefined;
  /** Log records over OTLP, those of `createLogger` included. @default only with OTEL_LOGS_EXPORTER */
  readonly logs?: boolean | undefined;

  /** Decides which spans are sampled. @default OTEL_TRACES_SAMPLER, else all, following the parent */
  readonly sampler?: Sampler | undefined;
  /** Share of new traces that are sampled, from 0 to 1, following the parent. Not together with `sampler`. @default 1 */
  readonly sampleRatio?: number | undefined;
  /** Makes trace and span ids. @default random ones */
  readonly idGenerator?: IdGenerator | undefined;
  /**
   * Lets a publisher's correlation id, when it is a v4 UUID or random 32 hex digits, become the trace id of the trace it
   * starts. Only for publishers you trust: who chooses the trace id chooses what is sampled.
   * @default SPANBUS_TRUST_CORRELATION_ID, else false
   */
  readonly trustCorrelationId?: boolean | undefined;

  /** Spans, and log records, kept for export at most; beyond it new ones are dropped, and counted. @default OTEL_BSP_MAX_QUEUE_SIZE, else 8192 */
  readonly queueSize?: number | undefined;
  /** Spans, or log records, in one export. @default OTEL_BSP_MAX_EXPORT_BATCH_SIZE, else 256 */
  readonly batchSize?: number | undefined;
  /** The longest a span waits for its batch to fill, in milliseconds. @default OTEL_BSP_SCHEDULE_DELAY, else 1000 */
  readonly batchDelayMs?: number | undefined;
  /** How often metrics are collected and sent, in milliseconds. @default OTEL_METRIC_EXPORT_INTERVAL, else 10000 */
  readonly metricIntervalMs?: number | undefined;

  /** In place of the OTLP span exporter. */
  readonly spanExporter?: SpanExporter | undefined;
  /** In place of the OTLP metric reader. */
  readonly metricReaders?: readonly IMetricReader[] | undefined;
  /** In place of the OTLP log processor. */
  readonly logRecordProcessors?: readonly LogRecordProcessor[] | undefined;
  /** In front of the exporting span processor. */
  readonly spanProcessors?: readonly SpanProcessor[] | undefined;
  /** Enabled at the start, disabled at shutdown. */
  readonly instrumentations?: readonly (InstrumentationLike | readonly InstrumentationLike[])[] | undefined;
  /** Carries the active span through asynchronous code. @default one on `AsyncLocalStorage` */
  readonly contextManager?: ContextManager | undefined;
  /** Used together, in this order; an empty list is none. @default OTEL_PROPAGATORS, else W3C trace context and baggage */
  readonly propagators?: readonly TextMapPropagator[] | undefined;

  /** Takes what the telemetry has to say about itself, pino-shaped. @default Node process warnings */
  readonly logger?: Logger | undefined;
}
