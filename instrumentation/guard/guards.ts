import * as api from "@opentelemetry/api";
import type { LogRecordProcessor } from "@opentelemetry/sdk-logs";
import type { IMetricReader } from "@opentelemetry/sdk-metrics";
import type { IdGenerator, Sampler, SpanProcessor } from "@opentelemetry/sdk-trace";
import type { Guard, GuardedPart } from "../../src/telemetry/guard.ts";
import { OnlyCall } from "./only-call.ts";

/** The telemetry firewall around what the application plugs into the SDK: nothing throws into `startSpan`, `end` or the process. */
export class Guards {
  readonly #guard: Guard;

  constructor(guard: Guard) {
    this.#guard = guard;
  }

  spanProcessor(inner: SpanProcessor): SpanProcessor {
    const guarded: SpanProcessor = {
      onStart: (span, parent) => this.#run("span", () => inner.onStart(span, parent)),
      onEnd: (span) => this.#run("span", () => inner.onEnd(span)),
      forceFlush: () => this.settle("span", () => inner.forceFlush()),
      shutdown: () => this.settle("span", () => inner.shutdown()),
    };
    if (typeof inner.onEnding === "function") {
      guarded.onEnding = (span) => this.#run("span", () => inner.onEnding?.(span));
    }
    return guarded;
  }

  logRecordProcessor(inner: LogRecordProcessor): LogRecordProcessor {
    const guarded: LogRecordProcessor = {
      onEmit: (record, context) => this.#run("logger", () => inner.onEmit(record, context)),
      forceFlush: (options) => this.settle("logger", () => inner.forceFlush(options)),
      shutdown: () => this.settle("logger", () => inner.shutdown()),
    };
    if (typeof inner.enabled === "function") {
      guarded.enabled = (options) => this.#guard.run("logger", () => inner.enabled?.(options) ?? true, true);
    }
    return guarded;
  }

  /** A reader that rejects stays a rejection for who asked it to flush (the report says so), not for the process. */
  metricReader(inner: IMetricReader): IMetricReader {
    return {
      setMetricProducer: (producer) => this.#run("meter", () => inner.setMetricProducer(producer)),
      selectAggregation: (type) =>
        this.#guard.run("meter", () => inner.selectAggregation(type), { type: DEFAULT_AGGREGATION }),
      selectAggregationTemporality: (type) => {
        return this.#guard.run("meter", () => inner.selectAggregationTemporality(type), CUMULATIVE);
      },
      selectCardinalityLimit: (type) => this.#guard.run("meter", () => inner.selectCardinalityLimit(type), MAX_SERIES),
      collect: (options) => inner.collect(options),
      forceFlush: async (options) => inner.forceFlush(options),
      shutdown: async (options) => inner.shutdown(options),
    };
  }

  /** A sampler that throws, or answers with no decision, is asked in vain: `fallback` decides. */
  sampler(inner: Sampler, fallback: Sampler): Sampler {
    return {
      shouldSample: (...question) => {
        try {
          const result = inner.shouldSample(...question);
          if (isDecision(result?.decision)) return result;
          throw new TypeError("the sampler returned no decision");
        } catch (error) {
          this.#guard.trip("tracer", error);
          return fallback.shouldSample(...question);
        }
      },
      toString: () => this.#guard.run("tracer", () => String(inner), "a sampler that cannot be named"),
    };
  }

  /** Ids that are malformed, or that cost a throw, are replaced by random ones. */
  idGenerator(inner: IdGenerator, fallback: IdGenerator): IdGenerator {
    const checked = (make: () => string, form: RegExp): string | undefined => {
      const id = this.#guard.run<unknown>("tracer", make, undefined);
      if (typeof id === "string" && form.test(id)) return id;
      if (id !== undefined) this.#guard.trip("tracer", new TypeError("the id generator made a malformed id"));
      return undefined;
    };
    return {
      generateTraceId: () => checked(() => inner.generateTraceId(), TRACE_ID) ?? fallback.generateTraceId(),
      generateSpanId: () => checked(() => inner.generateSpanId(), SPAN_ID) ?? fallback.generateSpanId(),
    };
  }

  propagator(inner: api.TextMapPropagator): api.TextMapPropagator {
    return {
      inject: (context, carrier, setter) => this.#run("propagator", () => inner.inject(context, carrier, setter)),
      extract: (context, carrier, getter) => {
        return this.#guard.run("propagator", () => inner.extract(context, carrier, getter), context);
      },
      fields: () => this.#guard.run<string[]>("propagator", () => inner.fields(), []),
    };
  }

  /** Whatever the manager does (throw before, throw after, never call), what it is asked to run runs, once. */
  contextManager(inner: api.ContextManager): api.ContextManager {
    const guarded: api.ContextManager = {
      active: () => this.#guard.run("context_manager", () => inner.active(), api.ROOT_CONTEXT),
      with: (...question) => {
        const [context, run, that, ...args] = question;
        const call = new OnlyCall(() => run.call(that as ThisParameterType<typeof run>, ...args));
        this.#run("context_manager", () => {
          inner.with(context, () => call.make());
        });
        return call.finish();
      },
      bind: (context, target) => this.#guard.run("context_manager", () => inner.bind(context, target), target),
      enable: () => {
        this.#run("context_manager", () => inner.enable());
        return guarded;
      },
      disable: () => {
        this.#run("context_manager", () => inner.disable());
        return guarded;
      },
    };
    return guarded;
  }

  /** Runs something that may throw or reject; resolves in either case. */
  async settle(part: GuardedPart, run: () => unknown): Promise<void> {
    try {
      await run();
    } catch (error) {
      this.#guard.trip(part, error);
    }
  }

  /** Also takes the rejection of what was written as an async function although nobody awaits it. */
  #run(part: GuardedPart, run: () => unknown): void {
    try {
      const returned = run();
      if (returned instanceof Promise) returned.catch((error: unknown) => this.#guard.trip(part, error));
    } catch (error) {
      this.#guard.trip(part, error);
    }
  }
}

// enum values of @opentelemetry/sdk-metrics, which is loaded late
const DEFAULT_AGGREGATION = 0;
const CUMULATIVE = 1;
const MAX_SERIES = 2000;

const TRACE_ID = /^(?!0{32})[0-9a-f]{32}$/;
const SPAN_ID = /^(?!0{16})[0-9a-f]{16}$/;

function isDecision(value: unknown): boolean {
  return value === 0 || value === 1 || value === 2;
}
