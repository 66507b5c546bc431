import type { BusErrorCode } from "../../../src/error-codes.ts";
import { LABELS, SERIES } from "../prometheus-names.ts";
import { increase, notEqual, rate, select, shareOf, sumBy } from "../promql.ts";
import { type BurnSpec, burnAlerts, burnRecordings } from "./burn-rules.ts";
import { EVENT_LABELS, PUBLISHING } from "./recorded-series.ts";
import type { RuleGroup } from "./rule.ts";
import type { RuleKit } from "./rule-kit.ts";

/** A strict publish whose handler failed: the event was published, and the failure is the handling objective's. */
const HANDLER_FAILED = ("DELIVERY_FAILED" satisfies BusErrorCode).toLowerCase();

const BAD_PUBLISHES = select(SERIES.sent, [notEqual(LABELS.errorType, ""), notEqual(LABELS.errorType, HANDLER_FAILED)]);

/** Watches that publish calls succeed. */
export function publishingSlo(kit: RuleKit): RuleGroup {
  const spec: BurnSpec = {
    recorded: PUBLISHING,
    scopes: [{ matchers: [], objective: kit.settings.objectives.publishing }],
    badRatio: (window) => [shareOf(countRate(BAD_PUBLISHES, window), countRate(SERIES.sent, window))],
    badCount: (window) => sumBy(EVENT_LABELS, increase(BAD_PUBLISHES, window)),
    alert: "SpanbusPublishingBudgetBurn",
    slo: "publishing",
    subject: `Publishing {{ $labels.${LABELS.destination} }} in {{ $labels.${LABELS.service} }}`,
    describe: (share) => `${share} of the publish calls of {{ $labels.${LABELS.destination} }} failed`,
    board: { uid: "spanbus-handler", variables: ["environment", "service", "event"] },
    spans: { operation: "publish", tags: { error: "true" } },
  };
  return {
    name: "spanbus-publishing-slo",
    about: ["The share of publish calls that fail, and how fast that spends what the objective leaves room for."],
    rules: [...burnRecordings(kit, spec), ...burnAlerts(kit, spec)],
  };
}

function countRate(series: string, window: string): string {
  return sumBy(EVENT_LABELS, rate(series, window));
}
