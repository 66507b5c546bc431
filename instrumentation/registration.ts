import * as api from "@opentelemetry/api";
import { attachMetrics } from "../src/telemetry/metrics.ts";
import { telemetryState } from "../src/telemetry/process.ts";
import type { PipelineParts } from "./export/pipeline.ts";
import type { SpanPipeline } from "./export/span-pipeline.ts";
import { type ApiPart, registered } from "./guard/api-global.ts";
import type { InstrumentationLike } from "./options.ts";
import type { Pipelines } from "./report.ts";
import { attributeWriter } from "./settings/attribute-writer.ts";
import { type ContextManagerChoice, createContextManager } from "./settings/context-manager.ts";
import { choosePropagator } from "./settings/propagators.ts";

/**
 * Makes the pipelines the process's OpenTelemetry SDK. What another SDK has registered already stays: it is told, and
 * left alone.
 *
 * @returns takes everything away again that was registered here
 */
export function register(parts: PipelineParts, pipelines: Pipelines): () => void {
  const { sdk, options, guards, notices } = parts;
  const { spans, metrics, logs } = pipelines;
  const undo: (() => void)[] = [];
  const enter = (part: ApiPart, registerIt: () => unknown, leave: () => void): void => {
    if (registered(part) !== undefined) {
      notices.warn(part, () => `another OpenTelemetry SDK is registered for ${part}: it stays in use`);
      return;
    }
    registerIt();
    const ours = registered(part);
    undo.push(() => {
      if (registered(part) === ours) leave(); // else another SDK took the place meanwhile, and keeps it
    });
  };

  const contexts = chooseContextManager(parts);
  enter(
    "context",
    () => {
      api.context.setGlobalContextManager(contexts.manager.enable());
      undo.push(shareContexts(contexts));
    },
    () => api.context.disable(),
  );
  const propagator = choosePropagator(sdk, options.propagators ?? parts.environment.OTEL_PROPAGATORS, parts);
  if (propagator !== undefined) {
    enter(
      "propagation",
      () => api.propagation.setGlobalPropagator(propagator),
      () => api.propagation.disable(),
    );
  }
  if (metrics !== undefined) {
    enter(
      "metrics",
      () => {
        api.metrics.setGlobalMeterProvider(metrics.provider);
        attachMetrics(metrics.provider); // counts made so far, although no bus may publish again
      },
      () => api.metrics.disable(),
    );
  }
  if (logs !== undefined) {
    enter(
      "logs",
      () => api.logs.setGlobalLoggerProvider(logs.provider),
      () => api.logs.disable(),
    );
  }
  if (spans !== undefined) {
    const shareToo = () => {
      api.trace.setGlobalTracerProvider(spans.provider);
      undo.push(shareState(parts, spans));
    };
    enter("trace", shareToo, () => api.trace.disable());
  }
  for (const each of (options.instrumentations ?? []).flat() as InstrumentationLike[]) {
    void guards.settle("tracer", () => enable(each, pipelines));
    undo.push(() => void guards.settle("tracer", () => each.disable()));
  }
  return () => {
    for (const leave of undo.toReversed()) leave();
  };
}

function chooseContextManager({ sdk, options, guards }: PipelineParts): ContextManagerChoice {
  const { contextManager } = options;
  if (contextManager === undefined) return createContextManager(sdk);
  return { manager: guards.contextManager(contextManager), enter: undefined };
}

/** Shows the buses of this process the short way into contexts. */
function shareContexts({ enter }: ContextManagerChoice): () => void {
  const state = telemetryState();
  state.contexts = enter === undefined ? undefined : { manager: registered("context"), enter };
  return () => {
    state.contexts = undefined;
  };
}

/** Tells the buses of this process what they may rely on. */
function shareState(
  { sdk, environment, options, settings }: PipelineParts,
  { isParentBased, counts }: SpanPipeline,
): () => void {
  const state = telemetryState();
  const { trustCorrelationId } = settings;
  state.writeAttributes = attributeWriter(sdk, environment);
  state.readsStartAttributes = options.sampler !== undefined || options.spanProcessors !== undefined;
  state.tracerProvider = registered("trace");
  state.parentBased = isParentBased;
  state.trustCorrelationId = trustCorrelationId;
  state.spans = counts;
  return () => {
    state.tracerProvider = undefined;
    state.readsStartAttributes = true;
    state.writeAttributes = undefined;
    state.parentBased = false;
    state.trustCorrelationId = false;
    state.nextTraceId = undefined;
    state.spans = { exported: 0, dropped: 0, failed: 0, queued: 0 };
  };
}

function enable(instrumentation: InstrumentationLike, { spans, metrics, logs }: Pipelines): void {
  if (spans !== undefined) instrumentation.setTracerProvider(spans.provider);
  if (metrics !== undefined) instrumentation.setMeterProvider(metrics.provider);
  if (logs !== undefined) instrumentation.setLoggerProvider?.(logs.provider);
  if (instrumentation.getConfig?.().enabled !== true) instrumentation.enable();
}
