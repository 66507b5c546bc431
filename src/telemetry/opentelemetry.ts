import * as api from "@opentelemetry/api";
import type { EventHeaders } from "../event/event-init.ts";
import type { IncomingTrace } from "../options.ts";
import type { DeliveryCell, PublishCell } from "./cells.ts";
import type { DurationCell } from "./durations.ts";
import type { Guard } from "./guard.ts";
import { attachMetrics, type DurationKind, type RecordDuration, recordInCell } from "./metrics.ts";
import { type TelemetryProcessState, telemetryState } from "./process.ts";
import { type IncomingContext, incomingContext, outgoingHeaders, withCorrelationBaggage } from "./propagation.ts";
import { GLOBAL_API, type OtelApi } from "./registered.ts";
import { SCHEMA_URL, SCOPE_NAME } from "./semconv.ts";
import { type SpanStart, spanStart } from "./span-start.ts";
import { OtelProcessSpan, OtelPublishSpan, type SpanCount, type StartedSpan } from "./spans.ts";
import type {
  Destination,
  ProcessSpan,
  ProcessSpanOptions,
  PublishSpan,
  PublishSpanOptions,
  Telemetry,
  TraceContext,
} from "./telemetry.ts";
import { VERSION } from "./version.ts";

const WITH_RANDOM_BITS = /^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/;
const HEX_32 = /^[0-9a-f]{32}$/;
const UUID_SHAPED = /^[0-9a-f]{12}[1-8][0-9a-f]{3}[89ab][0-9a-f]{15}$/;

/** The default plug: spans, durations and propagation through `@opentelemetry/api`, whoever registers behind it, whenever. */
export class OpenTelemetry implements Telemetry {
  readonly spans: SpanCount = { started: 0, ended: 0 };
  readonly #guard: Guard;
  readonly #assumeParentBased: boolean;
  readonly #state: TelemetryProcessState = telemetryState();
  readonly #api: OtelApi;
  #traceProvider: unknown;
  #meterProvider: unknown;
  #tracer: api.Tracer | undefined;
  #recordDuration: RecordDuration | undefined;

  constructor(guard: Guard, options: { readonly assumeParentBased: boolean }, otel: OtelApi = GLOBAL_API) {
    this.#api = otel;
    this.#guard = guard;
    this.#assumeParentBased = options.assumeParentBased;
  }

  get isTracing(): boolean {
    return this.#tracer !== undefined;
  }

  get isMetering(): boolean {
    return this.#recordDuration !== undefined;
  }

  get isListening(): boolean {
    return this.#tracer !== undefined || this.#recordDuration !== undefined;
  }

  /** Whether what `startTelemetry` says of its SDK holds for the tracer in use. */
  get #isOurs(): boolean {
    const { tracerProvider } = this.#state;
    return tracerProvider === undefined || tracerProvider === this.#traceProvider;
  }

  get isParentBased(): boolean {
    return this.#assumeParentBased || (this.#isOurs && this.#state.parentBased);
  }

  sense(): void {
    const registered = this.#api.registered();
    if (registered === undefined) return;
    if (registered.trace !== this.#traceProvider) this.#senseTracer(registered.trace);
    if (registered.metrics !== this.#meterProvider) this.#senseMeter(registered.metrics);
  }

  #senseTracer(provider: unknown): void {
    this.#traceProvider = provider;
    this.#tracer = undefined;
    if (provider === undefined) return;
    // not trace.getTracer(): that drops the schema URL
    const getTracer = () =>
      this.#api.trace.getTracerProvider().getTracer(SCOPE_NAME, VERSION, { schemaUrl: SCHEMA_URL });
    this.#tracer = this.#guard.run<api.Tracer | undefined>("tracer", getTracer, undefined);
  }

  #senseMeter(provider: unknown): void {
    this.#meterProvider = provider;
    this.#recordDuration = undefined;
    if (provider === undefined) return;
    const attach = () => attachMetrics(this.#api.metrics.getMeterProvider());
    this.#recordDuration = this.#guard.run<RecordDuration | undefined>("meter", attach, undefined);
  }

  startPublish(destination: Destination, options: PublishSpanOptions): PublishSpan | undefined {
    const tracer = this.#tracer;
    if (tracer === undefined) return undefined;
    try {
      let parent = parentContext(this.#api.context.active(), options.causeContext as api.Context | undefined);
      let relation: api.SpanOptions | undefined;
      if (options.headers !== undefined) {
        const incoming = this.#incoming(parent, options.headers, options.incoming);
        parent = incoming.parent;
        if (incoming.links !== undefined) relation = { links: incoming.links };
      }
      this.#presetTraceId(parent, options.correlationId);
      const started = this.#start(tracer, spanStart(destination, "publish"), { parent, relation });
      return started && new OtelPublishSpan(started, destination);
    } catch (error) {
      this.#guard.trip("tracer", error);
      return undefined;
    } finally {
      this.#state.nextTraceId = undefined; // what threw, or took no id, must not leave it for somebody else's span
    }
  }

  #incoming(parent: api.Context, headers: EventHeaders, incoming: IncomingTrace): IncomingContext {
    const read = () => incomingContext(parent, headers, incoming);
    return this.#guard.run<IncomingContext>("propagator", read, { parent, links: undefined });
  }

  /** At the root of a trace, a trusted correlation id with random bits becomes the trace id. */
  #presetTraceId(parent: api.Context, correlationId: string | undefined): void {
    const state = this.#state;
    const isRoot = this.#isOurs && state.trustCorrelationId && api.trace.getSpanContext(parent) === undefined;
    if (isRoot && correlationId !== undefined) state.nextTraceId = traceIdOf(correlationId);
  }

  startProcess(options: ProcessSpanOptions): ProcessSpan | undefined {
    const tracer = this.#tracer;
    if (tracer === undefined) return undefined;
    try {
      const { destination, relation } = options;
      const parent = (options.context as api.Context | undefined) ?? this.#api.context.active();
      const publisher = relation === "link" ? api.trace.getSpanContext(parent) : undefined;
      const links = publisher === undefined ? [] : [{ context: publisher }];
      const own = relation === "link" ? { root: true, links } : undefined;
      const started = this.#start(tracer, spanStart(destination, "process"), { parent, relation: own });
      return started && new OtelProcessSpan(started, options);
    } catch (error) {
      this.#guard.trip("tracer", error);
      return undefined;
    }
  }

  /** Starts a span, with the attributes of the start only where somebody may look at them. */
  #start(
    tracer: api.Tracer,
    start: SpanStart,
    { parent, relation }: { readonly parent: api.Context; readonly relation: api.SpanOptions | undefined },
  ): StartedSpan | undefined {
    const hasAttributes = !this.#isOurs || this.#state.readsStartAttributes;
    const options = hasAttributes ? start.full : start.bare;
    const asked = relation === undefined ? options : { ...options, ...relation };
    const span = tracer.startSpan(start.name, asked, parent);
    if (!isTraced(span)) return undefined;
    const write = hasAttributes ? undefined : this.#state.writeAttributes;
    return { span, parent, start, hasAttributes, write, guard: this.#guard, count: this.spans };
  }

  activeTraceId(): string | undefined {
    if (this.#api.registered()?.context === undefined) return undefined;
    try {
      const context = api.trace.getSpanContext(this.#api.context.active());
      return context === undefined || context.traceId === api.INVALID_TRACEID ? undefined : context.traceId;
    } catch (error) {
      this.#guard.trip("context_manager", error);
      return undefined;
    }
  }

  activeContext(): TraceContext | undefined {
    if (this.#api.registered()?.context === undefined) return undefined;
    return this.#guard.run<TraceContext | undefined>(
      "context_manager",
      () => this.#api.context.active() as unknown as TraceContext,
      undefined,
    );
  }

  withCorrelation(context: TraceContext, correlationId: string): TraceContext {
    const add = () =>
      withCorrelationBaggage(context as unknown as api.Context, correlationId) as unknown as TraceContext;
    return this.#guard.run("propagator", add, context);
  }

  enter<Argument, Result>(context: TraceContext, run: (argument: Argument) => Result, argument: Argument): Result {
    const { contexts } = this.#state;
    if (contexts !== undefined && contexts.manager === this.#api.registered()?.context) {
      return contexts.enter(context, run, argument);
    }
    // a context manager may throw before, throw after, or never call: run happens exactly once all the same
    const call = { run, argument, result: undefined as Result, isDone: false };
    try {
      this.#api.context.with(context as unknown as api.Context, runOnce, undefined, call as OnceCall);
    } catch (error) {
      this.#guard.trip("context_manager", error);
    }
    if (!call.isDone) runOnce(call as OnceCall);
    return call.result;
  }

  injectHeaders(context: unknown): EventHeaders | undefined {
    return this.#guard.run("propagator", () => outgoingHeaders(context as api.Context), undefined);
  }

  recordPublish(cell: PublishCell, seconds: number, errorType: string | undefined): void {
    this.#record("operation", errorType === undefined ? cell.operation.ok : cell.operation.failed(errorType), seconds);
  }

  recordProcess(cell: DeliveryCell, seconds: number, errorType: string | undefined): void {
    this.#record("process", errorType === undefined ? cell.process.ok : cell.process.failed(errorType), seconds);
  }

  recordWait(cell: DeliveryCell, seconds: number): void {
    this.#record("wait", cell.wait.ok, seconds);
  }

  recordDelivery(cell: DeliveryCell, seconds: number): void {
    this.#record("total", cell.total.ok, seconds);
  }

  #record(kind: DurationKind, cell: DurationCell, seconds: number): void {
    const record = this.#recordDuration;
    if (record === undefined || !(seconds >= 0 && seconds < Number.POSITIVE_INFINITY)) return;
    if (record === recordInCell) {
      cell.record(seconds); // by name: a call through a variable makes an object of each number
      return;
    }
    try {
      record(kind, cell, seconds);
    } catch (error) {
      this.#guard.trip("meter", error);
    }
  }
}

/** The active context; for `ctx.publish`, the handler's, unless the handler made a span of its own in the same trace. */
function parentContext(active: api.Context, cause: api.Context | undefined): api.Context {
  if (cause === undefined) return active;
  const isSameTrace = api.trace.getSpanContext(active)?.traceId === api.trace.getSpanContext(cause)?.traceId;
  return isSameTrace ? active : cause;
}

/** False for the spans of an API without an SDK behind it: all of them have this id. */
function isTraced(span: api.Span): boolean {
  const { traceId } = span.spanContext();
  return typeof traceId === "string" && traceId !== api.INVALID_TRACEID;
}

type OnceCall = { run: (argument: unknown) => unknown; argument: unknown; result: unknown; isDone: boolean };

function runOnce(call: OnceCall): void {
  if (call.isDone) return;
  call.isDone = true;
  call.result = call.run(call.argument);
}

/** The 32 hex digits of a correlation id that has random bits all over: a v4 UUID or a random trace id. */
function traceIdOf(correlationId: string): string | undefined {
  if (WITH_RANDOM_BITS.test(correlationId)) return correlationId.replaceAll("-", "");
  // other UUID versions carry clocks and counters, which would skew sampling
  const isRandom = HEX_32.test(correlationId) && !UUID_SHAPED.test(correlationId);
  return isRandom && correlationId !== api.INVALID_TRACEID ? correlationId : undefined;
}
