import { BusError, describeValue } from "../errors.ts";
import { type ExpectedGrowth, type ExpectedLog, matchConserved, matchLog, matchMetric } from "./assertions.ts";
import { MetricCounts, type MetricName } from "./metric-counts.ts";
import type { LogLine } from "./recording-logger.ts";
import { Trace } from "./trace.ts";
import { type MatchResult, matchTree } from "./tree-match.ts";

/** The matchers as `expect(…)` has them. */
export interface SpanbusAssertions<Returns> {
  /**
   * `expect(run.trace).toMatchTree(tree)`: the trace holds the path `a > b > c`, or, over several lines, is that tree.
   */
  toMatchTree(tree: string): Returns;
  /** `expect(run.metrics).toHaveGrown(name, { by: 1, labels: { subscription: "billing" } })`: how much a metric grew. */
  toHaveGrown(name: MetricName, expected: ExpectedGrowth): Returns;
  /** `expect(run.logs).toHaveLogged({ level: "error", message: /dead/ })`: one of the lines is like that. */
  toHaveLogged(expected: ExpectedLog): Returns;
  /** `expect(harness).toBeConserved()`: the accounts of the bus balance. */
  toBeConserved(): Returns;
}

/** Matchers for `expect.extend`, of vitest and of whatever takes jest's. */
export const spanbusMatchers: {
  toMatchTree(received: unknown, tree: string): MatchResult;
  toHaveGrown(received: unknown, name: MetricName, expected: ExpectedGrowth): MatchResult;
  toHaveLogged(received: unknown, expected: ExpectedLog): MatchResult;
  toBeConserved(received: unknown): MatchResult;
} = {
  toMatchTree: (received, tree) =>
    matchTree(expectKind("toMatchTree", received, { Class: Trace, like: "run.trace" }), tree),
  toHaveGrown: (received, name, expected) => {
    const metrics = expectKind("toHaveGrown", received, { Class: MetricCounts, like: "run.metrics" });
    return matchMetric(metrics, name, expected);
  },
  toHaveLogged: (received, expected) => {
    if (!Array.isArray(received)) throw wrongKind("toHaveLogged", received, "run.logs");
    return matchLog(received as LogLine[], expected);
  },
  toBeConserved: (received) => {
    const harness = received as Partial<{ conservation(): readonly string[] }> | null | undefined;
    if (typeof harness?.conservation !== "function") throw wrongKind("toBeConserved", received, "a harness");
    return matchConserved(harness as { conservation(): readonly string[] });
  },
};

function expectKind<Kind>(
  matcher: string,
  received: unknown,
  { Class, like }: { readonly Class: abstract new (...made: never[]) => Kind; readonly like: string },
): Kind {
  if (received instanceof Class) return received;
  throw wrongKind(matcher, received, like);
}

function wrongKind(matcher: string, received: unknown, like: string): BusError {
  return new BusError("INVALID_OPTION", `${matcher} is for ${like}, got ${describeValue(received)}`);
}
