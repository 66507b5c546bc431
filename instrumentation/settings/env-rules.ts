import { MAX_TIMER_MS } from "../../src/check.ts";
import { TELEMETRY_DEFAULTS } from "../options.ts";
import { loadZod } from "../packages.ts";
import type { Environment } from "./environment.ts";
import { isHttpUrl } from "./http-url.ts";

/** What a variable must look like. */
export interface EnvironmentRule {
  readonly schema: { safeParse(text: string): { success: boolean; data?: unknown } };
  /** What a usable value is; follows "is not". */
  readonly form: string;
  /** What takes the place of an unusable value; follows "using". */
  readonly instead: string;
  /** The value may hold credentials: it is never shown. */
  readonly isSecret?: boolean;
}

/** One rule for each variable. */
export function makeRules(): Record<keyof Environment, EnvironmentRule> {
  const { exporter, oneOf, listOf, flag, whole, endpoint, pairs, protocol, ratio, text } = ruleMakers();
  const secret = { ...pairs("only its well-formed pairs"), isSecret: true };
  const general = endpoint("the general endpoint");
  const limit = whole(0, "a count or length", "the SDK's limit");
  const { queueSize, batchSize, batchDelayMs, exportTimeoutMs, metricIntervalMs, deadlineMs } = TELEMETRY_DEFAULTS;
  return {
    OTEL_SDK_DISABLED: flag,
    OTEL_LOG_LEVEL: oneOf(["none", "error", "warn", "info", "debug", "verbose", "all"], "warn"),
    OTEL_SERVICE_NAME: text("a name", TELEMETRY_DEFAULTS.serviceName),
    OTEL_RESOURCE_ATTRIBUTES: pairs("none of it"),
    OTEL_PROPAGATORS: listOf(["tracecontext", "baggage", "b3", "b3multi", "none"], "tracecontext,baggage"),
    OTEL_TRACES_EXPORTER: exporter("otlp"),
    OTEL_METRICS_EXPORTER: exporter("otlp"),
    OTEL_LOGS_EXPORTER: exporter("none"),
    OTEL_TRACES_SAMPLER: oneOf(SAMPLERS, "parentbased_always_on"),
    OTEL_TRACES_SAMPLER_ARG: ratio,
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint(TELEMETRY_DEFAULTS.endpoint),
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: general,
    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: general,
    OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: general,
    OTEL_EXPORTER_OTLP_HEADERS: secret,
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: secret,
    OTEL_EXPORTER_OTLP_METRICS_HEADERS: secret,
    OTEL_EXPORTER_OTLP_LOGS_HEADERS: secret,
    OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: protocol,
    OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: protocol,
    OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: protocol,
    OTEL_EXPORTER_OTLP_TIMEOUT: whole(1, "milliseconds", exportTimeoutMs),
    OTEL_EXPORTER_OTLP_COMPRESSION: oneOf(["gzip", "none"], "gzip (none to this machine)"),
    OTEL_EXPORTER_OTLP_CERTIFICATE: text("a file", "Node's certificates"),
    OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: text("a file", "none"),
    OTEL_EXPORTER_OTLP_CLIENT_KEY: text("a file", "none"),
    OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: oneOf(["cumulative", "delta", "lowmemory"], "cumulative"),
    OTEL_BSP_MAX_QUEUE_SIZE: whole(1, "spans", queueSize),
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: whole(1, "spans", batchSize),
    OTEL_BSP_SCHEDULE_DELAY: whole(0, "milliseconds", batchDelayMs),
    OTEL_BSP_EXPORT_TIMEOUT: whole(1, "milliseconds", exportTimeoutMs),
    OTEL_METRIC_EXPORT_INTERVAL: whole(1, "milliseconds", metricIntervalMs),
    OTEL_ATTRIBUTE_COUNT_LIMIT: limit,
    OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: limit,
    OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: limit,
    OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: limit,
    OTEL_SPAN_EVENT_COUNT_LIMIT: limit,
    OTEL_SPAN_LINK_COUNT_LIMIT: limit,
    SPANBUS_TRUST_CORRELATION_ID: flag,
    SPANBUS_SHUTDOWN_DEADLINE_MS: whole(0, "milliseconds", deadlineMs),
    SPANBUS_SHUTDOWN_SIGNALS: listOf(["SIGTERM", "SIGINT", "SIGHUP"], "none"),
  };
}

type Words = readonly [string, ...string[]];

const SAMPLERS: Words = [
  "always_on",
  "always_off",
  "traceidratio",
  "parentbased_always_on",
  "parentbased_always_off",
  "parentbased_traceidratio",
];

function ruleMakers() {
  const { z } = loadZod();
  const string = z.string();
  const known = (words: Words) => {
    const spelled = (word: string) => words.find((candidate) => candidate.toLowerCase() === word.trim().toLowerCase());
    return { isKnown: (word: string) => spelled(word) !== undefined, spelled };
  };
  const oneOf = (words: Words, instead: string): EnvironmentRule => {
    const { isKnown, spelled } = known(words);
    return { schema: string.refine(isKnown).transform(spelled), form: `one of ${words.join(", ")}`, instead };
  };
  const listOf = (words: Words, instead: string): EnvironmentRule => {
    const { isKnown, spelled } = known(words);
    const schema = string
      .refine((list) => list.split(",").every(isKnown))
      .transform((list) => list.split(",").map(spelled));
    return { schema, form: `a comma-separated list of ${words.join(", ")}`, instead };
  };
  const flag = oneOf(["true", "false"], "false");
  const json = "http/json, which spanbus sends, and collectors take on the port of http/protobuf";
  return {
    oneOf,
    listOf,
    exporter: (instead: string) => oneOf(["otlp", "console", "none"], instead),
    flag: {
      ...flag,
      schema: string.refine(known(["true", "false"]).isKnown).transform((word) => /^true$/i.test(word)),
    },
    protocol: { schema: z.literal("http/json"), form: json, instead: "http/json" },
    ratio: { schema: z.coerce.number().min(0).max(1), form: "a number from 0 to 1", instead: "1" },
    text: (form: string, instead: string): EnvironmentRule => ({ schema: string, form, instead }),
    whole: (minimum: number, unit: string, instead: string | number): EnvironmentRule => ({
      schema: z.coerce.number().int().min(minimum).max(MAX_TIMER_MS),
      form: `a whole number from ${minimum} to ${MAX_TIMER_MS} (${unit})`,
      instead: String(instead),
    }),
    endpoint: (instead: string): EnvironmentRule => ({
      schema: string.refine(isHttpUrl),
      form: "an http:// or https:// URL",
      instead,
    }),
    pairs: (instead: string): EnvironmentRule => ({
      schema: string.refine((list) => parsePairs(list) !== undefined).transform(parsePairs),
      form: "a comma-separated list of key=value pairs, percent-encoded",
      instead,
    }),
  };
}

function parsePairs(list: string): Record<string, string> | undefined {
  const pairs: [name: string, value: string][] = [];
  for (const pair of list.split(",")) {
    if (pair.trim() === "") continue;
    const [key = "", ...rest] = pair.split("=");
    try {
      const name = decodeURIComponent(key.trim());
      if (name === "" || rest.length === 0) return undefined;
      pairs.push([name, decodeURIComponent(rest.join("=").trim())]);
    } catch {
      return undefined; // a percent sign that encodes nothing
    }
  }
  return Object.fromEntries(pairs);
}
