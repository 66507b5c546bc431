/** Where `@opentelemetry/api` 1.x keeps what is registered; every copy of it uses the same place. */
const API_GLOBAL: unique symbol = Symbol.for("opentelemetry.js.api.1") as never;

type Registered = Readonly<Record<ApiPart, unknown>>;
export type ApiPart = "context" | "diag" | "logs" | "metrics" | "propagation" | "trace";

/** Whether somebody has registered this part of an SDK. */
export function isRegistered(part: ApiPart): boolean {
  return (globalThis as { [API_GLOBAL]?: Registered })[API_GLOBAL]?.[part] !== undefined;
}
