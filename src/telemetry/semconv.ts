/**
 * Every name of the telemetry contract, once. Messaging names follow OpenTelemetry semantic conventions 1.45
 * (messaging: Development), copied here because unstable names may move under a dependency; `spanbus.*` names are ours.
 */
export const SCHEMA_URL = "https://opentelemetry.io/schemas/1.45.0";
export const SCOPE_NAME = "spanbus";
export const SYSTEM_NAME = "spanbus";

/** Stands in for whatever is not allowed to become a span name, a label or an error type of its own. */
export const OTHER = "_other";
export const OTHER_ERROR_TYPE = "_OTHER";

/** Bucket boundaries of every duration histogram, in seconds: the convention's, and finer ones for in-process handlers. */
export const DURATION_BOUNDARIES: readonly number[] = [
  0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5,
  7.5, 10,
];

/** Baggage entry that carries a correlation id that is not the trace id. */
export const BAGGAGE_CORRELATION_ID = "spanbus.correlation_id";

/** Attributes of spans and labels of metrics. */
export const ATTRIBUTES = {
  system: {
    name: "messaging.system.name",
    on: "spans at start, metrics",
    meaning: "`spanbus` in process; the engine's name on an engine",
  },
  operationName: { name: "messaging.operation.name", on: "spans at start, metrics", meaning: "`publish` or `process`" },
  operationType: { name: "messaging.operation.type", on: "spans at start, metrics", meaning: "`send` or `process`" },
  destination: {
    name: "messaging.destination.name",
    on: "spans at start, metrics",
    meaning: "the event name; on metrics the template of a family, or `_other`",
  },
  template: {
    name: "messaging.destination.template",
    on: "spans at start (families)",
    meaning: "the template the name belongs to",
  },
  messageId: { name: "messaging.message.id", on: "spans", meaning: "the event's id" },
  conversationId: {
    name: "messaging.message.conversation_id",
    on: "every span",
    meaning: "the correlation id: what to search traces by",
  },
  source: { name: "spanbus.event.source", on: "spans", meaning: "the event's source" },
  causationId: { name: "spanbus.causation_id", on: "spans", meaning: "the id of the event that caused this one" },
  errorType: {
    name: "error.type",
    on: "spans and metrics of failures",
    meaning: "`timeout`, a code in lower case, the error's class, or `_OTHER`",
  },
  deliveryCount: { name: "spanbus.delivery.count", on: "publish spans", meaning: "how many subscriptions matched" },
  subscription: {
    name: "messaging.destination.subscription.name",
    on: "process spans, metrics",
    meaning: "the subscription's name",
  },
  attempt: { name: "spanbus.delivery.attempt", on: "process spans", meaning: "1 for the first attempt" },
  outcome: {
    name: "spanbus.delivery.outcome",
    on: "process spans, metrics",
    meaning: "how the delivery ended; `retry` on the span of an attempt that will be repeated",
  },
  disposition: {
    name: "spanbus.delivery.disposition",
    on: "process spans, metrics",
    meaning: "`dead_lettered` or `discarded`, when failed or timed out",
  },
  reason: { name: "spanbus.delivery.reason", on: "metrics", meaning: "why it was dropped, aborted or discarded" },
  refusalReason: { name: "spanbus.refusal.reason", on: "metrics", meaning: "the refusal's code in lower case" },
  deliveryState: {
    name: "spanbus.delivery.state",
    on: "metrics",
    meaning: "`queued`, `running` or `waiting_for_retry`",
  },
  deadLetterOperation: {
    name: "spanbus.dead_letter.operation",
    on: "metrics",
    meaning: "`stored`, `replayed`, `removed` or `evicted`",
  },
  subscriptionState: { name: "spanbus.subscription.state", on: "metrics", meaning: "`active` or `paused`" },
  telemetryPart: { name: "spanbus.telemetry.part", on: "metrics", meaning: "what threw: `tracer`, `logger`, …" },
  telemetryResult: {
    name: "spanbus.telemetry.result",
    on: "metrics",
    meaning: "`exported`, `dropped` or `failed`",
  },
  version: { name: "spanbus.version", on: "metrics", meaning: "the version of spanbus" },
  transport: { name: "spanbus.transport", on: "metrics", meaning: "`memory` in process" },
} as const;

/** Metrics; all carry the system name, and the destination unless `labels` says otherwise. */
export const METRICS = {
  sent: {
    name: "messaging.client.sent.messages",
    kind: "counter",
    unit: "{message}",
    labels: "operation.name, error.type",
    meaning: "publish calls that were decided: accepted and refused",
  },
  operationDuration: {
    name: "messaging.client.operation.duration",
    kind: "histogram",
    unit: "s",
    labels: "operation.name, operation.type, error.type",
    meaning: "duration of the publish span",
  },
  consumed: {
    name: "messaging.client.consumed.messages",
    kind: "counter",
    unit: "{message}",
    labels: "operation.name, subscription.name, error.type",
    meaning: "delivery attempts that ended",
  },
  processDuration: {
    name: "messaging.process.duration",
    kind: "histogram",
    unit: "s",
    labels: "operation.name, subscription.name, error.type",
    meaning: "duration of a delivery attempt",
  },
  refused: {
    name: "spanbus.event.refused",
    kind: "counter",
    unit: "{event}",
    labels: "spanbus.refusal.reason",
    meaning: "publish calls refused",
  },
  unrouted: {
    name: "spanbus.event.unrouted",
    kind: "counter",
    unit: "{event}",
    labels: "",
    meaning: "accepted events that matched no subscription",
  },
  scheduled: {
    name: "spanbus.event.scheduled",
    kind: "upDownCounter",
    unit: "{event}",
    labels: "",
    meaning: "accepted events that wait for their time",
  },
  matched: {
    name: "spanbus.delivery.matched",
    kind: "counter",
    unit: "{delivery}",
    labels: "subscription.name",
    meaning: "deliveries made by publishing",
  },
  deliveries: {
    name: "spanbus.deliveries",
    kind: "counter",
    unit: "{delivery}",
    labels: "subscription.name, spanbus.delivery.outcome, .disposition, .reason",
    meaning: "deliveries settled, by outcome",
  },
  inFlight: {
    name: "spanbus.delivery.in_flight",
    kind: "upDownCounter",
    unit: "{delivery}",
    labels: "subscription.name, spanbus.delivery.state",
    meaning: "deliveries not settled yet",
  },
  deliveryDuration: {
    name: "spanbus.delivery.duration",
    kind: "histogram",
    unit: "s",
    labels: "subscription.name",
    meaning: "from hand-over to settling, waits and retries included (critical time)",
  },
  waitDuration: {
    name: "spanbus.delivery.wait.duration",
    kind: "histogram",
    unit: "s",
    labels: "subscription.name",
    meaning: "from publish to the start of the handler's first attempt",
  },
  lateResults: {
    name: "spanbus.delivery.late_results",
    kind: "counter",
    unit: "{result}",
    labels: "subscription.name",
    meaning: "handlers that returned after their attempt had timed out or been aborted",
  },
  retries: {
    name: "spanbus.handler.retries",
    kind: "counter",
    unit: "{retry}",
    labels: "subscription.name",
    meaning: "attempts after the first",
  },
  lastSuccess: {
    name: "spanbus.handler.last_success.time",
    kind: "gauge",
    unit: "s",
    labels: "subscription.name",
    meaning: "Unix time of the last handled delivery; the time of subscribing at first",
  },
  queueCapacity: {
    name: "spanbus.queue.capacity",
    kind: "upDownCounter",
    unit: "{event}",
    labels: "subscription.name (no destination)",
    meaning: "deliveries that may wait in the queues of the subscription",
  },
  deadLetterEvents: {
    name: "spanbus.dead_letter.events",
    kind: "counter",
    unit: "{event}",
    labels: "subscription.name, spanbus.dead_letter.operation",
    meaning: "dead letters stored, replayed, removed, evicted",
  },
  deadLettersStored: {
    name: "spanbus.dead_letter.stored",
    kind: "upDownCounter",
    unit: "{event}",
    labels: "subscription.name",
    meaning: "dead letters held now",
  },
  subscriptions: {
    name: "spanbus.subscription.count",
    kind: "upDownCounter",
    unit: "{subscription}",
    labels: "spanbus.subscription.state (no destination)",
    meaning: "subscriptions",
  },
  guardTrips: {
    name: "spanbus.telemetry.guard_trips",
    kind: "counter",
    unit: "{trip}",
    labels: "spanbus.telemetry.part (no destination)",
    meaning: "throws of telemetry or user callbacks that were caught",
  },
  telemetrySpans: {
    name: "spanbus.telemetry.spans",
    kind: "counter",
    unit: "{span}",
    labels: "spanbus.telemetry.result (no destination)",
    meaning: "spans that `startTelemetry` exported, dropped, failed to export",
  },
  telemetryQueue: {
    name: "spanbus.telemetry.queue.size",
    kind: "upDownCounter",
    unit: "{span}",
    labels: "none (no destination)",
    meaning: "spans waiting for export in the processor `startTelemetry` built",
  },
  busInfo: {
    name: "spanbus.bus.info",
    kind: "gauge",
    unit: "{bus}",
    labels: "spanbus.version, spanbus.transport (no destination)",
    meaning: "open buses",
  },
} as const;

/** Names of log events: the `event` field of a line (pino) and the event name of an OTLP record. */
export const LOG_EVENTS = {
  deadLettered: "spanbus.event.dead_lettered",
  refused: "spanbus.event.refused",
  guardTripped: "spanbus.telemetry.guard_tripped",
  stopped: "spanbus.process.stopped",
  linkEnded: "spanbus.link.ended",
  processException: "messaging.process.exception",
  sendException: "messaging.send.exception",
} as const;
