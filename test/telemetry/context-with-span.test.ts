import * as api from "@opentelemetry/api";
import { describe, expect, it } from "vitest";
import { contextWithSpan } from "../../src/telemetry/context-with-span.ts";

const COLOUR = api.createContextKey("colour");
const span = (digit: string): api.Span =>
  api.trace.wrapSpanContext({ traceId: digit.repeat(32), spanId: digit.repeat(16), traceFlags: 1 });
const read = (context: api.Context): object => ({
  spanId: api.trace.getSpanContext(context)?.spanId,
  colour: context.getValue(COLOUR),
  baggage: api.propagation.getBaggage(context)?.getAllEntries().length,
});

describe("contextWithSpan", () => {
  it("makes the span active, and leaves the parent as it was", () => {
    const parent = api.ROOT_CONTEXT.setValue(COLOUR, "red");

    const context = contextWithSpan(parent, span("1"));

    expect(read(context)).toEqual({ spanId: "1".repeat(16), colour: "red", baggage: undefined });
    expect(read(parent)).toEqual({ spanId: undefined, colour: "red", baggage: undefined });
  });

  it.each<[string, (context: api.Context) => api.Context]>([
    ["another span", (context) => api.trace.setSpan(context, span("2"))],
    ["another span of its own", (context) => contextWithSpan(context, span("2"))],
    ["no span any more", (context) => api.trace.deleteSpan(context)],
    ["another value", (context) => context.setValue(COLOUR, "blue")],
    ["a value less", (context) => context.deleteValue(COLOUR)],
    ["baggage", (context) => api.propagation.setBaggage(context, api.propagation.createBaggage({ a: { value: "1" } }))],
    ["a value, then a span", (context) => api.trace.setSpan(context.setValue(COLOUR, "blue"), span("3"))],
    ["a span, then a value", (context) => api.trace.setSpan(context, span("3")).setValue(COLOUR, "blue")],
    ["no span, then a span", (context) => contextWithSpan(api.trace.deleteSpan(context), span("4"))],
  ])("gives what OpenTelemetry's own context gives when it is given %s", (_, change) => {
    const parent = api.ROOT_CONTEXT.setValue(COLOUR, "red");

    const context = contextWithSpan(parent, span("1"));
    const changed = change(context);

    expect(read(changed)).toEqual(read(change(api.trace.setSpan(parent, span("1")))));
    expect(read(context)).toEqual(read(api.trace.setSpan(parent, span("1")))); // contexts never change
  });
});
