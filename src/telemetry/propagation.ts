import * as api from "@opentelemetry/api";
import type { EventHeaders } from "../event/event-init.ts";
import { EVENT_LIMITS } from "../event/event-rules.ts";
import type { IncomingTrace } from "../options.ts";
import { BAGGAGE_CORRELATION_ID } from "./semconv.ts";

/** The parent and links that incoming headers give a publish span. */
export interface IncomingContext {
  readonly parent: api.Context;
  readonly links: api.Link[] | undefined;
}

/** Reads trace context from an event's headers, as far as `incoming` trusts them. */
export function incomingContext(active: api.Context, headers: EventHeaders, incoming: IncomingTrace): IncomingContext {
  if (incoming === "ignore" || headers.traceparent === undefined) return { parent: active, links: undefined };
  const trusted = incoming === "trust";
  const carrier = trusted ? headers : { traceparent: headers.traceparent, tracestate: headers.tracestate };
  const remote = api.propagation.extract(trusted ? active : api.ROOT_CONTEXT, carrier);
  if (trusted) return { parent: remote, links: undefined };
  const context = api.trace.getSpanContext(remote);
  return {
    parent: active,
    links: context !== undefined && api.isSpanContextValid(context) ? [{ context }] : undefined,
  };
}

/** The W3C headers of a context; nothing when they exceed what an event's headers may hold. */
export function outgoingHeaders(context: api.Context): EventHeaders | undefined {
  const carrier: Record<string, unknown> = {};
  api.propagation.inject(context, carrier);
  const headers: Record<string, string> = {};
  let bytes = 0;
  for (const [name, value] of Object.entries(carrier)) {
    if (typeof value !== "string") continue;
    bytes += name.length + Buffer.byteLength(value);
    if (bytes <= EVENT_LIMITS.headerBytes) headers[name] = value;
  }
  return headers;
}

/** The context with the correlation id in its baggage. */
export function withCorrelationBaggage(context: api.Context, correlationId: string): api.Context {
  const baggage = api.propagation.getBaggage(context) ?? api.propagation.createBaggage();
  return api.propagation.setBaggage(context, baggage.setEntry(BAGGAGE_CORRELATION_ID, { value: correlationId }));
}
