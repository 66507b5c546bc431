import type { LoggerProvider, LogRecordExporter, LogRecordProcessor, ReadableLogRecord } from "@opentelemetry/sdk-logs";
import type { SpanCounts } from "../../src/telemetry/process.ts";
import { plural } from "../guard/notices.ts";
import { type LogSdk, loadLogSdk } from "../packages.ts";
import { withoutCredentials } from "../settings/http-url.ts";
import { ExportCaller } from "./export-call.ts";
import { ExportQueue } from "./export-queue.ts";
import { otlpConfig, type Pipeline, type PipelineParts } from "./pipeline.ts";

/** Log records: batched, counted, exported. */
export interface LogPipeline extends Pipeline {
  readonly provider: LoggerProvider;
  readonly counts: SpanCounts;
}

export function createLogPipeline(parts: PipelineParts): LogPipeline {
  const { options, settings, guards, resource } = parts;
  const logSdk = loadLogSdk();
  const caller = new ExportCaller(parts.sdk, settings.exportTimeoutMs);
  const queue = buildQueue(parts, caller, buildExporter(parts, logSdk));
  const given = options.logRecordProcessors?.map((processor) => guards.logRecordProcessor(processor));
  const processors = given ?? [queueingProcessor(queue)];
  return {
    provider: new logSdk.logs.LoggerProvider({ resource, processors }),
    counts: queue.counts,
    flush: async () => {
      await Promise.all(processors.map((processor) => processor.forceFlush()));
    },
    shutdown: async () => {
      await Promise.all(processors.map((processor) => processor.shutdown()));
    },
    abandon: () => {
      queue.abandon();
      caller.abandon(new Error("the telemetry was shut down"));
    },
  };
}

function buildExporter(parts: PipelineParts, { exporter, logs }: LogSdk): LogRecordExporter {
  if (parts.settings.logs.exporter === "console") return new logs.ConsoleLogRecordExporter();
  return new exporter.OTLPLogExporter(otlpConfig(parts, parts.settings.logs));
}

function buildQueue(
  parts: PipelineParts,
  caller: ExportCaller,
  exporter: LogRecordExporter,
): ExportQueue<ReadableLogRecord> {
  const { settings, notices, failures } = parts;
  const target = withoutCredentials(settings.logs.url);
  const tellDropped = () => `log records are being dropped: ${settings.queueSize} wait for export already (queueSize)`;
  return new ExportQueue({
    capacity: settings.queueSize,
    batchSize: settings.batchSize,
    delayMs: settings.batchDelayMs,
    send: (records, answer) => caller.call(exporter, records, answer),
    onDropped: () => notices.warn("logs dropped", tellDropped),
    onFailed: (records, failure) => failures.add("logs", plural(records, "log record"), { target, failure }),
  });
}

function queueingProcessor(queue: ExportQueue<ReadableLogRecord>): LogRecordProcessor {
  return {
    onEmit: (record) => queue.add(record),
    forceFlush: () => queue.flush(),
    shutdown: async () => {
      queue.close();
      await queue.flush();
    },
  };
}
