import type { BusErrorCode } from "../../../src/error-codes.ts";
import { LABELS, SERIES } from "../prometheus-names.ts";
import { notEqual, select } from "../promql.ts";
import type { BoardLink } from "./links.ts";
import { EVENT_LABELS } from "./recorded-series.ts";
import type { AlertRule, RuleGroup } from "./rule.ts";
import type { RuleKit } from "./rule-kit.ts";

/** Whoever publishes to a bus that is stopping is refused: part of every clean stop. */
const STOPPING = ("BUS_DRAINING" satisfies BusErrorCode).toLowerCase();

const BOARD: BoardLink = { uid: "spanbus-handler", variables: ["environment", "service", "event"] };
const EVENT = `{{ $labels.${LABELS.destination} }}`;
const SERVICE = `{{ $labels.${LABELS.service} }}`;

/** Alerts about events that do not get as far as a handler. */
export function publishAlerts(kit: RuleKit): RuleGroup {
  return {
    name: "spanbus-publishing",
    about: ["Events that do not get as far as a handler: refused, or without anybody to receive them."],
    rules: [eventsRefused(kit), eventsUnrouted(kit)],
  };
}

function eventsRefused(kit: RuleKit): AlertRule {
  const refused = select(SERIES.refused, [notEqual(LABELS.refusalReason, STOPPING)]);
  return kit.alert({
    name: "SpanbusEventsRefused",
    expr: `${kit.added([...EVENT_LABELS, LABELS.refusalReason], refused, "15m")} >= 5`,
    severity: "ticket",
    summary: `${SERVICE} publishes events that the bus refuses`,
    description: `{{ $value | humanize }} publish calls of ${EVENT} were refused in the last 15m: {{ $labels.${LABELS.refusalReason} }}.`,
    board: BOARD,
    spans: { operation: "publish", tags: { error: "true" } },
  });
}

function eventsUnrouted(kit: RuleKit): AlertRule {
  return kit.alert({
    name: "SpanbusEventsUnrouted",
    expr: `${kit.added(EVENT_LABELS, SERIES.unrouted, "15m")} >= 5`,
    severity: "info",
    summary: `Nobody receives ${EVENT} in ${SERVICE}`,
    description: `{{ $value | humanize }} events of ${EVENT} matched no subscription in the last 15m: published, and gone.`,
    board: BOARD,
    spans: { operation: "publish" },
  });
}
