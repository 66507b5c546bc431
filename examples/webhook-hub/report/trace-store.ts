import type { TelemetryOptions } from "spanbus/instrumentation";

type SpanProcessor = NonNullable<TelemetryOptions["spanProcessors"]>[number];
type SdkSpan = Parameters<SpanProcessor["onEnd"]>[0];

/** A span as the report needs it. */
export interface TraceSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly operation: "publish" | "process" | undefined;
  readonly name: string;
  /** The name of the event. */
  readonly event: string;
  readonly correlationId: string | undefined;
  readonly subscription: string | undefined;
  readonly attempt: number;
  /** `handled`, `retry`, …; of process spans. */
  readonly outcome: string | undefined;
  readonly errorType: string | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly startMs: number;
  readonly durationMs: number;
  /** Spans in the order they began; the SDK's clock starts them on whole milliseconds. */
  readonly order: number;
}

const MAX_TRACES = 1_000;
const MAX_SPANS = 500;

/** A span processor that keeps the latest traces in memory. */
export class TraceStore implements SpanProcessor {
  readonly #traces = new Map<string, TraceSpan[]>();
  readonly #orders = new Map<string, number>();
  #started = 0;

  onStart(span: { spanContext(): { readonly spanId: string } }): void {
    this.#orders.set(span.spanContext().spanId, this.#started++);
  }

  onEnd(span: SdkSpan): void {
    const { traceId, spanId } = span.spanContext();
    const order = this.#orders.get(spanId) ?? 0;
    this.#orders.delete(spanId);
    const spans = this.#traces.get(traceId) ?? [];
    this.#traces.set(traceId, spans);
    if (spans.length < MAX_SPANS) spans.push(readSpan(span, order));
    const [oldest] = this.#traces.keys();
    if (this.#traces.size > MAX_TRACES && oldest !== undefined) this.#traces.delete(oldest);
  }

  /** The spans of each trace kept. */
  traces(): readonly (readonly TraceSpan[])[] {
    return [...this.#traces.values()];
  }

  async forceFlush(): Promise<void> {
    // nothing waits here
  }

  async shutdown(): Promise<void> {
    // the report is drawn after the shutdown
  }
}

function readSpan(span: SdkSpan, order: number): TraceSpan {
  const { attributes, name, startTime, duration, parentSpanContext } = span;
  const text = (key: string): string | undefined => {
    const value = attributes[key];
    return typeof value === "string" ? value : undefined;
  };
  const operation = text("messaging.operation.name");
  return {
    traceId: span.spanContext().traceId,
    spanId: span.spanContext().spanId,
    parentSpanId: parentSpanContext?.spanId,
    operation: operation === "publish" || operation === "process" ? operation : undefined,
    name,
    event: text("messaging.destination.name") ?? name,
    correlationId: text("messaging.message.conversation_id"),
    subscription: text("messaging.destination.subscription.name"),
    attempt: Number(attributes["spanbus.delivery.attempt"] ?? 1),
    outcome: text("spanbus.delivery.outcome"),
    errorType: text("error.type"),
    startMs: startTime[0] * 1000 + startTime[1] / 1e6,
    durationMs: duration[0] * 1000 + duration[1] / 1e6,
    order,
  };
}
