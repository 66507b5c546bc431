import { LABELS, SERIES } from "../prometheus-names.ts";

/** The windows that ratios are recorded over. */
export const WINDOWS = ["5m", "30m", "1h", "2h", "6h", "1d", "3d"] as const;

/** One of {@link WINDOWS}. */
export type Window = (typeof WINDOWS)[number];

/** What tells one service from another; a label that a service does not have changes nothing. */
export const SERVICE_LABELS: readonly string[] = [LABELS.environment, LABELS.serviceNamespace, LABELS.service];

/** The labels of what is recorded of an event, under the level `service_event`. */
export const EVENT_LABELS: readonly string[] = [...SERVICE_LABELS, LABELS.destination];

/** The labels of what is recorded of an event at one handler, under the level `service_event_subscription`. */
export const HANDLER_LABELS: readonly string[] = [...EVENT_LABELS, LABELS.subscription];

/** What is recorded of one objective. */
export interface RecordedObjective {
  /** The labels of all its series. */
  readonly labels: readonly string[];
  /** The share that went wrong, 0 to 1, over a window; no data where there was nothing. */
  badRatio(window: Window): string;
  /** The share that may go wrong, 0 to 1: one minus the objective. Bad ratio over budget is the burn rate. */
  readonly budget: string;
}

/** Deliveries that were not handled; the objective is the event's `slo.success`. */
export const HANDLING: RecordedObjective = recorded(HANDLER_LABELS, SERIES.deliveries, "bad_ratio");

/** Deliveries that took too long, queue and retries included; the objective is the event's `slo.latency`. */
export const LATENCY: RecordedObjective = recorded(HANDLER_LABELS, SERIES.deliveryDuration, "slow_ratio");

/** Publish calls that failed. */
export const PUBLISHING: RecordedObjective = recorded(EVENT_LABELS, SERIES.sent, "bad_ratio");

function recorded(labels: readonly string[], metric: string, ratio: string): RecordedObjective {
  const level = labels === HANDLER_LABELS ? "service_event_subscription" : "service_event";
  const name = `${level}:${metric.replace(/_total$/, "")}`; // what is no counter any more loses its suffix
  return { labels, badRatio: (window) => `${name}:${ratio}_rate${window}`, budget: `${name}:error_budget` };
}

/** Open buses of a service, all its processes together. */
export const BUSES: string = `service:${SERIES.busInfo}:sum`;
