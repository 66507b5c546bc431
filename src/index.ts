export type { CutDelivery } from "./bus/cut-delivery.ts";
export type { EventsOptions, WaitForOptions } from "./bus/event-stream.ts";
export type { CancelledEvent, CloseReport, DrainReport } from "./bus/lifecycle.ts";
export type {
  BusDescription,
  EventDescription,
  EventExplanation,
  MatchExplanation,
  SubscriptionDescription,
} from "./bus/topology.ts";
export { defineEvents } from "./catalog/catalog.ts";
export type {
  AnyCatalog,
  Catalog,
  ContextOf,
  DataOf,
  DefaultCatalog,
  EventName,
  EventShape,
  EventsMatching,
  HandlerOf,
  InputOf,
  PatternOf,
  Publish,
  ValidPattern,
} from "./catalog/catalog-types.ts";
export type { AttributeValue, EventDefinition, ServiceLevel } from "./catalog/event-definition.ts";
export type { StandardSchemaV1 } from "./catalog/standard-schema.ts";
export {
  type ActionFailureData,
  type ActionStartData,
  type ActionSuccessData,
  type ConnectionData,
  type ConnectionErrorData,
  type ErrorSummary,
  type PluginData,
  type PluginErrorData,
  type ResourceData,
  type ResourceErrorData,
  type SystemEvents,
  systemEvents,
} from "./catalog/system-events.ts";
export { currentEvent, logFields } from "./context.ts";
export { type FunctionDecorator, type PublishEventOptions, publishEvent } from "./decorators/publish-event.ts";
export {
  type HandlerSubscriber,
  type MethodSubscriber,
  type SubscribeTo,
  type SubscribeToOptions,
  subscribeTo,
} from "./decorators/subscribe-to.ts";
export {
  type Bounded,
  type ErrorBoundaryOptions,
  type MethodBoundary,
  withErrorBoundary,
} from "./decorators/with-error-boundary.ts";
export type { DeadLetter, DeadLetterError, DeadLetters } from "./delivery/dead-letter.ts";
export type { AttemptFailure, DeliveryFailure } from "./delivery/host.ts";
export type { Ledger } from "./delivery/ledger.ts";
export type { BusErrorCode } from "./error-codes.ts";
export { BusError, DeliveryError, ValidationError, type ValidationIssue } from "./errors.ts";
export { type BusEvent, createEvent, type SerializedEvent, validateEvent } from "./event/event.ts";
export type { EventHeaders, EventInit } from "./event/event-init.ts";
export { EventBus } from "./event-bus.ts";
export type { Handler, HandlerContext, Middleware } from "./handler.ts";
export type { Logger } from "./logger.ts";
export type {
  BackoffOptions,
  BusOptions,
  DeduplicateOptions,
  ErrorClass,
  ErrorDetail,
  IncomingTrace,
  PublishOptions,
  QueueOptions,
  QueuePolicy,
  RetryOptions,
  SpanLevel,
  SubscribeOptions,
  TraceMode,
} from "./options.ts";
export type { DeliveryDisposition, DeliveryOutcome, DeliveryReport, PublishResult } from "./outcome.ts";
export type { Subscription } from "./routing/subscription.ts";
export { stopGracefully } from "./stop/stop-gracefully.ts";
export { stopOnSignals } from "./stop/stop-on-signals.ts";
export type {
  StopOnSignalsOptions,
  StopOptions,
  StoppableBus,
  StopSignal,
  TimeLeft,
} from "./stop/stop-options.ts";
export type { CutWork, StopReport, TelemetryStop } from "./stop/stop-report.ts";
export {
  type JaegerSearchOptions,
  type JaegerTraceOptions,
  jaegerSearchUrl,
  jaegerTraceUrl,
} from "./telemetry/jaeger.ts";
export type { SpanCounts, StoppableTelemetry } from "./telemetry/process.ts";
export type { DeliveryStatus, TelemetryReport } from "./telemetry/telemetry-report.ts";
