import { MAX_TIMER_MS, OptionCheck } from "../../src/check.ts";
import { BusError } from "../../src/errors.ts";
import type { TelemetryOptions } from "../options.ts";
import { isHttpUrl } from "./http-url.ts";

type Kind = "text" | "flag" | "object" | "list" | "share" | "endpoint" | "compression" | "count" | "time" | "delay";

const KINDS: Record<keyof TelemetryOptions, Kind> = {
  serviceName: "text",
  serviceVersion: "text",
  serviceNamespace: "text",
  serviceInstanceId: "text",
  environment: "text",
  resourceAttributes: "object",
  endpoint: "endpoint",
  headers: "object",
  compression: "compression",
  exportTimeoutMs: "time",
  traces: "flag",
  metrics: "flag",
  logs: "flag",
  sampler: "object",
  sampleRatio: "share",
  idGenerator: "object",
  trustCorrelationId: "flag",
  queueSize: "count",
  batchSize: "count",
  batchDelayMs: "delay",
  metricIntervalMs: "time",
  spanExporter: "object",
  metricReaders: "list",
  logRecordProcessors: "list",
  spanProcessors: "list",
  instrumentations: "list",
  contextManager: "object",
  propagators: "list",
  logger: "object",
};

/** @throws BusError `INVALID_OPTION` naming the option, its value and the accepted form */
export function checkTelemetryOptions(options: TelemetryOptions): void {
  const check = new OptionCheck("startTelemetry", options, Object.keys(KINDS));
  for (const [key, kind] of Object.entries(KINDS)) checkOption(check, key, kind);
  if (options.sampler !== undefined && options.sampleRatio !== undefined) {
    throw new BusError("INVALID_OPTION", "startTelemetry: give sampler or sampleRatio, not both");
  }
}

function checkOption(check: OptionCheck, key: string, kind: Kind): void {
  if (kind === "flag") check.boolean(key);
  else if (kind === "object") check.object(key);
  else if (kind === "list") check.matching(key, "an array", Array.isArray);
  else if (kind === "text")
    check.matching(key, "a non-empty string", (value) => typeof value === "string" && value !== "");
  else if (kind === "endpoint") check.matching(key, "an http:// or https:// URL", isHttpUrl);
  else if (kind === "compression") check.oneOf(key, ["gzip", "none"]);
  else if (kind === "share") check.number(key, { min: 0, max: 1 });
  else if (kind === "count") check.number(key, { min: 1, max: 1_000_000, integer: true });
  else check.number(key, { min: kind === "time" ? 1 : 0, max: MAX_TIMER_MS, integer: true });
}
