import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import type { AttributeWriter } from "../../src/telemetry/process.ts";
import type { Sdk } from "../packages.ts";
import type { Environment } from "./environment.ts";

/**
 * Gives a span its attributes by handing it an object: the SDK's own way checks and copies one by one, which is most of
 * what a span costs, and the bus's values are strings and numbers anyway. Undefined where limits are to be kept, and with
 * an SDK whose spans do not take it.
 */
export function attributeWriter({ trace }: Sdk, environment: Environment): AttributeWriter | undefined {
  const isLimited = LIMITS.some((limit) => environment[limit] !== undefined);
  return isLimited || !isTaken(trace) ? undefined : write;
}

const LIMITS = [
  "OTEL_ATTRIBUTE_COUNT_LIMIT",
  "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
  "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
  "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
] as const;

function write(span: object, attributes: Record<string, unknown>): void {
  (span as { attributes: unknown }).attributes = attributes;
}

/** Whether a span that was written to exports what was written, and what was set after it. */
function isTaken({ TracerProvider }: Sdk["trace"]): boolean {
  let ended: ReadableSpan | undefined;
  const processor = {
    onStart: () => undefined,
    onEnd: (span: ReadableSpan) => {
      ended = span;
    },
    forceFlush: async () => undefined,
    shutdown: async () => undefined,
  };
  const span = new TracerProvider({ spanProcessors: [processor] }).getTracer("spanbus").startSpan("probe");
  if (!("attributes" in span)) return false;
  write(span, { written: 1 });
  span.setAttribute("set", 2).end();
  return JSON.stringify(ended?.attributes) === '{"written":1,"set":2}';
}
