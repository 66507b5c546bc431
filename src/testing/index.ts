export {
  assertConserved,
  assertLogged,
  assertMetric,
  assertTree,
  type ExpectedGrowth,
  type ExpectedLog,
} from "./assertions.ts";
export { createTestBus, type TestBusOptions } from "./create-test-bus.ts";
export type { TraceSpan } from "./harness-span.ts";
export type { InFlightDelivery } from "./in-flight.ts";
export { type SpanbusAssertions, spanbusMatchers } from "./matchers.ts";
export type { MetricCount, MetricCounts, MetricLabels, MetricName } from "./metric-counts.ts";
export {
  type RecordedCall,
  type RecordingHandler,
  type RecordingHandlerOptions,
  recordingHandler,
} from "./recording-handler.ts";
export {
  createRecordingLogger,
  type LogLevel,
  type LogLine,
  type RecordingLogger,
  type RecordingLoggerOptions,
} from "./recording-logger.ts";
export type {
  BusRecords,
  CutRecord,
  DeadLetteredRecord,
  DeliveredRecord,
  FailedRecord,
  PublishedRecord,
  RefusedRecord,
  RetriedRecord,
} from "./records.ts";
export type { SettleOptions } from "./settling.ts";
export { testEvent } from "./test-event.ts";
export { type ExpectedFailures, NotSettledError, UnexpectedFailuresError } from "./test-failures.ts";
export type { TestHarness } from "./test-harness.ts";
export type { TestRun } from "./test-run.ts";
export type { Trace } from "./trace.ts";
export type { TransportCapability } from "./transport-suite/case-definition.ts";
export type { TransportSetup } from "./transport-suite/case-world.ts";
export {
  type TransportCase,
  type TransportSuite,
  type TransportSuiteOptions,
  transportSuite,
} from "./transport-suite/transport-suite.ts";
