import { SamplingDecision, TraceFlags, trace as traceApi } from "@opentelemetry/api";
import type { IdGenerator, Sampler, SamplingResult } from "@opentelemetry/sdk-trace";
import { telemetryState } from "../../src/telemetry/process.ts";
import type { Guards } from "../guard/guards.ts";
import type { TelemetryOptions } from "../options.ts";
import type { Sdk } from "../packages.ts";
import type { Environment, SamplerName } from "./environment.ts";

/** A sampler, and what is known about it. */
export interface SamplerChoice {
  readonly sampler: Sampler;
  /** Children of an unsampled span are unsampled. Known only of samplers that are built here. */
  readonly isParentBased: boolean;
}

/** `sampler` as given, `sampleRatio`, OTEL_TRACES_SAMPLER, or every trace; the last three follow the parent by default. */
export function chooseSampler(sdk: Sdk, options: TelemetryOptions, environment: Environment): SamplerChoice {
  if (options.sampleRatio !== undefined)
    return buildSampler(sdk.trace, "parentbased_traceidratio", options.sampleRatio);
  const name = environment.OTEL_TRACES_SAMPLER ?? "parentbased_always_on";
  return buildSampler(sdk.trace, name, environment.OTEL_TRACES_SAMPLER_ARG ?? 1);
}

/** The sampler of {@link chooseSampler} stands in where the application's own throws. */
export function guardSampler(own: Sampler | undefined, choice: SamplerChoice, guards: Guards): SamplerChoice {
  if (own === undefined) return choice;
  return { sampler: guards.sampler(own, choice.sampler), isParentBased: false };
}

function buildSampler(trace: Sdk["trace"], name: SamplerName, ratio: number): SamplerChoice {
  const isParentBased = name.startsWith("parentbased_");
  const root = buildRootSampler(trace, name, ratio);
  if (!isParentBased) return { sampler: root, isParentBased };
  return { sampler: followingSampled(new trace.ParentBasedSampler({ root })), isParentBased };
}

const SAMPLED: SamplingResult = { decision: SamplingDecision.RECORD_AND_SAMPLED };

/**
 * Answers for most spans, children of a sampled span, without asking `inner`, which answers the same: it would check the
 * parent's ids once more. The tracer has done so: only a valid parent's trace id is the new span's.
 */
function followingSampled(inner: Sampler): Sampler {
  return {
    // biome-ignore lint/complexity/useMaxParams: the SDK's signature; gathering the rest would cost an array for each trace
    shouldSample(context, traceId, name, kind, attributes, links) {
      const parent = traceApi.getSpanContext(context);
      const isFollowing = parent?.traceId === traceId && (parent.traceFlags & TraceFlags.SAMPLED) !== 0;
      return isFollowing ? SAMPLED : inner.shouldSample(context, traceId, name, kind, attributes, links);
    },
    toString: () => inner.toString(),
  };
}

function buildRootSampler(trace: Sdk["trace"], name: SamplerName, ratio: number): Sampler {
  if (name.endsWith("always_off")) return new trace.AlwaysOffSampler();
  if (name.endsWith("always_on") || ratio === 1) return new trace.AlwaysOnSampler(); // without arithmetic on each id
  if (ratio === 0) return new trace.AlwaysOffSampler();
  return new trace.TraceIdRatioBasedSampler(ratio);
}

/**
 * Makes ids with `inner`, but for the one trace id that the bus has put into the process state for the span it is
 * starting at this moment. The next trace is `inner`'s again, whoever starts it.
 */
export function withPresetTraceId(inner: IdGenerator): IdGenerator {
  const state = telemetryState();
  return {
    generateTraceId() {
      const preset = state.nextTraceId;
      if (preset === undefined) return inner.generateTraceId();
      state.nextTraceId = undefined;
      return state.trustCorrelationId && TRACE_ID.test(preset) ? preset : inner.generateTraceId();
    },
    generateSpanId: () => inner.generateSpanId(),
  };
}

const TRACE_ID = /^(?!0{32})[0-9a-f]{32}$/;
