import type { Logger } from "pino";
import { checkKnown } from "../../src/check.ts";
import { BusError, describeValue } from "../../src/errors.ts";
import { isBoundLogger } from "../../src/logging.ts";
import { activeTraceFields } from "../../src/telemetry/active.ts";
import { isJaegerBaseUrl, isTraceId, JAEGER_BASE_URL_FORM, jaegerTraceUrl } from "../../src/telemetry/jaeger.ts";

/** Where the traces named in log lines can be seen. */
export interface TraceLinkOptions {
  /** Jaeger's UI as the readers of the log reach it, such as `http://localhost:16686`. */
  readonly jaeger: string;
}

/** Makes the `trace_url` of a line, given its own fields: that of the span the line names, where the span is sampled. */
export type TraceLink = (fields: object, logger: Logger) => { readonly trace_url?: string };

/** @throws BusError `INVALID_OPTION` naming the option, its value and the accepted form */
export function traceLinkOf(options: TraceLinkOptions | undefined): TraceLink {
  if (options === undefined) return () => ({});
  checkKnown("createLogger: traceLinks", options, ["jaeger"]);
  const { jaeger: baseUrl } = options;
  if (!isJaegerBaseUrl(baseUrl)) {
    const text = `createLogger: traceLinks.jaeger must be ${JAEGER_BASE_URL_FORM}, got ${describeValue(baseUrl)}`;
    throw new BusError("INVALID_OPTION", text);
  }
  return (fields, logger) => {
    const { trace_id, trace_flags } = namedTrace(fields, logger);
    const isSampled = typeof trace_flags === "string" && (Number.parseInt(trace_flags, 16) & 1) === 1;
    return isSampled && isTraceId(trace_id) ? { trace_url: jaegerTraceUrl(trace_id, { baseUrl }) } : {};
  };
}

type TraceFields = Readonly<Record<string, unknown>>;

/** What the line says itself wins over what its logger is bound to, and that over what is active: as in the line. */
function namedTrace(fields: TraceFields | object, logger: Logger): TraceFields {
  if ("trace_id" in fields) return fields as TraceFields;
  return isBoundLogger(logger) ? boundTrace(logger) : activeTraceFields();
}

/** A logger made for one attempt is bound to the fields of its span; reading them back parses JSON: once is enough. */
const boundTraces = new WeakMap<Logger, TraceFields>();

function boundTrace(logger: Logger): TraceFields {
  const known = boundTraces.get(logger);
  if (known !== undefined) return known;
  const fields = readBindings(logger);
  boundTraces.set(logger, fields);
  return fields;
}

function readBindings(logger: Logger): TraceFields {
  try {
    return logger.bindings();
  } catch {
    return {}; // a child with bindings that are no JSON: the line goes without a link
  }
}
