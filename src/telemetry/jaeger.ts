import { OptionCheck } from "../check.ts";
import { BusError, describeValue } from "../errors.ts";
import { EVENT_LIMITS, isCorrelationId } from "../event/event-rules.ts";
import { ATTRIBUTES } from "./semconv.ts";

/** Where Jaeger's pages are. */
export interface JaegerTraceOptions {
  /**
   * Jaeger's UI as a browser reaches it, with its base path if it has one.
   *
   * @default "http://localhost:16686"
   */
  readonly baseUrl?: string;
}

/** Where Jaeger's pages are, and what to look through. */
export interface JaegerSearchOptions extends JaegerTraceOptions {
  /**
   * The service whose traces are searched, as in `service.name`. Most of Jaeger's storages, Badger among them, search
   * within one service only: without it the page opens with the correlation id filled in, and asks.
   *
   * @default none
   */
  readonly service?: string;
  /**
   * How far back to look: a whole number and `m`, `h`, `d` or `w`.
   *
   * @default "2d"
   */
  readonly lookback?: string;
  /**
   * The most traces to list, 1 to 1,500.
   *
   * @default 20
   */
  readonly limit?: number;
}

/**
 * The page of Jaeger's UI that lists every trace of a correlation id: those of the publish that began it, and those
 * that retries, replays and other services added.
 *
 * @throws BusError `INVALID_OPTION` naming what is not a correlation id, or which option is out of range
 * @example
 * const { correlationId } = await bus.publish("order.placed", order);
 * console.log(jaegerSearchUrl(correlationId, { service: "shop" }));
 */
export function jaegerSearchUrl(correlationId: string, options: JaegerSearchOptions = {}): string {
  const base = checkedBase("jaegerSearchUrl", options, ["baseUrl", "service", "lookback", "limit"]);
  if (!isCorrelationId(correlationId)) {
    const form = `1 to ${EVENT_LIMITS.correlationId} characters of A-Z a-z 0-9 . _ : -`;
    throw invalid("jaegerSearchUrl: correlationId", form, correlationId);
  }
  const { service, lookback = "2d", limit = 20 } = options;
  const tags = JSON.stringify({ [ATTRIBUTES.conversationId.name]: correlationId });
  const query = { ...(service === undefined ? {} : { service }), lookback, limit: String(limit), tags };
  const pairs = Object.entries(query).map(([key, value]) => `${key}=${encode(value)}`);
  return `${base}/search?${pairs.join("&")}`;
}

/**
 * The page of Jaeger's UI that shows one trace.
 *
 * @param traceId 32 hexadecimal digits, not all of them 0
 * @throws BusError `INVALID_OPTION` naming what is not a trace id, or which option is out of range
 * @example
 * const { traceId } = await bus.publish("order.placed", order);
 * if (traceId !== undefined) console.log(jaegerTraceUrl(traceId));
 */
export function jaegerTraceUrl(traceId: string, options: JaegerTraceOptions = {}): string {
  const base = checkedBase("jaegerTraceUrl", options, ["baseUrl"]);
  if (!isTraceId(traceId)) {
    throw invalid("jaegerTraceUrl: traceId", "32 hexadecimal digits, not all of them 0", traceId);
  }
  return `${base}/trace/${traceId.toLowerCase()}`;
}

/** Whether it is a trace id: 32 hexadecimal digits, not all of them 0. */
export function isTraceId(value: unknown): value is string {
  return typeof value === "string" && /^(?!0{32})[0-9a-f]{32}$/i.test(value);
}

/** Whether links can begin with it: an http or https URL without credentials, query and fragment. */
export function isJaegerBaseUrl(value: unknown): value is string {
  if (typeof value !== "string" || !/^https?:\/\/[^/]/i.test(value) || !URL.canParse(value)) return false;
  const { username, password, search, hash } = new URL(value);
  return username === "" && password === "" && search === "" && hash === "";
}

/** What {@link isJaegerBaseUrl} asks for, in words. */
export const JAEGER_BASE_URL_FORM = "an http:// or https:// URL without credentials, query and fragment";

const BASE_URL = "http://localhost:16686";

function checkedBase(owner: string, options: JaegerSearchOptions, known: readonly string[]): string {
  const check = new OptionCheck(owner, options, known);
  check.matching("baseUrl", JAEGER_BASE_URL_FORM, isJaegerBaseUrl);
  check.matching("service", "1 to 255 characters without control characters", isServiceName);
  check.matching("lookback", 'a whole number and "m", "h", "d" or "w", such as "2d"', isLookback);
  check.number("limit", { min: 1, max: 1_500, integer: true });
  const { origin, pathname } = new URL(options.baseUrl ?? BASE_URL);
  return `${origin}${pathname.replace(/\/+$/, "")}`;
}

function isServiceName(value: unknown): boolean {
  return typeof value === "string" && /^[^\p{Cc}\p{Cs}]{1,255}$/u.test(value);
}

function isLookback(value: unknown): boolean {
  return typeof value === "string" && /^[1-9]\d{0,5}[mhdw]$/.test(value);
}

function invalid(what: string, form: string, value: unknown): BusError {
  return new BusError("INVALID_OPTION", `${what} must be ${form}, got ${describeValue(value)}`);
}

/** RFC 3986, to the letter: what encodeURIComponent leaves alone ends a link in many a terminal and chat window. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
