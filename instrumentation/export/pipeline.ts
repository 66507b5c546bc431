import type { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import type { Resource } from "@opentelemetry/resources";
import { VERSION } from "../../src/telemetry/version.ts";
import type { Guards } from "../guard/guards.ts";
import type { Notices } from "../guard/notices.ts";
import type { TelemetryOptions } from "../options.ts";
import type { Sdk } from "../packages.ts";
import type { Environment } from "../settings/environment.ts";
import type { SignalSettings, TelemetrySettings } from "../settings/settings.ts";
import type { Connections } from "./connections.ts";
import type { ExportFailures } from "./export-failures.ts";

/** One signal on its way out of the process. */
export interface Pipeline {
  /** Sends what was handed over so far; resolves when it has arrived or failed. Never rejects; has no deadline. */
  flush(): Promise<void>;
  /** Takes nothing more, and sends what is left. Never rejects; has no deadline. */
  shutdown(): Promise<void>;
  /** Gives up what has not arrived by now. */
  abandon(): void;
}

/** What all pipelines are built from. */
export interface PipelineParts {
  readonly sdk: Sdk;
  readonly options: TelemetryOptions;
  readonly environment: Environment;
  readonly settings: TelemetrySettings;
  readonly resource: Resource;
  readonly guards: Guards;
  readonly notices: Notices;
  readonly failures: ExportFailures;
  readonly connections: Connections;
}

/** What the three OTLP exporters are made with. */
export type OtlpExporterConfig = NonNullable<ConstructorParameters<typeof OTLPTraceExporter>[0]>;

/**
 * Exporters reject, without sending, what comes while too many exports are under way: a flush must fit, and beside it
 * those that were given up on but still hold their connection.
 */
const MIN_CONCURRENT_EXPORTS = 64;

export function otlpConfig({ settings, connections }: PipelineParts, signal: SignalSettings): OtlpExporterConfig {
  const { headers, exportTimeoutMs, queueSize, batchSize } = settings;
  return {
    url: signal.url,
    headers: { ...headers },
    timeoutMillis: exportTimeoutMs,
    compression: signal.compression as NonNullable<OtlpExporterConfig["compression"]>, // a string enum of another package
    concurrencyLimit: Math.max(Math.ceil(queueSize / batchSize) + 2, MIN_CONCURRENT_EXPORTS),
    httpAgentOptions: connections.makeAgent,
    userAgent: `spanbus/${VERSION}`,
  };
}
