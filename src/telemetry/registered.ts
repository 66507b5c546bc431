import * as api from "@opentelemetry/api";

/** Where `@opentelemetry/api` 1.x keeps what is registered; absent as long as nothing ever was. */
export const API_GLOBAL: unique symbol = Symbol.for("opentelemetry.js.api.1") as never;

/** The global object, as far as the API writes to it: one property for each kind of provider. */
export interface ApiGlobal {
  [API_GLOBAL]?: Registered;
}

/** What is registered, to be compared by identity. */
interface Registered {
  readonly trace?: unknown;
  readonly metrics?: unknown;
  readonly context?: unknown;
}

/** The part of the OpenTelemetry API that the plug calls: the process's own, or what a test puts in its place for one bus. */
export interface OtelApi {
  registered(): Registered | undefined;
  readonly trace: Pick<typeof api.trace, "getTracerProvider">;
  readonly metrics: Pick<typeof api.metrics, "getMeterProvider">;
  readonly context: Pick<typeof api.context, "active" | "with">;
}

/** The OpenTelemetry API of the process. */
export const GLOBAL_API: OtelApi = {
  registered: () => (globalThis as ApiGlobal)[API_GLOBAL],
  trace: api.trace,
  metrics: api.metrics,
  context: api.context,
};
