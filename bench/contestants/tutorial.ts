import { randomUUID } from "node:crypto";
import * as api from "@opentelemetry/api";
import type { Contestant, Handler } from "../contestant.ts";
import { DATA, EVENT_NAME } from "../scenario.ts";

/** The same spans and metrics as `direct`, written the way tutorials show it. */
export const tutorial: Contestant = {
  name: "tutorial",
  sdk: "own",
  isolates: true,
  awaits: true,
  wildcards: false,
  async setUp(_scenario, handlers) {
    const instruments = makeInstruments();
    return () => publish(instruments, handlers);
  },
};

interface Instruments {
  readonly sent: api.Counter;
  readonly consumed: api.Counter;
  readonly publishDuration: api.Histogram;
  readonly processDuration: api.Histogram;
}

interface Message {
  readonly id: string;
  readonly data: unknown;
  readonly correlationId: string;
  readonly headers: Record<string, string>;
}

function makeInstruments(): Instruments {
  const meter = api.metrics.getMeter("tutorial");
  return {
    sent: meter.createCounter("messaging.client.sent.messages"),
    consumed: meter.createCounter("messaging.client.consumed.messages"),
    publishDuration: meter.createHistogram("messaging.client.operation.duration", { unit: "s" }),
    processDuration: meter.createHistogram("messaging.process.duration", { unit: "s" }),
  };
}

function publish({ sent, consumed, publishDuration, processDuration }: Instruments, handlers: readonly Handler[]) {
  const tracer = api.trace.getTracer("tutorial");
  return tracer.startActiveSpan(`publish ${EVENT_NAME}`, { kind: api.SpanKind.PRODUCER }, async (span) => {
    const startedAt = Date.now();
    const headers: Record<string, string> = {};
    api.propagation.inject(api.context.active(), headers);
    const message: Message = { id: randomUUID(), data: DATA, correlationId: span.spanContext().traceId, headers };
    span.setAttribute("messaging.system.name", "tutorial");
    span.setAttribute("messaging.operation.name", "publish");
    span.setAttribute("messaging.operation.type", "send");
    span.setAttribute("messaging.destination.name", EVENT_NAME);
    span.setAttribute("messaging.message.id", message.id);
    span.setAttribute("messaging.message.conversation_id", message.correlationId);
    span.setAttribute("event.source", "bench");
    span.setAttribute("delivery.count", handlers.length);
    await Promise.allSettled(
      handlers.map((handler, index) => process({ consumed, processDuration }, message, { handler, index })),
    );
    span.setStatus({ code: api.SpanStatusCode.OK });
    span.end();
    const labels = { "messaging.system.name": "tutorial", "messaging.destination.name": EVENT_NAME };
    sent.add(1, { ...labels, "messaging.operation.name": "publish" });
    publishDuration.record((Date.now() - startedAt) / 1000, { ...labels, "messaging.operation.name": "publish" });
    return message;
  });
}

function process(
  { consumed, processDuration }: Pick<Instruments, "consumed" | "processDuration">,
  message: Message,
  { handler, index }: { readonly handler: Handler; readonly index: number },
): Promise<void> {
  const tracer = api.trace.getTracer("tutorial");
  const parent = api.propagation.extract(api.context.active(), message.headers);
  const name = `handler-${index}`;
  const options = { kind: api.SpanKind.CONSUMER };
  return tracer.startActiveSpan(`process ${EVENT_NAME}`, options, parent, async (span) => {
    const startedAt = Date.now();
    let outcome = "handled";
    span.setAttribute("messaging.system.name", "tutorial");
    span.setAttribute("messaging.operation.name", "process");
    span.setAttribute("messaging.operation.type", "process");
    span.setAttribute("messaging.destination.name", EVENT_NAME);
    span.setAttribute("messaging.message.id", message.id);
    span.setAttribute("messaging.message.conversation_id", message.correlationId);
    span.setAttribute("event.source", "bench");
    span.setAttribute("messaging.destination.subscription.name", name);
    span.setAttribute("delivery.attempt", 1);
    try {
      await handler(message);
      span.setStatus({ code: api.SpanStatusCode.OK });
    } catch (error: unknown) {
      outcome = "failed";
      span.recordException(error as Error);
      span.setStatus({ code: api.SpanStatusCode.ERROR, message: (error as Error).message });
    } finally {
      span.setAttribute("delivery.outcome", outcome);
      span.end();
      const labels = { "messaging.system.name": "tutorial", "messaging.destination.name": EVENT_NAME };
      const more = { "messaging.operation.name": "process", "messaging.destination.subscription.name": name, outcome };
      consumed.add(1, { ...labels, ...more });
      processDuration.record((Date.now() - startedAt) / 1000, { ...labels, ...more });
    }
  });
}
