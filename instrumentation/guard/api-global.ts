/** Where `@opentelemetry/api` 1.x keeps what is registered; every copy of it uses the same place. */
const API_GLOBAL: unique symbol = Symbol.for("opentelemetry.js.api.1") as never;

type Registered = Readonly<Record<ApiPart, unknown>>;
export type ApiPart = "context" | "diag" | "logs" | "metrics" | "propagation" | "trace";

/** What is registered for this part of an SDK; undefined when nothing is. */
export function registered(part: ApiPart): unknown {
  return (globalThis as { [API_GLOBAL]?: Registered })[API_GLOBAL]?.[part];
}
