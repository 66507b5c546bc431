import { TraceFlags } from "@opentelemetry/api";
import type { ReadableSpan, SpanExporter, SpanLimits, SpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import type { SpanCounts } from "../../src/telemetry/process.ts";
import { plural } from "../guard/notices.ts";
import type { Environment } from "../settings/environment.ts";
import { withoutCredentials } from "../settings/http-url.ts";
import { createIdGenerator } from "../settings/ids.ts";
import { chooseSampler, guardSampler, withPresetTraceId } from "../settings/sampling.ts";
import { ExportCaller } from "./export-call.ts";
import { ExportQueue } from "./export-queue.ts";
import { otlpConfig, type Pipeline, type PipelineParts } from "./pipeline.ts";

/** Spans: sampled, batched, counted, exported. */
export interface SpanPipeline extends Pipeline {
  readonly provider: TracerProvider;
  readonly counts: SpanCounts;
  readonly isParentBased: boolean;
}

export function createSpanPipeline(parts: PipelineParts): SpanPipeline {
  const { sdk, options, environment, settings, guards, notices, failures } = parts;
  const exporter = options.spanExporter ?? buildExporter(parts);
  const isOtlp = options.spanExporter === undefined && settings.traces.exporter === "otlp";
  const target = isOtlp ? withoutCredentials(settings.traces.url) : "the span exporter";
  const caller = new ExportCaller(sdk, settings.exportTimeoutMs);
  const queue = new ExportQueue<ReadableSpan>({
    capacity: settings.queueSize,
    batchSize: settings.batchSize,
    delayMs: settings.batchDelayMs,
    send: (spans, answer) => caller.call(exporter, spans, answer),
    onDropped: () => notices.warn("spans dropped", tellDropped),
    onFailed: (spans, failure) => failures.add("spans", plural(spans, "span"), { target, failure }),
  });
  const tellDropped = () =>
    `spans are being dropped: ${settings.queueSize} wait for export already (queueSize), or telemetry was shut down; ` +
    `${queue.counts.dropped} dropped so far`;
  const processors = [
    ...(options.spanProcessors ?? []).map((processor) => guards.spanProcessor(processor)),
    queueingProcessor(queue, () => guards.settle("span", () => options.spanExporter?.shutdown())),
  ];
  const { sampler, isParentBased } = guardSampler(options.sampler, chooseSampler(sdk, options, environment), guards);
  const random = createIdGenerator();
  const ids = options.idGenerator === undefined ? random : guards.idGenerator(options.idGenerator, random);
  const provider = new sdk.trace.TracerProvider({
    resource: parts.resource,
    sampler,
    idGenerator: settings.trustCorrelationId ? withPresetTraceId(ids) : ids,
    spanProcessors: processors,
    spanLimits: spanLimits(environment),
  });
  return {
    provider,
    counts: queue.counts,
    isParentBased,
    flush: async () => {
      await Promise.all(processors.map((processor) => processor.forceFlush()));
      await guards.settle("span", () => options.spanExporter?.forceFlush?.());
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

function buildExporter(parts: PipelineParts): SpanExporter {
  const { sdk, settings } = parts;
  if (settings.traces.exporter === "console") return new sdk.trace.ConsoleSpanExporter();
  return new sdk.traceExporter.OTLPTraceExporter(otlpConfig(parts, settings.traces));
}

function queueingProcessor(queue: ExportQueue<ReadableSpan>, shutDownExporter: () => Promise<void>): SpanProcessor {
  return {
    onStart() {
      // nothing to do: spans are taken when they have ended
    },
    onEnd(span) {
      if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0) queue.add(span);
    },
    forceFlush: () => queue.flush(),
    shutdown: async () => {
      queue.close();
      await queue.flush();
      await shutDownExporter();
    },
  };
}

function spanLimits(environment: Environment): SpanLimits {
  const count = environment.OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT ?? environment.OTEL_ATTRIBUTE_COUNT_LIMIT;
  const length = environment.OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT ?? environment.OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT;
  const { OTEL_SPAN_EVENT_COUNT_LIMIT: events, OTEL_SPAN_LINK_COUNT_LIMIT: links } = environment;
  return {
    ...(count === undefined ? {} : { attributeCountLimit: count }),
    ...(length === undefined ? {} : { attributeValueLengthLimit: length }),
    ...(events === undefined ? {} : { eventCountLimit: events }),
    ...(links === undefined ? {} : { linkCountLimit: links }),
  };
}
