import type { Logger } from "spanbus";
import { startTelemetry, type Telemetry, type TelemetryOptions } from "spanbus/instrumentation";

type SpanProcessor = NonNullable<TelemetryOptions["spanProcessors"]>[number];

export interface HubTelemetryOptions {
  readonly logger: Logger;
  /** Sees every span that ends. */
  readonly spans: SpanProcessor;
  /** Jaeger's UI, where that is known. */
  readonly jaegerUrl: string | undefined;
}

/** The telemetry, and where it goes. */
export interface HubTelemetry {
  readonly telemetry: Telemetry;
  /** Undefined when nothing leaves this process. */
  readonly collector: string | undefined;
  readonly links: TraceLinks | undefined;
}

/** What links to traces begin with, and the service they are of. */
export interface TraceLinks {
  /** Jaeger's UI. */
  readonly baseUrl: string;
  readonly service: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** A real SDK in any case, so that there are traces to draw; exporters only where the environment names a collector. */
export function startHubTelemetry({ logger, spans, jaegerUrl }: HubTelemetryOptions): HubTelemetry {
  const { env } = process;
  const service = env.OTEL_SERVICE_NAME || "webhook-hub";
  const telemetry = startTelemetry({
    serviceName: service,
    metricIntervalMs: 5_000,
    spanProcessors: [spans],
    logger,
    ...(isExported("TRACES", env) ? {} : { spanExporter: nowhere }),
    ...(isExported("METRICS", env) ? {} : { metrics: false }),
    ...(isExported("LOGS", env) ? {} : { logs: false }),
  });
  const collector = isExported("TRACES", env) ? collectorOf(env) : undefined;
  const baseUrl = collector === undefined ? undefined : (jaegerUrl ?? jaegerBeside(collector));
  return { telemetry, collector, links: baseUrl === undefined ? undefined : { baseUrl, service } };
}

/** Whether someone asked for it: an endpoint, or an exporter by name. */
function isExported(signal: "TRACES" | "METRICS" | "LOGS", env: Environment): boolean {
  const exporter = env[`OTEL_${signal}_EXPORTER`]?.trim();
  if (exporter) return exporter !== "none";
  return Boolean(env.OTEL_EXPORTER_OTLP_ENDPOINT || env[`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`]);
}

function collectorOf(env: Environment): string {
  const url = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (env.OTEL_TRACES_EXPORTER?.trim() === "console") return "the console";
  if (!url) return "the default collector";
  const { protocol, host } = URL.canParse(url) ? new URL(url) : { protocol: "", host: "" };
  return /^https?:$/.test(protocol)
    ? host
    : `the default collector: ${JSON.stringify(url)} is no URL that begins with http://`;
}

/** A collector on this machine is most likely that of docker-compose.otel.yml, which is Jaeger. */
function jaegerBeside(collector: string): string | undefined {
  return /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(collector) ? "http://localhost:16686" : undefined;
}

type SpanExporter = NonNullable<TelemetryOptions["spanExporter"]>;

/** In place of the exporter, which would look for a collector on this machine. */
const nowhere: SpanExporter = {
  export: (_spans, callback) => callback({ code: 0 }),
  shutdown: async () => undefined,
};
