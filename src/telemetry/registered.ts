/** Where `@opentelemetry/api` 1.x keeps what is registered; absent as long as nothing ever was. */
export const API_GLOBAL: unique symbol = Symbol.for("opentelemetry.js.api.1") as never;

/** The global object, as far as the API writes to it: one property for each kind of provider. */
export interface ApiGlobal {
  [API_GLOBAL]?: { readonly trace?: unknown; readonly metrics?: unknown; readonly context?: unknown };
}
