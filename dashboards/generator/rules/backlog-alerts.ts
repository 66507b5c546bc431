import { LABELS, SERIES } from "../prometheus-names.ts";
import { equal, maxBy, select, sumBy } from "../promql.ts";
import type { BoardLink } from "./links.ts";
import { HANDLER_LABELS, SERVICE_LABELS } from "./recorded-series.ts";
import type { AlertRule, RuleGroup } from "./rule.ts";
import type { RuleKit } from "./rule-kit.ts";

const BOARD: BoardLink = { uid: "spanbus-handler", variables: ["environment", "service", "event", "handler"] };
const HANDLER = `{{ $labels.${LABELS.subscription} }} in {{ $labels.${LABELS.service} }}`;
const EVENT = `{{ $labels.${LABELS.destination} }}`;

/** Alerts about what is left undone: work that piles up, and events that were set aside. */
export function backlogAlerts(kit: RuleKit): RuleGroup {
  return {
    name: "spanbus-backlog",
    about: ["Work that piles up in front of a handler, and events that were set aside as dead letters."],
    rules: [
      backlogGrowing(kit),
      queueNearlyFull(kit),
      deadLetters(kit),
      deadLettersGrowing(kit),
      deadLettersEvicted(kit),
    ],
  };
}

/** A burst that is being worked off has its peak behind it, and is no alert. */
function backlogGrowing(kit: RuleKit): AlertRule {
  const now = sumBy(HANDLER_LABELS, SERIES.inFlight);
  return kit.alert({
    name: "SpanbusBacklogGrowing",
    expr: [
      `${now} - ${before(SERIES.inFlight, kit.time("10m"))} > 100`,
      `and ${now} > ${before(SERIES.inFlight, kit.time("5m"))}`,
    ].join(" "),
    for: "5m",
    severity: "ticket",
    summary: `${HANDLER} falls behind`,
    description: `{{ $value | humanize }} more deliveries of ${EVENT} to {{ $labels.${LABELS.subscription} }} are in flight than 10m ago: events come in faster than they are handled.`,
    board: BOARD,
    spans: { operation: "process" },
  });
}

/** Each process has a queue of its own: the fullest one counts. */
function queueNearlyFull(kit: RuleKit): AlertRule {
  const subscription = [...SERVICE_LABELS, LABELS.subscription];
  const instance = [...subscription, LABELS.serviceInstance];
  const queued = sumBy(instance, select(SERIES.inFlight, [equal(LABELS.deliveryState, "queued")]));
  return kit.alert({
    name: "SpanbusQueueNearlyFull",
    expr: `${maxBy(subscription, `${queued} / (${maxBy(instance, SERIES.queueCapacity)} > 0)`)} > 0.8`,
    for: "5m",
    severity: "ticket",
    summary: `The queue of ${HANDLER} is nearly full`,
    description: `The queue in front of {{ $labels.${LABELS.subscription} }} is {{ $value | humanizePercentage }} full. When it is full, its policy decides what is lost.`,
    board: { uid: "spanbus-handler", variables: ["environment", "service", "handler"] },
  });
}

/** From what is held, not from what was added: it stays until somebody replays or removes them. */
function deadLetters(kit: RuleKit): AlertRule {
  return kit.alert({
    name: "SpanbusDeadLetters",
    expr: `${sumBy(HANDLER_LABELS, SERIES.deadLettersStored)} > 0`,
    severity: "ticket",
    summary: `${HANDLER} left dead letters`,
    description: `{{ $value }} events of ${EVENT} are set aside because {{ $labels.${LABELS.subscription} }} could not handle them. They wait in the memory of the process, and end with it.`,
    board: BOARD,
    spans: { operation: "process", tags: { error: "true" } },
  });
}

function deadLettersGrowing(kit: RuleKit): AlertRule {
  const held = SERIES.deadLettersStored;
  return kit.alert({
    name: "SpanbusDeadLettersGrowing",
    expr: `${sumBy(HANDLER_LABELS, held)} - ${before(held, kit.time("30m"))} >= 10`,
    severity: "ticket",
    summary: `${HANDLER} leaves more and more dead letters`,
    description: `{{ $value }} more events of ${EVENT} than 30m ago are set aside because {{ $labels.${LABELS.subscription} }} could not handle them.`,
    board: BOARD,
    spans: { operation: "process", tags: { error: "true" } },
  });
}

function deadLettersEvicted(kit: RuleKit): AlertRule {
  const evicted = select(SERIES.deadLetterEvents, [equal(LABELS.deadLetterOperation, "evicted")]);
  return kit.alert({
    name: "SpanbusDeadLettersEvicted",
    expr: `${kit.added(HANDLER_LABELS, evicted, "1h")} > 0`,
    severity: "ticket",
    summary: `Dead letters of ${HANDLER} are lost`,
    description: `{{ $value | humanize }} dead letters of ${EVENT} were pushed out in the last 1h because more were held than fit: these events can not be replayed any more.`,
    board: BOARD,
  });
}

/** A sum as it was, 0 for what was not there yet. */
function before(gauge: string, ago: string): string {
  return `(${sumBy(HANDLER_LABELS, `${gauge} offset ${ago}`)} or 0 * ${sumBy(HANDLER_LABELS, gauge)})`;
}
