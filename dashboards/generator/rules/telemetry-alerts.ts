import { LABELS, SERIES } from "../prometheus-names.ts";
import { matches, maxBy, select, sumBy } from "../promql.ts";
import type { BoardLink } from "./links.ts";
import { BUSES, SERVICE_LABELS } from "./recorded-series.ts";
import type { AlertRule, RuleGroup } from "./rule.ts";
import type { RuleKit } from "./rule-kit.ts";

const BOARD: BoardLink = { uid: "spanbus-telemetry", variables: ["environment", "service"] };
const SERVICE = `{{ $labels.${LABELS.service} }}`;

/** Alerts about the telemetry that all other alerts depend on. */
export function telemetryAlerts(kit: RuleKit): RuleGroup {
  return {
    name: "spanbus-telemetry",
    about: [
      "The telemetry all other alerts depend on: who reports, what gets lost, and that alerts get through at all.",
    ],
    rules: [
      { record: BUSES, expr: sumBy(SERVICE_LABELS, SERIES.busInfo) },
      serviceGone(kit),
      noTelemetry(kit),
      spansDropped(kit),
      spanQueueNearlyFull(kit),
      guardTrips(kit),
      watchdog(kit),
    ],
  };
}

/**
 * Services that had open buses when last heard of. Whoever closes its bus reports none before it goes; the recorded sum
 * remembers the service, not its processes, so that one that was replaced is not missed.
 */
function lastSeenOpen(kit: RuleKit): string {
  return `last_over_time(${BUSES}[${kit.time("6h")}]) > 0`;
}

function serviceGone(kit: RuleKit): AlertRule {
  const reporting = sumBy(SERVICE_LABELS, `present_over_time(${SERIES.busInfo}[${kit.time("5m")}])`);
  return kit.alert({
    name: "SpanbusServiceGone",
    expr: [lastSeenOpen(kit), `unless ${reporting}`].join(" "),
    for: "1m",
    severity: "page",
    summary: `${SERVICE} has stopped reporting`,
    description: `Nothing was heard of ${SERVICE} for 5m, and it did not close its bus: it crashed, was killed, or its telemetry does not get through.`,
    board: { uid: "spanbus-overview", variables: ["environment", "service"] },
  });
}

/** Silent while a service that is gone explains the silence. */
function noTelemetry(kit: RuleKit): AlertRule {
  return kit.alert({
    name: "SpanbusNoTelemetry",
    expr: [`absent_over_time(${SERIES.busInfo}[${kit.time("10m")}])`, `unless on () (${lastSeenOpen(kit)})`].join(" "),
    for: "5m",
    severity: "ticket",
    summary: "No service reports anything",
    description:
      "No spanbus service has sent metrics for 10m: none runs, or telemetry does not reach Prometheus. No other alert about them can fire.",
    board: { uid: "spanbus-telemetry", variables: [] },
  });
}

function spansDropped(kit: RuleKit): AlertRule {
  const lost = kit.added(
    SERVICE_LABELS,
    select(SERIES.telemetrySpans, [matches(LABELS.telemetryResult, "dropped|failed")]),
    "15m",
  );
  return kit.alert({
    name: "SpanbusSpansDropped",
    expr: [
      `${lost} / (${kit.added(SERVICE_LABELS, SERIES.telemetrySpans, "15m")} > 0) > 0.01`,
      `and ${lost} >= 10`,
    ].join(" "),
    severity: "ticket",
    summary: `Traces of ${SERVICE} have holes`,
    description: `{{ $value | humanizePercentage }} of the spans of ${SERVICE} were lost in the last 15m: dropped from a full queue, or not accepted by the collector.`,
    board: BOARD,
  });
}

function spanQueueNearlyFull(kit: RuleKit): AlertRule {
  const { spanQueueCapacity } = kit.settings;
  return kit.alert({
    name: "SpanbusSpanQueueNearlyFull",
    expr: `${maxBy([...SERVICE_LABELS, LABELS.serviceInstance], SERIES.telemetryQueue)} / ${spanQueueCapacity} > 0.8`,
    for: "2m",
    severity: "info",
    summary: `${SERVICE} is about to lose spans`,
    description: `The export queue of {{ $labels.${LABELS.serviceInstance} }} is {{ $value | humanizePercentage }} full; what does not fit is dropped.`,
    board: BOARD,
  });
}

function guardTrips(kit: RuleKit): AlertRule {
  return kit.alert({
    name: "SpanbusGuardTrips",
    expr: `${kit.added([...SERVICE_LABELS, LABELS.telemetryPart], SERIES.guardTrips, "15m")} > 0`,
    severity: "ticket",
    summary: `Code around the bus of ${SERVICE} throws`,
    description: `{{ $value | humanize }} throws of "{{ $labels.${LABELS.telemetryPart} }}" were caught in the last 15m. Events are handled all the same; what it was to record is missing.`,
    board: BOARD,
  });
}

/** Always fires: whoever expects it and does not get it knows that alerts do not get through. */
function watchdog(kit: RuleKit): AlertRule {
  return kit.alert({
    name: "SpanbusWatchdog",
    expr: "vector(1)",
    severity: "info",
    summary: "Alerts get through",
    description: "Fires for ever. When it stops, Prometheus or Alertmanager is down, or what leads to you is.",
    board: { uid: "spanbus-telemetry", variables: [] },
  });
}
