import { FAILED, JUDGED } from "../measures.ts";
import type { StackModel } from "../model.ts";
import { LABELS, SERIES } from "../prometheus-names.ts";
import { increase, rate, select, shareOf, sumBy } from "../promql.ts";
import { type BurnSpec, burnAlerts, burnRecordings } from "./burn-rules.ts";
import { objectiveScopes } from "./objectives.ts";
import { HANDLER_LABELS, HANDLING } from "./recorded-series.ts";
import type { RuleGroup } from "./rule.ts";
import type { RuleKit } from "./rule-kit.ts";

const BAD_DELIVERIES = select(SERIES.deliveries, FAILED);
const DELIVERIES = select(SERIES.deliveries, JUDGED);

/** Watches that deliveries are handled, handler by handler: one that is broken is not averaged away by its siblings. */
export function handlingSlo(kit: RuleKit, { events }: StackModel): RuleGroup {
  const spec: BurnSpec = {
    recorded: HANDLING,
    scopes: objectiveScopes(events, ({ success }) => success, kit.settings.objectives.handling),
    badRatio: (window) => [shareOf(countRate(BAD_DELIVERIES, window), countRate(DELIVERIES, window))],
    badCount: (window) => sumBy(HANDLER_LABELS, increase(BAD_DELIVERIES, window)),
    alert: "SpanbusHandlingBudgetBurn",
    slo: "handling",
    subject: `{{ $labels.${LABELS.subscription} }} in {{ $labels.${LABELS.service} }}`,
    describe: (share) =>
      `${share} of the deliveries of {{ $labels.${LABELS.destination} }} to {{ $labels.${LABELS.subscription} }} were not handled`,
    board: { uid: "spanbus-handler", variables: ["environment", "service", "event", "handler"] },
    spans: { operation: "process", tags: { error: "true" } },
  };
  return {
    name: "spanbus-handling-slo",
    about: [
      "The share of deliveries that are not handled, and how fast that spends what the objective leaves room for.",
    ],
    rules: [...burnRecordings(kit, spec), ...burnAlerts(kit, spec)],
  };
}

function countRate(series: string, window: string): string {
  return sumBy(HANDLER_LABELS, rate(series, window));
}
