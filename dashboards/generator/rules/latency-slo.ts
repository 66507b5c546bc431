import type { StackModel } from "../model.ts";
import { LABELS, SERIES } from "../prometheus-names.ts";
import { anyOf, equal, increase, type Matcher, rate, select, sumBy } from "../promql.ts";
import { type BurnSpec, burnAlerts, burnRecordings } from "./burn-rules.ts";
import { objectiveScopes } from "./objectives.ts";
import { HANDLER_LABELS, LATENCY } from "./recorded-series.ts";
import type { RuleGroup } from "./rule.ts";
import type { RuleKit } from "./rule-kit.ts";

/**
 * Watches how long deliveries take from being handed over to being settled: what whoever waits for the effect sees. The
 * duration of an attempt would call a delivery fast that waited in a queue for a minute, or was tried three times.
 */
export function latencySlo(kit: RuleKit, { events }: StackModel): RuleGroup {
  const scopes = objectiveScopes(events, ({ latency }) => latency, kit.settings.objectives.latency);
  const slow = (of: (series: string) => string): readonly string[] =>
    scopes.map(({ matchers, objective }) => slowShare(of, matchers, objective.withinMs));
  const slowCount = (window: string): string =>
    scopes
      .map(({ matchers, objective }) => slowerThan((series) => increase(series, window), matchers, objective.withinMs))
      .join(" or ");
  const spec: BurnSpec = {
    recorded: LATENCY,
    scopes: scopes.map(({ matchers, objective }) => ({ matchers, objective: objective.ratio })),
    badRatio: (window) => slow((series) => rate(series, window)),
    badCount: (window) => `(${slowCount(window)})`,
    alert: "SpanbusLatencyBudgetBurn",
    slo: "latency",
    subject: `{{ $labels.${LABELS.subscription} }} in {{ $labels.${LABELS.service} }}`,
    describe: (share) =>
      `${share} of the deliveries of {{ $labels.${LABELS.destination} }} to {{ $labels.${LABELS.subscription} }} took longer than promised`,
    board: { uid: "spanbus-handler", variables: ["environment", "service", "event", "handler"] },
    spans: { operation: "process" },
  };
  return {
    name: "spanbus-latency-slo",
    about: [
      "The share of deliveries that take too long, from hand-over to settling, queue and retries included, and how fast",
      "that spends what the objective leaves room for.",
    ],
    rules: [...burnRecordings(kit, spec), ...burnAlerts(kit, spec)],
  };
}

type Over = (series: string) => string;

function slowShare(over: Over, matchers: readonly Matcher[], withinMs: number): string {
  return `1 - ${fast(over, matchers, withinMs)} / (${all(over, matchers)} > 0)`;
}

function slowerThan(over: Over, matchers: readonly Matcher[], withinMs: number): string {
  return `${all(over, matchers)} - ${fast(over, matchers, withinMs)}`;
}

function all(over: Over, matchers: readonly Matcher[]): string {
  return sumBy(HANDLER_LABELS, over(select(`${SERIES.deliveryDuration}_count`, matchers)));
}

function fast(over: Over, matchers: readonly Matcher[], withinMs: number): string {
  return sumBy(HANDLER_LABELS, over(select(`${SERIES.deliveryDuration}_bucket`, [...matchers, within(withinMs)])));
}

/** The bucket of a boundary, however it is written: one second is `1` when pushed and `1.0` when scraped. */
function within(withinMs: number): Matcher {
  const seconds = withinMs / 1000;
  const short = String(seconds);
  if (Number.isInteger(seconds)) return anyOf("le", [short, `${short}.0`]);
  return seconds < 0.0001 ? anyOf("le", [short, seconds.toExponential().replace("e-", "e-0")]) : equal("le", short);
}
