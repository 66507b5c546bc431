import * as api from "@opentelemetry/api";
import { telemetryState } from "../telemetry/process.ts";
import { GLOBAL_API } from "../telemetry/registered.ts";
import type { HarnessContext } from "./harness-context.ts";
import { HarnessSpan } from "./harness-span.ts";

/** What a tracer is asked for by. */
interface TracerKey {
  readonly name: string;
  readonly version: string | undefined;
  readonly options: api.TracerOptions | undefined;
}

/**
 * A tracer provider in memory, for one harness. Where the application has registered an SDK, each span is made there too
 * and has its ids, so that the application's own spans nest under those of the bus; else ids are counted.
 */
export class HarnessTracerProvider<Run extends object> implements api.TracerProvider {
  readonly #context: HarnessContext<Run>;
  readonly #onStart: (span: HarnessSpan, run: Run | undefined) => void;
  #traces = 0;
  #spans = 0;
  #ticks = 0n;

  constructor(context: HarnessContext<Run>, onStart: (span: HarnessSpan, run: Run | undefined) => void) {
    this.#context = context;
    this.#onStart = onStart;
  }

  getTracer(name: string, version?: string, options?: api.TracerOptions): api.Tracer {
    const key = { name, version, options };
    const startSpan: api.Tracer["startSpan"] = (span, spanOptions = {}, context = this.#context.active()) => {
      return this.#start(span, spanOptions, { context, key });
    };
    const startActiveSpan = (span: string, ...rest: unknown[]): unknown => {
      const call = rest.pop() as (started: api.Span) => unknown;
      const [spanOptions, given] = rest as [api.SpanOptions?, api.Context?];
      const context = given ?? this.#context.active();
      const started = startSpan(span, spanOptions, context);
      return this.#context.context.with(api.trace.setSpan(context, started), () => call(started));
    };
    return { startSpan, startActiveSpan: startActiveSpan as api.Tracer["startActiveSpan"] };
  }

  #start(name: string, options: api.SpanOptions, asked: { context: api.Context; key: TracerKey }): HarnessSpan {
    const context = options.root ? api.trace.deleteSpan(asked.context) : asked.context;
    const inner = this.#startInner(name, options, asked);
    const spanContext = inner?.spanContext() ?? this.#countedContext(api.trace.getSpanContext(context));
    const above = this.#context.nearestSpan(context)?.spanContext();
    const isChild = above !== undefined && above.traceId === spanContext.traceId;
    const parentSpanId = isChild ? above.spanId : api.trace.getSpanContext(context)?.spanId;
    const tick = (): bigint => ++this.#ticks * 1_000_000n;
    const span = new HarnessSpan({ name, options, spanContext, parentSpanId, inner, tick });
    const run = this.#context.activeRun() ?? this.#context.runOf(asked.context);
    this.#context.own(span, run);
    this.#onStart(span, run);
    return span;
  }

  /** The same span of the application's SDK; undefined where there is none, or this provider is what it registered. */
  #startInner(name: string, options: api.SpanOptions, asked: { context: api.Context; key: TracerKey }) {
    if (GLOBAL_API.registered()?.trace === undefined) return undefined;
    const provider = api.trace.getTracerProvider();
    if (provider instanceof api.ProxyTracerProvider && provider.getDelegate() === this) return undefined;
    const { key, context } = asked;
    const span = provider.getTracer(key.name, key.version, key.options).startSpan(name, options, context);
    return api.isSpanContextValid(span.spanContext()) ? span : undefined;
  }

  #countedContext(parent: api.SpanContext | undefined): api.SpanContext {
    const preset = telemetryState().nextTraceId; // of a trusted correlation id; the bus takes it back after the call
    const traceId = parent?.traceId ?? preset ?? (++this.#traces).toString(16).padStart(32, "0");
    const spanId = (++this.#spans).toString(16).padStart(16, "0");
    return { traceId, spanId, traceFlags: api.TraceFlags.SAMPLED };
  }
}
