import { Durations } from "./durations.ts";
import { deliveryLabels, processDurationLabels, publishDurationLabels } from "./labels.ts";
import { OTHER } from "./semconv.ts";

/** Counts of one destination, of all buses in the process together. */
export interface PublishCell {
  readonly destination: string;
  /** Publish calls accepted without error. */
  sent: number;
  /** Publish calls that were refused, or failed under `strict`, by error type. */
  readonly failed: Map<string, number>;
  readonly refused: Map<string, number>;
  unrouted: number;
  /** Events that wait for their time. */
  scheduled: number;
  /** How long publishing took. */
  readonly operation: Durations;
}

/** Counts of one destination and subscription name, of all buses in the process together. */
export interface DeliveryCell {
  readonly destination: string;
  readonly subscription: string;
  /** Handlers called at once that began, and returned; each is matched, running, then handled and consumed too. */
  callsBegun: number;
  callsReturned: number;
  matched: number;
  handled: number;
  /** Deliveries that ended otherwise, by `outcome|disposition|reason`. */
  readonly outcomes: Map<string, number>;
  /** Attempts that succeeded, and those that failed by error type. */
  consumed: number;
  readonly consumedFailed: Map<string, number>;
  queued: number;
  running: number;
  waitingForRetry: number;
  retries: number;
  lateResults: number;
  /** Unix time in milliseconds. */
  lastSuccessMs: number;
  readonly deadLetters: { stored: number; replayed: number; removed: number; evicted: number; held: number };
  /** How long attempts took, deliveries took from hand-over to settling, and handlers were waited for. */
  readonly process: Durations;
  readonly total: Durations;
  readonly wait: Durations;
}

/** The counts of the whole process: buses and same-named subscriptions add into the same cells, which never shrink. */
export interface TelemetryCells {
  readonly publish: Map<string, PublishCell>;
  readonly delivery: Map<string, DeliveryCell>;
  readonly guardTrips: Map<string, number>;
  /** Error types seen so far; bounded, the rest is `_OTHER`. */
  readonly errorTypes: Set<string>;
  /** Series in use, by instrument family; bounded by {@link SERIES_BUDGET}. */
  readonly series: { publish: number; refused: number; delivery: number; consumed: number };
  activeSubscriptions: number;
  pausedSubscriptions: number;
  /** Room in the queues of each subscription name. */
  readonly queueCapacity: Map<string, number>;
  /** Open buses, by version. */
  readonly buses: Map<string, number>;
  /** Whether label sets were folded into `_other` because the budget is used up. */
  isFolding: boolean;
}

/** Series an instrument may have before new label sets fold into `_other`; the SDK itself folds, silently, at 2,000. */
export const SERIES_BUDGET = 1500;

/** Outcomes a delivery cell counts from the start, besides handled, so that the first failure is an increase. */
const INITIAL_OUTCOMES: readonly string[] = ["failed|dead_lettered|", "timed_out|dead_lettered|"];

/** The most series one instrument has of a delivery cell from the start: dead letters, by their four operations. */
const SERIES_OF_DELIVERY = 4;

const REGISTRY: unique symbol = Symbol.for("spanbus.metrics") as never;

/** The registry of this process, shared by every copy of spanbus in it. */
export function telemetryCells(): TelemetryCells {
  const holder = globalThis as { [REGISTRY]?: TelemetryCells };
  holder[REGISTRY] ??= {
    publish: new Map(),
    delivery: new Map(),
    guardTrips: new Map(),
    errorTypes: new Set(),
    series: { publish: 0, refused: 0, delivery: 0, consumed: 0 },
    activeSubscriptions: 0,
    pausedSubscriptions: 0,
    queueCapacity: new Map(),
    buses: new Map(),
    isFolding: false,
  };
  return holder[REGISTRY];
}

/** The cell of a destination; the one of `_other` when the series budget is used up. */
export function publishCell(destination: string): PublishCell {
  const { publish, series } = telemetryCells();
  const known = publish.get(destination);
  if (known !== undefined) return known;
  if (destination !== OTHER && series.publish >= SERIES_BUDGET) return folded(publishCell(OTHER));
  series.publish++;
  const operation = new Durations(() => publishDurationLabels(destination));
  const cell: PublishCell = {
    destination,
    sent: 0,
    failed: new Map(),
    refused: new Map(),
    unrouted: 0,
    scheduled: 0,
    operation,
  };
  publish.set(destination, cell);
  return cell;
}

/** The cell of a destination and subscription; the one of `_other` and `_other` when the series budget is used up. */
export function deliveryCell(destination: string, subscription: string): DeliveryCell {
  const { delivery, series } = telemetryCells();
  const key = `${destination}\n${subscription}`;
  const known = delivery.get(key);
  if (known !== undefined) return known;
  const isOther = destination === OTHER && subscription === OTHER;
  if (!isOther && series.delivery + SERIES_OF_DELIVERY > SERIES_BUDGET) return folded(deliveryCell(OTHER, OTHER));
  series.delivery += SERIES_OF_DELIVERY;
  series.consumed++;
  const cell: DeliveryCell = {
    destination,
    subscription,
    callsBegun: 0,
    callsReturned: 0,
    matched: 0,
    handled: 0,
    outcomes: new Map(INITIAL_OUTCOMES.map((outcome) => [outcome, 0])),
    consumed: 0,
    consumedFailed: new Map(),
    queued: 0,
    running: 0,
    waitingForRetry: 0,
    retries: 0,
    lateResults: 0,
    lastSuccessMs: Date.now(),
    deadLetters: { stored: 0, replayed: 0, removed: 0, evicted: 0, held: 0 },
    process: new Durations(() => processDurationLabels(destination, subscription)),
    total: new Durations(() => deliveryLabels(destination, subscription)),
    wait: new Durations(() => deliveryLabels(destination, subscription)),
  };
  delivery.set(key, cell);
  return cell;
}

/** Counts a delivery that ended other than handled. */
export function countOutcome(cell: DeliveryCell, outcome: string): void {
  const { series } = telemetryCells();
  const count = cell.outcomes.get(outcome);
  if (count !== undefined) cell.outcomes.set(outcome, count + 1);
  else if (isOtherCell(cell) || series.delivery < SERIES_BUDGET) {
    series.delivery++;
    cell.outcomes.set(outcome, 1);
  } else countOutcome(folded(deliveryCell(OTHER, OTHER)), outcome);
}

/** Counts an attempt that failed; the returned cell is the one whose labels its duration belongs to. */
export function countFailedAttempt(cell: DeliveryCell, errorType: string): DeliveryCell {
  const { series } = telemetryCells();
  const count = cell.consumedFailed.get(errorType);
  if (count !== undefined) cell.consumedFailed.set(errorType, count + 1);
  else if (isOtherCell(cell) || series.consumed < SERIES_BUDGET) {
    series.consumed++;
    cell.consumedFailed.set(errorType, 1);
  } else return countFailedAttempt(folded(deliveryCell(OTHER, OTHER)), errorType);
  return cell;
}

/** Counts a refused publish call, or one that failed under `strict`; the returned cell names its duration's labels. */
export function countFailedPublish(cell: PublishCell, errorType: string): PublishCell {
  const { series } = telemetryCells();
  const count = cell.failed.get(errorType);
  if (count !== undefined) cell.failed.set(errorType, count + 1);
  else if (cell.destination === OTHER || series.publish < SERIES_BUDGET) {
    series.publish++;
    cell.failed.set(errorType, 1);
  } else return countFailedPublish(folded(publishCell(OTHER)), errorType);
  return cell;
}

/** Adds room to the queues of a subscription name, or takes it away. */
export function countQueueCapacity(subscription: string, change: number): void {
  const { queueCapacity } = telemetryCells();
  const known = queueCapacity.get(subscription);
  if (known !== undefined) queueCapacity.set(subscription, known + change);
  else if (subscription === OTHER || queueCapacity.size < SERIES_BUDGET) queueCapacity.set(subscription, change);
  else folded(countQueueCapacity(OTHER, change));
}

/** Counts a refusal. */
export function countRefusal(cell: PublishCell, reason: string): void {
  const { series } = telemetryCells();
  const count = cell.refused.get(reason);
  if (count !== undefined) cell.refused.set(reason, count + 1);
  else if (cell.destination === OTHER || series.refused < SERIES_BUDGET) {
    series.refused++;
    cell.refused.set(reason, 1);
  } else countRefusal(folded(publishCell(OTHER)), reason);
}

function folded<Cell>(cell: Cell): Cell {
  telemetryCells().isFolding = true;
  return cell;
}

function isOtherCell(cell: DeliveryCell): boolean {
  return cell.destination === OTHER && cell.subscription === OTHER;
}
