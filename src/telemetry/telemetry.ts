import type { EventRecord } from "../event/event.ts";
import type { EventHeaders } from "../event/event-init.ts";
import type { IncomingTrace } from "../options.ts";
import type { DeliveryDisposition, DeliveryOutcome } from "../outcome.ts";
import type { DeliveryCell, PublishCell } from "./cells.ts";

/** What carries spans and baggage from publish to handler; opaque outside `telemetry/`. */
export type TraceContext = { readonly opaque: unique symbol };

/** A destination as telemetry names it, made once for each event name. */
export interface Destination {
  /** The full valid name; `_other` for a refused name. */
  readonly name: string;
  /** What stands for it in span names and labels: the name, its template, or `_other`. */
  readonly label: string;
  readonly template: string | undefined;
  /** Span attributes that the catalog allows to be taken from the data. */
  readonly extract: ((data: unknown, onError: (error: unknown) => void) => Record<string, unknown>) | undefined;
  /** The data without what its schema marks as sensitive. */
  readonly redactData: (data: unknown) => unknown;
}

/** A failure as telemetry, logs and dead letters write it: read once from whatever was thrown, redacted, never throwing. */
export interface Failure {
  /** What was thrown, or a `BusError` around it where it is not a readable Error. */
  readonly error: unknown;
  /** The value of `error.type`: low-cardinality. */
  readonly type: string;
  /** The error's class, whatever it is. */
  readonly className: string;
  /** Undefined with `errors: "type"`. */
  readonly message: string | undefined;
  /** Undefined unless `errors: "full"`. */
  readonly stack: string | undefined;
}

export interface PublishSpanOptions {
  /** The context of the handler that publishes through `ctx.publish`: used unless a span of its trace is active. */
  readonly causeContext: TraceContext | undefined;
  readonly headers: EventHeaders | undefined;
  readonly incoming: IncomingTrace;
  /** A caller's correlation id that may become the trace id of a root span. */
  readonly correlationId: string | undefined;
}

/** The publish span of one event; no method throws. */
export interface PublishSpan {
  readonly traceId: string;
  readonly isRecording: boolean;
  /** The log fields of this span. */
  logFields(): Record<string, unknown>;
  /** The publish span's own context. */
  readonly context: TraceContext;
  /** Late attributes: ids, source, what the catalog allows, and the number of deliveries. */
  describe(event: EventRecord, deliveries: number): void;
  /** What is known of a publish that is refused. */
  describeRefusal(correlationId: string, causationId: string | undefined): void;
  /** A handler's outcome as an event on this span (`spans: "events"`). */
  note(attempt: AttemptNote): void;
  /** Links a delivery that started a trace of its own. */
  linkTo(span: ProcessSpan): void;
  /** Ends the span; with a failure as ERROR. */
  end(failure: Failure | undefined): void;
}

/** How an attempt ended, for `spans: "events"`. */
export interface AttemptNote {
  readonly subscription: string;
  readonly attempt: number;
  readonly outcome: string;
  readonly failure: Failure | undefined;
}

export interface ProcessSpanOptions {
  readonly destination: Destination;
  readonly subscription: string;
  readonly attempt: number;
  readonly event: EventRecord;
  /** The context of the publish, as parent or as link. */
  readonly context: TraceContext | undefined;
  readonly relation: "child" | "link";
}

/** The process span of one attempt; no method throws. */
export interface ProcessSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly context: TraceContext;
  /** Ends the span. `failed` turns it red: a final failure that nobody expected. */
  /** The log fields of this span. */
  logFields(): Record<string, unknown>;
  end(
    outcome: DeliveryOutcome | "retry",
    disposition: DeliveryDisposition | undefined,
    end: SpanFailure | undefined,
  ): void;
}

export interface SpanFailure {
  readonly failure: Failure;
  /** Whether the exception is recorded here: false where it was recorded before, on the span that threw it first. */
  readonly record: boolean;
  /** Whether the span's status becomes ERROR. */
  readonly isFinal: boolean;
}

/** The socket that telemetry plugs into. No method throws, whatever is registered behind it. */
export interface Telemetry {
  /** Whether a tracer provider is registered, a meter provider is; as of the last `sense()`. */
  readonly isTracing: boolean;
  readonly isMetering: boolean;
  /** Whether either is. */
  readonly isListening: boolean;
  /** Notices providers that came or went. Cheap: called for each publish. */
  sense(): void;
  startPublish(destination: Destination, options: PublishSpanOptions): PublishSpan | undefined;
  startProcess(options: ProcessSpanOptions): ProcessSpan | undefined;
  /** Whether process spans under an unrecorded publish span would be unrecorded too. */
  readonly isParentBased: boolean;
  /** The trace id of the active span, if there is one. */
  activeTraceId(): string | undefined;
  /** Adds the correlation id as baggage, where it is not the trace id already. */
  withCorrelation(context: TraceContext, correlationId: string): TraceContext;
  /** The context active now. */
  activeContext(): TraceContext | undefined;
  /** Calls `run(argument)` exactly once, in `context`. */
  enter<Argument, Result>(context: TraceContext, run: (argument: Argument) => Result, argument: Argument): Result;
  /** The W3C headers of a context. */
  injectHeaders(context: unknown): EventHeaders | undefined;
  /** Durations in seconds. */
  recordPublish(cell: PublishCell, seconds: number, errorType: string | undefined): void;
  recordProcess(cell: DeliveryCell, seconds: number, errorType: string | undefined): void;
  recordWait(cell: DeliveryCell, seconds: number): void;
  recordDelivery(cell: DeliveryCell, seconds: number): void;
  /** Spans started and ended by this bus. */
  readonly spans: { started: number; ended: number };
}
