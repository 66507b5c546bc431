import { AssertionError } from "node:assert";
import { inspect, isDeepStrictEqual } from "node:util";
import type { MetricCounts, MetricLabels, MetricName } from "./metric-counts.ts";
import type { LogLevel, LogLine } from "./recording-logger.ts";
import type { Trace } from "./trace.ts";
import { type MatchResult, matchTree } from "./tree-match.ts";

/** A log line to look for; a field that is left out fits all. */
export interface ExpectedLog {
  readonly level?: LogLevel;
  /** The whole message, or a pattern it matches. */
  readonly message?: string | RegExp;
  /** Fields the line has, among others. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/**
 * Throws unless the trace is as `tree` says: a path to be found in it, or, over several lines, all of it.
 *
 * @throws AssertionError with the recorded tree and where it differs
 * @throws BusError `INVALID_OPTION` when `tree` cannot be read
 * @example
 * assertTree(run.trace, "publish order.placed > process order.placed [billing] > publish invoice.created");
 */
export function assertTree(trace: Trace, tree: string): void {
  check(matchTree(trace, tree), { expected: tree, actual: trace.text, call: assertTree });
}

/** How much a metric is to have grown. */
export interface ExpectedGrowth {
  /** In all series that have the labels; a histogram grows by one for each duration. */
  readonly by: number;
  /** Labels the series have, among others. @default any */
  readonly labels?: MetricLabels;
}

/**
 * Throws unless the series of a metric that have the expected labels, among others, grew by so much in all.
 *
 * @throws AssertionError with every series that grew
 */
export function assertMetric(metrics: MetricCounts, name: MetricName, expected: ExpectedGrowth): void {
  const result = matchMetric(metrics, name, expected);
  check(result, { expected: expected.by, actual: metrics.value(name, expected.labels), call: assertMetric });
}

/**
 * Throws unless one of the lines is like `expected`.
 *
 * @throws AssertionError with every line
 */
export function assertLogged(logs: readonly LogLine[], expected: ExpectedLog): void {
  check(matchLog(logs, expected), { expected, actual: logs, call: assertLogged });
}

/**
 * Throws unless the accounts of the bus obey the conservation law, and agree with what the harness saw.
 *
 * @throws AssertionError with every equation that is broken
 */
export function assertConserved(harness: { conservation(): readonly string[] }): void {
  check(matchConserved(harness), { expected: [], actual: harness.conservation(), call: assertConserved });
}

/** Whether a metric grew as expected. */
export function matchMetric(metrics: MetricCounts, name: MetricName, { by, labels = {} }: ExpectedGrowth): MatchResult {
  const actual = metrics.value(name, labels);
  const pass = actual === by;
  const message = (): string => {
    const of = Object.keys(labels).length === 0 ? "" : ` with ${inspect(labels)}`;
    const grown = metrics.toString().replaceAll(/^/gm, "  ");
    return `${name}${of} was expected ${pass ? "not " : ""}to grow by ${by}, it grew by ${actual}; what grew:\n${grown}`;
  };
  return { pass, message };
}

/** Whether one of the lines is as expected. */
export function matchLog(logs: readonly LogLine[], expected: ExpectedLog): MatchResult {
  const pass = logs.some((line) => fitsLine(line, expected));
  const message = (): string => {
    const lines = logs.map(({ level, message: text, fields }) => `  ${level} ${text} ${inspect(fields, ONE_LINE)}`);
    const what = `a log line like ${inspect(expected)} was ${pass ? "not " : ""}expected`;
    return `${what}; the lines:\n${lines.join("\n") || "  (none)"}`;
  };
  return { pass, message };
}

/** Whether the accounts of a bus balance. */
export function matchConserved(harness: { conservation(): readonly string[] }): MatchResult {
  const violations = harness.conservation();
  const message = (): string => {
    if (violations.length === 0) return "the accounts of the bus were expected not to balance, and do";
    return `the accounts of the bus do not balance:\n${violations.map((each) => `  ${each}`).join("\n")}`;
  };
  return { pass: violations.length === 0, message };
}

function fitsLine(line: LogLine, { level, message, fields = {} }: ExpectedLog): boolean {
  if (level !== undefined && level !== line.level) return false;
  if (typeof message === "string" && message !== line.message) return false;
  if (message instanceof RegExp && !message.test(line.message)) return false;
  return Object.entries(fields).every(([key, value]) => isDeepStrictEqual(line.fields[key], value));
}

const ONE_LINE = { breakLength: Number.POSITIVE_INFINITY, compact: true } as const;

interface Compared {
  readonly expected: unknown;
  readonly actual: unknown;
  /** Where the stack of the error begins. */
  readonly call: (...call: never[]) => unknown;
}

function check({ pass, message }: MatchResult, { expected, actual, call }: Compared): void {
  if (pass) return;
  throw new AssertionError({ message: message(), expected, actual, operator: call.name, stackStartFn: call });
}
