import { randomUUID } from "node:crypto";
import * as api from "@opentelemetry/api";
import type { Contestant, Handler } from "../contestant.ts";
import { DATA, EVENT_NAME } from "../scenario.ts";

/** An event as the hand-written programs hand it to their handlers. */
export interface HandMadeEvent {
  readonly id: string;
  readonly data: unknown;
  readonly correlationId: string;
  readonly timestamp: number;
  /** The publish span's context: emitters lose the active one on some of their ways. */
  readonly context: api.Context;
}

const BUCKETS = [
  0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5,
  7.5, 10,
];
const SYSTEM = { "messaging.system.name": "direct", "messaging.destination.name": EVENT_NAME };
const PUBLISH = { ...SYSTEM, "messaging.operation.name": "publish", "messaging.operation.type": "send" };
const PROCESS = { ...SYSTEM, "messaging.operation.name": "process", "messaging.operation.type": "process" };

/**
 * OpenTelemetry around any emitter, written by hand with care: one publish span, one process span for each handler, a
 * counter and a histogram for each, an error boundary, a correlation id. Label objects are made once, what is recorded
 * is asked for first, nothing is computed twice.
 */
export class DirectTelemetry {
  readonly #tracer = api.trace.getTracer("direct");
  readonly #sent: api.Counter;
  readonly #consumed: api.Counter;
  readonly #publishDuration: api.Histogram;
  readonly #processDuration: api.Histogram;

  constructor() {
    const meter = api.metrics.getMeter("direct");
    const seconds = { unit: "s", advice: { explicitBucketBoundaries: BUCKETS } };
    this.#sent = meter.createCounter("messaging.client.sent.messages");
    this.#consumed = meter.createCounter("messaging.client.consumed.messages");
    this.#publishDuration = meter.createHistogram("messaging.client.operation.duration", seconds);
    this.#processDuration = meter.createHistogram("messaging.process.duration", seconds);
  }

  /** Publishes through `emit`, which calls handlers made by {@link handler}. */
  async publish(emit: (event: HandMadeEvent) => unknown, handlers: number): Promise<HandMadeEvent> {
    const startedAt = performance.now();
    const active = api.context.active();
    const options = { kind: api.SpanKind.PRODUCER, attributes: PUBLISH };
    const span = this.#tracer.startSpan(`publish ${EVENT_NAME}`, options, active);
    const context = api.trace.setSpan(active, span);
    const correlationId = span.spanContext().traceId;
    const event = { id: randomUUID(), data: DATA, correlationId, timestamp: Date.now(), context };
    if (span.isRecording()) {
      span.setAttributes({
        "messaging.message.id": event.id,
        "messaging.message.conversation_id": correlationId,
        "event.source": "bench",
        "delivery.count": handlers,
      });
    }
    await emit(event);
    span.end();
    this.#sent.add(1, PUBLISH);
    this.#publishDuration.record((performance.now() - startedAt) / 1000, PUBLISH);
    return event;
  }

  /** The handler inside its span and its error boundary. */
  handler(handler: Handler, name: string): (event: HandMadeEvent) => Promise<void> {
    const labels = { ...PROCESS, "messaging.destination.subscription.name": name };
    const options = { kind: api.SpanKind.CONSUMER, attributes: PROCESS };
    return async (event) => {
      const startedAt = performance.now();
      const span = this.#tracer.startSpan(`process ${EVENT_NAME}`, options, event.context);
      if (span.isRecording()) {
        span.setAttributes({
          "messaging.message.id": event.id,
          "messaging.message.conversation_id": event.correlationId,
          "event.source": "bench",
          "messaging.destination.subscription.name": name,
          "delivery.attempt": 1,
        });
      }
      let errorType: string | undefined;
      try {
        await api.context.with(api.trace.setSpan(event.context, span), handler, undefined, event);
      } catch (error: unknown) {
        errorType = error instanceof Error ? error.name : "_OTHER";
        if (span.isRecording() && error instanceof Error) {
          span.recordException(error);
          span.setAttribute("error.type", errorType);
          span.setStatus({ code: api.SpanStatusCode.ERROR, message: error.message });
        }
      }
      if (span.isRecording()) span.setAttribute("delivery.outcome", errorType === undefined ? "handled" : "failed");
      span.end();
      const outcome = errorType === undefined ? labels : { ...labels, "error.type": errorType };
      this.#consumed.add(1, outcome);
      this.#processDuration.record((performance.now() - startedAt) / 1000, outcome);
    };
  }
}

/** The hand-written program without any emitter: an array of handlers. */
export const direct: Contestant = {
  name: "direct",
  sdk: "own",
  isolates: true,
  awaits: true,
  wildcards: false,
  async setUp(_scenario, handlers) {
    const telemetry = new DirectTelemetry();
    const traced = handlers.map((handler, index) => telemetry.handler(handler, `handler-${index}`));
    const emit = (event: HandMadeEvent): unknown => Promise.all(traced.map((handler) => handler(event)));
    return () => telemetry.publish(emit, traced.length);
  },
};
