import { select } from "../promql.ts";
import { type Duration, secondsOf } from "./durations.ts";
import type { BoardLink, SpanLink } from "./links.ts";
import { budgetOf, type ObjectiveScope } from "./objectives.ts";
import { type RecordedObjective, WINDOWS, type Window } from "./recorded-series.ts";
import type { AlertRule, RecordingRule, Severity } from "./rule.ts";
import type { RuleKit } from "./rule-kit.ts";

/** How fast, and for how long, a budget has to burn to make somebody act. */
interface Burn {
  readonly long: Window;
  readonly short: Window;
  /** Times faster than what would use up the budget just at the end of the period. */
  readonly rate: number;
  readonly for: Duration;
  readonly severity: Severity;
}

/**
 * The multi-window, multi-burn-rate alerts of Google's SRE workbook, chapter 5, for a period of 30 days: the long window
 * says that it matters, the short one that it still goes on.
 */
const BURNS: readonly Burn[] = [
  { long: "1h", short: "5m", rate: 14.4, for: "2m", severity: "page" },
  { long: "6h", short: "30m", rate: 6, for: "15m", severity: "page" },
  { long: "1d", short: "2h", rate: 3, for: "1h", severity: "ticket" },
  { long: "3d", short: "6h", rate: 1, for: "3h", severity: "ticket" },
];

/** Fewer in the long window are no reason to wake anybody: with little traffic, one failure is a large share. */
const FEWEST_BAD = 5;

/** A loose objective burns at no high rate, even if all goes wrong: that much going wrong counts as a high one. */
const HIGHEST_THRESHOLD = 0.95;

/** One objective to be watched. */
export interface BurnSpec {
  readonly recorded: RecordedObjective;
  /** The objective, for each group of events. */
  readonly scopes: readonly ObjectiveScope<number>[];
  /** The share that went wrong over a window, as PromQL; one for each group of events. */
  badRatio(window: string): readonly string[];
  /** How many went wrong over a window, as PromQL. */
  badCount(window: string): string;
  readonly alert: string;
  /** The label `slo`. */
  readonly slo: string;
  /** Who has the objective, as a template. */
  readonly subject: string;
  /** What goes wrong: completes "30% of deliveries of … to … …". */
  describe(share: string): string;
  readonly board: BoardLink;
  readonly spans: SpanLink;
}

/** Records the bad ratio over every window, and the budget. */
export function burnRecordings(kit: RuleKit, { recorded, scopes, badRatio }: BurnSpec): readonly RecordingRule[] {
  const ratios = WINDOWS.flatMap((window) =>
    badRatio(kit.time(window)).map((expr) => ({ record: recorded.badRatio(window), expr })),
  );
  const longest = recorded.badRatio("3d"); // is there whenever one over a shorter window is
  const budgets = scopes.map(({ matchers, objective }) => {
    return { record: recorded.budget, expr: `0 * ${select(longest, matchers)} + ${budgetOf(objective)}` };
  });
  return [...ratios, ...budgets];
}

/** One alert for each speed at which the budget may burn. */
export function burnAlerts(kit: RuleKit, spec: BurnSpec): readonly AlertRule[] {
  const { recorded, alert, slo, subject, board, spans } = spec;
  return BURNS.map(({ long, short, rate, severity, for: wait }) => {
    const threshold = `clamp_max(${rate} * ${recorded.budget}, ${HIGHEST_THRESHOLD})`;
    const expr = [
      `${recorded.badRatio(long)} > ${threshold}`,
      `and ${recorded.badRatio(short)} > ${threshold}`,
      `and ${spec.badCount(kit.time(long))} >= ${FEWEST_BAD}`,
    ].join(" ");
    const spent = percent((rate * secondsOf(long)) / secondsOf("30d"));
    return kit.alert({
      name: alert,
      expr,
      for: wait,
      severity,
      labels: { slo, window: long, burn_rate: String(rate) },
      summary: `${subject} spends its ${slo} budget ${rate === 1 ? "faster than it may" : `${rate} times too fast`}`,
      description: `${spec.describe("{{ $value | humanizePercentage }}")} over the last ${long}, and still over the last ${short}. At ${rate} times the allowed rate, ${long} spends ${spent} of the budget of 30 days.`,
      board,
      spans,
    });
  });
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))}%`;
}
