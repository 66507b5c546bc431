/** Where a signal goes. */
export type ExporterName = "otlp" | "console" | "none";
export type SamplerName =
  | "always_on"
  | "always_off"
  | "traceidratio"
  | "parentbased_always_on"
  | "parentbased_always_off"
  | "parentbased_traceidratio";
export type PropagatorName = "tracecontext" | "baggage" | "b3" | "b3multi" | "none";
export type DiagLevel = "none" | "error" | "warn" | "info" | "debug" | "verbose" | "all";
export type ShutdownSignal = "SIGTERM" | "SIGINT" | "SIGHUP";

/**
 * The environment variables spanbus checks: those of OpenTelemetry, and its own under `SPANBUS_`; durations in
 * milliseconds. The headers and the temporality preference are used by the exporters themselves, and checked here so
 * that a bad value is told in the same way as the others.
 */
export interface Environment {
  readonly OTEL_SDK_DISABLED?: boolean;
  readonly OTEL_LOG_LEVEL?: DiagLevel;
  readonly OTEL_SERVICE_NAME?: string;
  readonly OTEL_RESOURCE_ATTRIBUTES?: Readonly<Record<string, string>>;
  readonly OTEL_PROPAGATORS?: readonly PropagatorName[];
  readonly OTEL_TRACES_EXPORTER?: ExporterName;
  readonly OTEL_METRICS_EXPORTER?: ExporterName;
  readonly OTEL_LOGS_EXPORTER?: ExporterName;
  readonly OTEL_TRACES_SAMPLER?: SamplerName;
  readonly OTEL_TRACES_SAMPLER_ARG?: number;
  readonly OTEL_EXPORTER_OTLP_ENDPOINT?: string;
  readonly OTEL_EXPORTER_OTLP_TRACES_ENDPOINT?: string;
  readonly OTEL_EXPORTER_OTLP_METRICS_ENDPOINT?: string;
  readonly OTEL_EXPORTER_OTLP_LOGS_ENDPOINT?: string;
  readonly OTEL_EXPORTER_OTLP_HEADERS?: Readonly<Record<string, string>>;
  readonly OTEL_EXPORTER_OTLP_TRACES_HEADERS?: Readonly<Record<string, string>>;
  readonly OTEL_EXPORTER_OTLP_METRICS_HEADERS?: Readonly<Record<string, string>>;
  readonly OTEL_EXPORTER_OTLP_LOGS_HEADERS?: Readonly<Record<string, string>>;
  readonly OTEL_EXPORTER_OTLP_PROTOCOL?: "http/json";
  readonly OTEL_EXPORTER_OTLP_TRACES_PROTOCOL?: "http/json";
  readonly OTEL_EXPORTER_OTLP_METRICS_PROTOCOL?: "http/json";
  readonly OTEL_EXPORTER_OTLP_LOGS_PROTOCOL?: "http/json";
  readonly OTEL_EXPORTER_OTLP_TIMEOUT?: number;
  readonly OTEL_EXPORTER_OTLP_COMPRESSION?: "gzip" | "none";
  readonly OTEL_EXPORTER_OTLP_CERTIFICATE?: string;
  readonly OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE?: string;
  readonly OTEL_EXPORTER_OTLP_CLIENT_KEY?: string;
  readonly OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE?: "cumulative" | "delta" | "lowmemory";
  readonly OTEL_BSP_MAX_QUEUE_SIZE?: number;
  readonly OTEL_BSP_MAX_EXPORT_BATCH_SIZE?: number;
  readonly OTEL_BSP_SCHEDULE_DELAY?: number;
  readonly OTEL_BSP_EXPORT_TIMEOUT?: number;
  readonly OTEL_METRIC_EXPORT_INTERVAL?: number;
  readonly OTEL_ATTRIBUTE_COUNT_LIMIT?: number;
  readonly OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT?: number;
  readonly OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT?: number;
  readonly OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT?: number;
  readonly OTEL_SPAN_EVENT_COUNT_LIMIT?: number;
  readonly OTEL_SPAN_LINK_COUNT_LIMIT?: number;
  readonly SPANBUS_TRUST_CORRELATION_ID?: boolean;
  readonly SPANBUS_SHUTDOWN_DEADLINE_MS?: number;
  readonly SPANBUS_SHUTDOWN_SIGNALS?: readonly ShutdownSignal[];
}
