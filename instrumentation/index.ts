export type { DeliveryStatus, TelemetryReport } from "../src/telemetry/telemetry-report.ts";
export { type CreateLoggerOptions, createLogger } from "./logging/logger.ts";
export type { TraceLinkOptions } from "./logging/trace-link.ts";
export type { InstrumentationLike, TelemetryOptions } from "./options.ts";
export { runningTelemetry, startTelemetry } from "./start-telemetry.ts";
export type { DeadlineOptions, Telemetry, TelemetryStats } from "./telemetry.ts";
