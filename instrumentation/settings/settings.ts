import { TELEMETRY_DEFAULTS, type TelemetryOptions } from "../options.ts";
import type { Environment, ExporterName } from "./environment.ts";
import { appendPath, isLoopback } from "./http-url.ts";

/** How one signal leaves the process. */
export interface SignalSettings {
  readonly exporter: ExporterName;
  readonly url: string;
  readonly compression: "gzip" | "none";
}

/** Everything that options, environment and defaults decide together. Durations in milliseconds. */
export interface TelemetrySettings {
  readonly traces: SignalSettings;
  readonly metrics: SignalSettings;
  readonly logs: SignalSettings;
  readonly headers: Readonly<Record<string, string>>;
  readonly exportTimeoutMs: number;
  readonly queueSize: number;
  readonly batchSize: number;
  readonly batchDelayMs: number;
  readonly metricIntervalMs: number;
  readonly trustCorrelationId: boolean;
}

/** Options win over the environment, the environment over the defaults. */
export function resolveSettings(options: TelemetryOptions, environment: Environment): TelemetrySettings {
  const queueSize = options.queueSize ?? environment.OTEL_BSP_MAX_QUEUE_SIZE ?? TELEMETRY_DEFAULTS.queueSize;
  const batchSize = options.batchSize ?? environment.OTEL_BSP_MAX_EXPORT_BATCH_SIZE ?? TELEMETRY_DEFAULTS.batchSize;
  return {
    traces: signal("traces", options, environment),
    metrics: signal("metrics", options, environment),
    logs: signal("logs", options, environment),
    headers: options.headers ?? {},
    exportTimeoutMs: options.exportTimeoutMs ?? timeoutOf(environment) ?? TELEMETRY_DEFAULTS.exportTimeoutMs,
    queueSize,
    batchSize: Math.min(batchSize, queueSize),
    batchDelayMs: options.batchDelayMs ?? environment.OTEL_BSP_SCHEDULE_DELAY ?? TELEMETRY_DEFAULTS.batchDelayMs,
    metricIntervalMs:
      options.metricIntervalMs ?? environment.OTEL_METRIC_EXPORT_INTERVAL ?? TELEMETRY_DEFAULTS.metricIntervalMs,
    trustCorrelationId: options.trustCorrelationId ?? environment.SPANBUS_TRUST_CORRELATION_ID ?? false,
  };
}

/** The shorter one, where both are set. */
function timeoutOf(environment: Environment): number | undefined {
  const { OTEL_EXPORTER_OTLP_TIMEOUT: request, OTEL_BSP_EXPORT_TIMEOUT: batch } = environment;
  return request === undefined || batch === undefined ? (request ?? batch) : Math.min(request, batch);
}

type SignalName = "traces" | "metrics" | "logs";

const VARIABLES = {
  traces: ["OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"],
  metrics: ["OTEL_METRICS_EXPORTER", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"],
  logs: ["OTEL_LOGS_EXPORTER", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"],
} as const;

function signal(name: SignalName, options: TelemetryOptions, environment: Environment): SignalSettings {
  const [exporterVariable, endpointVariable] = VARIABLES[name];
  const url =
    (options.endpoint === undefined ? environment[endpointVariable] : undefined) ??
    appendPath(
      options.endpoint ?? environment.OTEL_EXPORTER_OTLP_ENDPOINT ?? TELEMETRY_DEFAULTS.endpoint,
      `v1/${name}`,
    );
  return {
    exporter: exporterOf(asked(name, options), environment[exporterVariable], name === "logs" ? "none" : "otlp"),
    url,
    compression:
      options.compression ?? environment.OTEL_EXPORTER_OTLP_COMPRESSION ?? (isLoopback(url) ? "none" : "gzip"),
  };
}

/** Whether the options want the signal; handing over where it goes asks for it. */
function asked(name: SignalName, options: TelemetryOptions): boolean | undefined {
  const { spanExporter, metricReaders, logRecordProcessors } = options;
  const target = { traces: spanExporter, metrics: metricReaders, logs: logRecordProcessors }[name];
  return options[name] ?? (target === undefined ? undefined : true);
}

/** `true` asks for the signal: where to, the environment may still say, unless it says nowhere. */
function exporterOf(
  wanted: boolean | undefined,
  said: ExporterName | undefined,
  byDefault: ExporterName,
): ExporterName {
  if (wanted === false) return "none";
  const exporter = said ?? byDefault;
  return wanted === true && exporter === "none" ? "otlp" : exporter;
}
