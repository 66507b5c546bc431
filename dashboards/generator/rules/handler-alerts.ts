import { ATTRIBUTES } from "../../../src/telemetry/semconv.ts";
import { LABELS, SERIES } from "../prometheus-names.ts";
import { equal, increase, maxBy, select, sumBy } from "../promql.ts";
import { promqlDuration } from "./durations.ts";
import type { BoardLink } from "./links.ts";
import { HANDLER_LABELS } from "./recorded-series.ts";
import type { AlertRule, RuleGroup } from "./rule.ts";
import type { RuleKit } from "./rule-kit.ts";

const BOARD: BoardLink = { uid: "spanbus-handler", variables: ["environment", "service", "event", "handler"] };
const HANDLER = `{{ $labels.${LABELS.subscription} }} in {{ $labels.${LABELS.service} }}`;
const EVENT = `{{ $labels.${LABELS.destination} }}`;

/** Alerts about how a handler does its work. */
export function handlerAlerts(kit: RuleKit): RuleGroup {
  return {
    name: "spanbus-handlers",
    about: ["Handlers that are stuck, too slow for their timeout, or succeed only by trying again and again."],
    rules: [consumerStalled(kit), handlerTimeouts(kit), retryStorm(kit)],
  };
}

/** Busy then and now, and nothing settled in between: so at least one delivery is that old, and none gets through. */
function consumerStalled(kit: RuleKit): AlertRule {
  const { stalledAfterMs, timeScale } = kit.settings;
  const seconds = (stalledAfterMs / 1000) * timeScale;
  const window = promqlDuration(seconds);
  const inFlight = SERIES.inFlight;
  return kit.alert({
    name: "SpanbusConsumerStalled",
    expr: [
      `time() - ${maxBy(HANDLER_LABELS, SERIES.lastSuccess)} > ${seconds}`,
      `and ${sumBy(HANDLER_LABELS, inFlight)} > 0`,
      `and ${sumBy(HANDLER_LABELS, `${inFlight} offset ${window}`)} > 0`,
      `unless ${sumBy(HANDLER_LABELS, increase(SERIES.deliveries, window))} > 0`,
    ].join(" "),
    for: "1m",
    severity: "page",
    summary: `${HANDLER} is stuck`,
    description: `Deliveries of ${EVENT} to {{ $labels.${LABELS.subscription} }} are in flight, but none has been settled in the last ${window}; the last success was {{ $value | humanizeDuration }} ago.`,
    board: BOARD,
    spans: { operation: "process" },
  });
}

function handlerTimeouts(kit: RuleKit): AlertRule {
  const timeouts = kit.added(HANDLER_LABELS, select(SERIES.consumed, [equal(LABELS.errorType, "timeout")]), "15m");
  return kit.alert({
    name: "SpanbusHandlerTimeouts",
    expr: [`${timeouts} / ${kit.added(HANDLER_LABELS, SERIES.consumed, "15m")} > 0.05`, `and ${timeouts} >= 5`].join(
      "\n",
    ),
    severity: "ticket",
    summary: `${HANDLER} runs into its timeout`,
    description: `{{ $value | humanizePercentage }} of the attempts of {{ $labels.${LABELS.subscription} }} to handle ${EVENT} timed out in the last 15m.`,
    board: BOARD,
    spans: { operation: "process", tags: { [ATTRIBUTES.errorType.name]: "timeout" } },
  });
}

function retryStorm(kit: RuleKit): AlertRule {
  const retries = kit.added(HANDLER_LABELS, SERIES.retries, "10m");
  return kit.alert({
    name: "SpanbusRetryStorm",
    expr: [`${retries} / ${kit.added(HANDLER_LABELS, SERIES.consumed, "10m")} > 0.4`, `and ${retries} >= 20`].join(
      "\n",
    ),
    for: "5m",
    severity: "ticket",
    summary: `${HANDLER} mostly repeats itself`,
    description: `{{ $value | humanizePercentage }} of the attempts of {{ $labels.${LABELS.subscription} }} to handle ${EVENT} were retries in the last 10m: what it depends on fails, and is called all the more.`,
    board: BOARD,
    spans: { operation: "process", tags: { [ATTRIBUTES.outcome.name]: "retry" } },
  });
}
