import * as api from "@opentelemetry/api";
import type { Contestant } from "../contestant.ts";
import { DATA, EVENT_NAME, patternOf } from "../scenario.ts";
import { loadPeer } from "./load.ts";

interface MoleculerSpan {
  readonly id: string;
  readonly parentID?: string | undefined;
  readonly name: string;
  readonly tags: Record<string, unknown>;
  readonly error: Error | null;
  finish(): unknown;
}
interface Broker {
  readonly tracer: { startSpan(name: string, options: object): MoleculerSpan };
  start(): Promise<void>;
  createService(schema: object): unknown;
  emit(name: string, data: unknown, options?: object): Promise<unknown>;
}
interface Moleculer {
  readonly default: {
    readonly ServiceBroker: new (options: object) => Broker;
    readonly TracerExporters: { readonly Base: new (options: object) => object };
  };
}

/** A broker without a network. It traces handlers, not publishes: the publish span is started by hand. */
export const moleculer: Contestant = {
  name: "moleculer",
  sdk: "own",
  isolates: true,
  awaits: true,
  wildcards: true,
  async setUp(scenario, handlers) {
    const { ServiceBroker, TracerExporters } = (await loadPeer<Moleculer>("moleculer")).default;
    const isTraced = scenario.mode !== "silent";
    const tracing = { enabled: true, events: true, exporter: new (exporterClass(TracerExporters.Base))({}) };
    const broker = new ServiceBroker({ logger: false, tracing: isTraced ? tracing : false, metrics: isTraced });
    for (const [index, handler] of handlers.entries()) {
      const handle = (context: unknown): unknown => handler(context);
      broker.createService({ name: `handler-${index}`, events: { [patternOf(scenario)]: { handler: handle } } });
    }
    await broker.start();
    if (!isTraced) return () => broker.emit(EVENT_NAME, DATA);
    return async () => {
      const span = broker.tracer.startSpan(`publish ${EVENT_NAME}`, { type: "custom", tags: { event: EVENT_NAME } });
      await broker.emit(EVENT_NAME, DATA, { parentSpan: span });
      span.finish();
    };
  },
};

/** Moleculer has no exporter to OpenTelemetry: this one makes a span of each of its spans. */
function exporterClass(Base: new (options: object) => object): new (options: object) => object {
  return class extends Base {
    readonly #tracer = api.trace.getTracer("moleculer");
    readonly #open = new Map<string, api.Span>();

    spanStarted(span: MoleculerSpan): void {
      const parent = span.parentID === undefined ? undefined : this.#open.get(span.parentID);
      const context = parent === undefined ? api.ROOT_CONTEXT : api.trace.setSpan(api.ROOT_CONTEXT, parent);
      const kind = parent === undefined ? api.SpanKind.PRODUCER : api.SpanKind.CONSUMER;
      this.#open.set(span.id, this.#tracer.startSpan(span.name, { kind }, context));
    }

    spanFinished(span: MoleculerSpan): void {
      const open = this.#open.get(span.id);
      if (open === undefined) return;
      this.#open.delete(span.id);
      for (const [key, value] of Object.entries(span.tags)) {
        open.setAttribute(key, typeof value === "object" ? JSON.stringify(value) : (value as api.AttributeValue));
      }
      if (span.error !== null) {
        open.recordException(span.error);
        open.setStatus({ code: api.SpanStatusCode.ERROR, message: span.error.message });
      }
      open.end();
    }
  };
}
