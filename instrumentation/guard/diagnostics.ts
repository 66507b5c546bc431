import * as api from "@opentelemetry/api";
import type { DiagLevel } from "../settings/environment.ts";
import { registered } from "./api-global.ts";
import { describeFailure, type Notices } from "./notices.ts";

const LEVELS: Record<DiagLevel, api.DiagLogLevel> = {
  none: api.DiagLogLevel.NONE,
  error: api.DiagLogLevel.ERROR,
  warn: api.DiagLogLevel.WARN,
  info: api.DiagLogLevel.INFO,
  debug: api.DiagLogLevel.DEBUG,
  verbose: api.DiagLogLevel.VERBOSE,
  all: api.DiagLogLevel.ALL,
};

/** What is wrong with an answer that the exporter calls a success. */
export interface Objection {
  readonly failure: Error;
  /** How many of the items it is about; undefined for all. */
  readonly rejected: number | undefined;
}

let objection: Objection | undefined;

/** What the exporter that reports success at this moment has logged against it; undefined when asked again. */
export function takeObjection(): Objection | undefined {
  const taken = objection;
  objection = undefined;
  return taken;
}

/**
 * Sends what the SDK says about itself to the notices, rate-limited. A diag logger of the application's own is left
 * alone; then every answer with a good status counts as a full success.
 *
 * @returns takes the diag logger away again
 */
export function routeDiagnostics(notices: Notices, level: DiagLevel): () => void {
  if (registered("diag") !== undefined) return () => undefined;
  const tell = (from: api.DiagLogLevel) => {
    return (message: unknown, ...details: unknown[]): void => {
      if (noteObjection(message, details[0]) || LEVELS[level] < from) return;
      const text = [message, ...details].map(describeFailure).join(" ");
      const subject = `sdk: ${text.replaceAll(/\d+/g, "#").slice(0, 80)}`;
      notices.warn(subject, () => `OpenTelemetry SDK: ${text}`);
    };
  };
  const logger: api.DiagLogger = {
    error: tell(api.DiagLogLevel.ERROR),
    warn: tell(api.DiagLogLevel.WARN),
    info: tell(api.DiagLogLevel.INFO),
    debug: tell(api.DiagLogLevel.DEBUG),
    verbose: tell(api.DiagLogLevel.VERBOSE),
  };
  const logLevel = Math.max(LEVELS[level], api.DiagLogLevel.WARN); // objections come as warnings
  api.diag.setLogger(logger, { logLevel, suppressOverrideMessage: true });
  return () => api.diag.disable();
}

/**
 * The OTLP exporters call every 2xx answer a success, and only log that the collector rejected items, or that a web
 * page answered. They log it right before they report the success, without letting go of the thread.
 */
function noteObjection(message: unknown, detail: unknown): boolean {
  const text = String(message);
  if (text.startsWith("Received Partial Success response")) objection = rejection(detail);
  else if (/^Failed to parse \w+ export response/.test(text)) objection = { failure: NO_ANSWER, rejected: undefined };
  else return false;
  queueMicrotask(takeObjection); // nobody asked: it was another exporter's
  return true;
}

const NO_ANSWER = new Error("what answered is no OTLP collector");

function rejection(detail: unknown): Objection | undefined {
  try {
    const answer: Record<string, unknown> = JSON.parse(String(detail));
    const rejected = Number(answer.rejectedSpans ?? answer.rejectedDataPoints ?? answer.rejectedLogRecords ?? 0);
    const reason = typeof answer.errorMessage === "string" ? `: ${answer.errorMessage}` : "";
    return rejected > 0 ? { failure: new Error(`the collector rejected ${rejected}${reason}`), rejected } : undefined;
  } catch {
    return undefined; // not the message it looked like
  }
}
