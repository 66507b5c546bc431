import * as api from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from "@opentelemetry/core";
import {
  InMemoryLogRecordExporter,
  LoggerProvider,
  type ReadableLogRecord,
  SimpleLogRecordProcessor,
} from "@opentelemetry/sdk-logs";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import {
  AlwaysOnSampler,
  type IdGenerator,
  type ReadableSpan,
  type Sampler,
  SamplingDecision,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import type { ReceivedMetric } from "../support/otlp-receiver.ts";
import { collectMetrics, ManualReader } from "./manual-reader.ts";

/** A span as tests compare it; `span-tree.ts` draws it. */
export interface RecordedSpan {
  readonly name: string;
  readonly kind: "INTERNAL" | "SERVER" | "CLIENT" | "PRODUCER" | "CONSUMER";
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly status: { readonly code: "UNSET" | "OK" | "ERROR"; readonly message: string | undefined };
  readonly attributes: Readonly<Record<string, api.AttributeValue | undefined>>;
  readonly events: readonly { readonly name: string; readonly attributes: api.Attributes }[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly scope: {
    readonly name: string;
    readonly version: string | undefined;
    readonly schemaUrl: string | undefined;
  };
  readonly startNs: bigint;
}

/** What a sampler was shown when a span started. */
interface SampledStart {
  readonly name: string;
  readonly kind: api.SpanKind;
  readonly attributes: api.Attributes;
  readonly links: readonly api.SpanContext[];
}

export interface RecordOptions {
  /** @default a sampler that samples everything */
  readonly sampler?: Sampler;
  readonly idGenerator?: IdGenerator;
  /** Which parts to register besides the tracer provider. @default all */
  readonly parts?: readonly ("context" | "propagation" | "metrics" | "logs")[];
}

/** An SDK registered with the OpenTelemetry API that keeps everything in memory; `using` takes it away again. */
export interface RecordedSdk extends Disposable {
  /** Spans that ended, in the order of their ends. */
  spans(): RecordedSpan[];
  /** The spans of this name. */
  named(name: string): RecordedSpan[];
  /** What the sampler was asked, in order. */
  readonly sampled: readonly SampledStart[];
  /** How many recording spans have started. */
  readonly started: number;
  /** Collects the metrics now. */
  metrics(): Promise<ReceivedMetric[]>;
  /** What the last collections could not observe. */
  readonly metricErrors: readonly unknown[];
  logs(): readonly ReadableLogRecord[];
}

const KINDS = ["INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"] as const;
const STATUSES = ["UNSET", "OK", "ERROR"] as const;
const ALL_PARTS = ["context", "propagation", "metrics", "logs"] as const;

export function recordSdk({ sampler, idGenerator, parts = ALL_PARTS }: RecordOptions = {}): RecordedSdk {
  const ended: ReadableSpan[] = [];
  const counts = { started: 0 };
  const sampled: SampledStart[] = [];
  const reader = new ManualReader();
  const logExporter = new InMemoryLogRecordExporter();
  const tracerProvider = new TracerProvider({
    sampler: recordingSampler(sampler ?? new AlwaysOnSampler(), sampled),
    ...(idGenerator === undefined ? undefined : { idGenerator }),
    spanProcessors: [
      {
        onStart: () => {
          counts.started++;
        },
        onEnd: (span) => ended.push(span),
        forceFlush: async () => undefined,
        shutdown: async () => undefined,
      },
    ],
  });
  api.trace.setGlobalTracerProvider(tracerProvider);
  if (parts.includes("context")) {
    api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  }
  if (parts.includes("propagation")) api.propagation.setGlobalPropagator(w3cPropagator());
  if (parts.includes("metrics")) api.metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
  if (parts.includes("logs")) {
    const processors = [new SimpleLogRecordProcessor({ exporter: logExporter })];
    api.logs.setGlobalLoggerProvider(new LoggerProvider({ processors }));
  }
  const metricErrors: unknown[] = [];
  const spans = (): RecordedSpan[] => ended.map(toRecorded);
  return {
    spans,
    named: (name) => spans().filter((span) => span.name === name),
    sampled,
    get started() {
      return counts.started;
    },
    metrics: () => collectMetrics(reader, metricErrors),
    metricErrors,
    logs: () => logExporter.getFinishedLogRecords(),
    [Symbol.dispose]: unregisterSdk,
  };
}

/** Takes whatever is registered with the OpenTelemetry API out of service. */
export function unregisterSdk(): void {
  api.trace.disable();
  api.context.disable();
  api.propagation.disable();
  api.metrics.disable();
  api.logs.disable();
}

/** Forgets the counts and the state that all buses of this process share. */
export function resetProcessState(): void {
  const holder = globalThis as Record<symbol, unknown>;
  delete holder[Symbol.for("spanbus.metrics")];
  delete holder[Symbol.for("spanbus.telemetry")];
}

/** A sampler that drops every span, or those that start a trace with one of these names. */
export function droppingSampler(names?: readonly string[]): Sampler {
  return {
    shouldSample: (_context, _traceId, name) => ({
      decision:
        names === undefined || names.includes(name) ? SamplingDecision.NOT_RECORD : SamplingDecision.RECORD_AND_SAMPLED,
    }),
    toString: () => "DroppingSampler",
  };
}

function recordingSampler(inner: Sampler, sampled: SampledStart[]): Sampler {
  return {
    shouldSample(context, traceId, name, kind, attributes, links) {
      sampled.push({ name, kind, attributes: { ...attributes }, links: links.map((link) => link.context) });
      return inner.shouldSample(context, traceId, name, kind, attributes, links);
    },
    toString: () => `RecordingSampler{${inner.toString()}}`,
  };
}

function w3cPropagator(): api.TextMapPropagator {
  return new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] });
}

function toRecorded(span: ReadableSpan): RecordedSpan {
  const { traceId, spanId } = span.spanContext();
  const { name, version, schemaUrl } = span.instrumentationScope;
  return {
    name: span.name,
    kind: KINDS[span.kind] ?? "INTERNAL",
    traceId,
    spanId,
    parentSpanId: span.parentSpanContext?.spanId,
    status: { code: STATUSES[span.status.code] ?? "UNSET", message: span.status.message },
    attributes: { ...span.attributes },
    events: span.events.map((event) => ({ name: event.name, attributes: { ...event.attributes } })),
    links: span.links.map(({ context }) => ({ traceId: context.traceId, spanId: context.spanId })),
    scope: { name, version, schemaUrl },
    startNs: BigInt(span.startTime[0]) * 1_000_000_000n + BigInt(span.startTime[1]),
  };
}
