/**
 * What the SDK side (`startTelemetry`) and the buses of this process tell each other. It hangs on the global object, so
 * it is one per process even where several copies of spanbus are loaded; neither side imports the other.
 */
export interface TelemetryProcessState {
  /** What the API has registered for traces, when it is ours: `parentBased` and the like hold for this provider only. */
  tracerProvider: unknown;
  /** The running SDK's sampler is known to leave the children of an unsampled span unsampled. */
  parentBased: boolean;
  /**
   * A sampler or processor may look at the attributes a span starts with. The SDK checks those twice, so where nobody does
   * (`startTelemetry` built them all), they are set with the others, on recorded spans only.
   */
  readsStartAttributes: boolean;
  /** Gives a recorded span its attributes where nobody reads those of the start; undefined where they must be set one by one. */
  writeAttributes: AttributeWriter | undefined;
  /** What the API has registered for contexts, when it is ours, and a way into one that neither throws nor gets lost. */
  contexts: { readonly manager: unknown; readonly enter: ContextEntrance } | undefined;
  /** The running SDK lets a caller's random correlation id become the trace id of the trace it starts. */
  trustCorrelationId: boolean;
  /**
   * 32 hex digits for the trace that the next `startSpan` begins. The bus sets it synchronously around that call; the
   * id generator takes it, and empties it, for the first trace id it makes.
   */
  nextTraceId: string | undefined;
  /** Meter providers whose reader takes durations from our own cells: recording them in the API too would double them. */
  readonly ownDurations: WeakSet<object>;
  /** Sampled spans that have ended since the SDK started: each is in exactly one of these counts. */
  spans: SpanCounts;
  /** What `startTelemetry` has running, to be shut down when the process is asked to stop. */
  running: StoppableTelemetry | undefined;
}

/** Telemetry as far as stopping it goes: what `startTelemetry` returns, and `NodeSDK` of `@opentelemetry/sdk-node`, fit. */
export interface StoppableTelemetry {
  /** Delivers what is left. What it resolves with is read where it is a `TelemetryReport`. */
  shutdown(options?: { readonly deadlineMs?: number | undefined }): Promise<unknown>;
  /** Where the spans are now; asked when `shutdown` does not end in time. */
  stats?(): { readonly spans: Readonly<SpanCounts> };
}

/** Gives a span that has just started `attributes`, its own object from then on, in place of none. */
export type AttributeWriter = (span: object, attributes: Record<string, unknown>) => void;

/** Calls `run(argument)` in a context. */
export type ContextEntrance = <Argument, Result>(
  context: unknown,
  run: (argument: Argument) => Result,
  argument: Argument,
) => Result;

/** Where the sampled spans that ended are now, in spans. */
export interface SpanCounts {
  /** Confirmed by the collector. */
  exported: number;
  /** Never sent: the queue was full, or the telemetry had been shut down. */
  dropped: number;
  /** Sent, but refused, unanswered or rejected. */
  failed: number;
  /** Waiting, or being sent at this moment. */
  queued: number;
}

const KEY = Symbol.for("spanbus.telemetry");

/** The state of this process, made on first use: no SDK of ours runs. */
export function telemetryState(): TelemetryProcessState {
  const holder = globalThis as { [KEY]?: TelemetryProcessState };
  holder[KEY] ??= {
    tracerProvider: undefined,
    parentBased: false,
    readsStartAttributes: true,
    writeAttributes: undefined,
    contexts: undefined,
    trustCorrelationId: false,
    nextTraceId: undefined,
    ownDurations: new WeakSet(),
    spans: { exported: 0, dropped: 0, failed: 0, queued: 0 },
    running: undefined,
  };
  return holder[KEY];
}
