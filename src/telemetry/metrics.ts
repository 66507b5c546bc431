import type * as api from "@opentelemetry/api";
import { type DeliveryCell, type PublishCell, type TelemetryCells, telemetryCells } from "./cells.ts";
import type { DurationCell } from "./durations.ts";
import { deliveryLabels, publishLabels, systemLabels } from "./labels.ts";
import { telemetryState } from "./process.ts";
import { ATTRIBUTES, DURATION_BOUNDARIES, METRICS, SCHEMA_URL, SCOPE_NAME } from "./semconv.ts";
import { VERSION } from "./version.ts";

/** Which duration a histogram measures. */
export type DurationKind = "operation" | "process" | "total" | "wait";

/** Records a duration in seconds; how, is the meter provider's affair. */
export type RecordDuration = (kind: DurationKind, cell: DurationCell, seconds: number) => void;

type Observed = Exclude<
  keyof typeof METRICS,
  "operationDuration" | "processDuration" | "deliveryDuration" | "waitDuration"
>;
type Instruments = Record<Observed, api.Observable>;
type Observe = (metric: Observed, value: number, labels: api.Attributes) => void;

const attached = new WeakMap<api.MeterProvider, RecordDuration>();

/**
 * Makes the instruments on `provider`, once: counters and gauges are observed from the process-wide cells by one
 * callback, so counts made before the SDK started appear too. Durations start with the SDK; where its reader takes them
 * from our own cells (`startTelemetry` built it), recording one is an addition, else it is a call of the API's histogram.
 */
export function attachMetrics(provider: api.MeterProvider): RecordDuration {
  const known = attached.get(provider);
  if (known !== undefined) return known;
  const meter = provider.getMeter(SCOPE_NAME, VERSION, { schemaUrl: SCHEMA_URL });
  const instruments = observables(meter);
  meter.addBatchObservableCallback((result) => {
    observeCells(telemetryCells(), (metric, value, labels) => {
      if (Number.isFinite(value)) result.observe(instruments[metric], value, labels); // one NaN ruins a series for good
    });
  }, Object.values(instruments));
  const record = telemetryState().ownDurations.has(provider) ? recordInCell : recordWith(meter);
  attached.set(provider, record);
  return record;
}

/** Adds a duration to its cell; what takes it from there is a reader of ours. */
export function recordInCell(_kind: DurationKind, cell: DurationCell, seconds: number): void {
  cell.record(seconds);
}

/** Recording through the API, for a provider whose reader is not ours. */
function recordWith(meter: api.Meter): RecordDuration {
  const histograms: Record<DurationKind, api.Histogram> = {
    operation: histogram(meter, METRICS.operationDuration),
    process: histogram(meter, METRICS.processDuration),
    total: histogram(meter, METRICS.deliveryDuration),
    wait: histogram(meter, METRICS.waitDuration),
  };
  return (kind, cell, seconds) => histograms[kind].record(seconds, cell.labels);
}

function histogram(meter: api.Meter, spec: { name: string; unit: string; meaning: string }): api.Histogram {
  return meter.createHistogram(spec.name, {
    unit: spec.unit,
    description: spec.meaning,
    advice: { explicitBucketBoundaries: [...DURATION_BOUNDARIES] },
  });
}

function observables(meter: api.Meter): Instruments {
  const made: Partial<Instruments> = {};
  for (const [key, spec] of Object.entries(METRICS)) {
    const options = { unit: spec.unit, description: spec.meaning };
    if (spec.kind === "counter") made[key as Observed] = meter.createObservableCounter(spec.name, options);
    if (spec.kind === "gauge") made[key as Observed] = meter.createObservableGauge(spec.name, options);
    if (spec.kind === "upDownCounter") made[key as Observed] = meter.createObservableUpDownCounter(spec.name, options);
  }
  return made as Instruments;
}

/** Reports every cell under the labels of the contract. */
function observeCells(cells: TelemetryCells, observe: Observe): void {
  for (const cell of cells.publish.values()) observePublishCell(cell, observe);
  for (const cell of cells.delivery.values()) observeDeliveryCell(cell, observe);
  const system = systemLabels();
  const state = ATTRIBUTES.subscriptionState.name;
  observe("subscriptions", cells.activeSubscriptions, { ...system, [state]: "active" });
  observe("subscriptions", cells.pausedSubscriptions, { ...system, [state]: "paused" });
  for (const [subscription, capacity] of cells.queueCapacity) {
    observe("queueCapacity", capacity, { ...system, [ATTRIBUTES.subscription.name]: subscription });
  }
  for (const [part, trips] of cells.guardTrips) {
    observe("guardTrips", trips, { ...system, [ATTRIBUTES.telemetryPart.name]: part });
  }
  for (const [version, buses] of cells.buses) {
    const labels = { ...system, [ATTRIBUTES.version.name]: version, [ATTRIBUTES.transport.name]: "memory" };
    observe("busInfo", buses, labels);
  }
  const { spans } = telemetryState();
  for (const result of ["exported", "dropped", "failed"] as const) {
    observe("telemetrySpans", spans[result], { ...system, [ATTRIBUTES.telemetryResult.name]: result });
  }
  observe("telemetryQueue", spans.queued, system);
}

function observePublishCell(cell: PublishCell, observe: Observe): void {
  const labels = publishLabels(cell.destination);
  const operation = { ...labels, [ATTRIBUTES.operationName.name]: "publish" };
  observe("sent", cell.sent, operation);
  for (const [type, count] of cell.failed) observe("sent", count, { ...operation, [ATTRIBUTES.errorType.name]: type });
  for (const [reason, count] of cell.refused) {
    observe("refused", count, { ...labels, [ATTRIBUTES.refusalReason.name]: reason });
  }
  observe("unrouted", cell.unrouted, labels);
  observe("scheduled", cell.scheduled, labels);
}

function observeDeliveryCell(cell: DeliveryCell, observe: Observe): void {
  const labels = deliveryLabels(cell.destination, cell.subscription);
  const { callsBegun, callsReturned } = cell;
  observe("matched", cell.matched + callsBegun, labels);
  observe("deliveries", cell.handled + callsReturned, { ...labels, [ATTRIBUTES.outcome.name]: "handled" });
  for (const [key, count] of cell.outcomes) observe("deliveries", count, { ...labels, ...outcomeLabels(key) });
  const operation = { ...labels, [ATTRIBUTES.operationName.name]: "process" };
  observe("consumed", cell.consumed + callsReturned, operation);
  for (const [type, count] of cell.consumedFailed) {
    observe("consumed", count, { ...operation, [ATTRIBUTES.errorType.name]: type });
  }
  const state = ATTRIBUTES.deliveryState.name;
  observe("inFlight", cell.queued, { ...labels, [state]: "queued" });
  observe("inFlight", cell.running + callsBegun - callsReturned, { ...labels, [state]: "running" });
  observe("inFlight", cell.waitingForRetry, { ...labels, [state]: "waiting_for_retry" });
  observe("lateResults", cell.lateResults, labels);
  observe("retries", cell.retries, labels);
  observe("lastSuccess", cell.lastSuccessMs / 1000, labels);
  for (const kind of ["stored", "replayed", "removed", "evicted"] as const) {
    observe("deadLetterEvents", cell.deadLetters[kind], { ...labels, [ATTRIBUTES.deadLetterOperation.name]: kind });
  }
  observe("deadLettersStored", cell.deadLetters.held, labels);
}

function outcomeLabels(key: string): api.Attributes {
  const [outcome, disposition, reason] = key.split("|");
  const labels: api.Attributes = { [ATTRIBUTES.outcome.name]: outcome ?? "" };
  if (disposition) labels[ATTRIBUTES.disposition.name] = disposition; // an undefined label would be a second series
  if (reason) labels[ATTRIBUTES.reason.name] = reason;
  return labels;
}
