import * as api from "@opentelemetry/api";

/**
 * The context `parent` with `span` as its active span; what `trace.setSpan` does, at a fraction of the cost: OpenTelemetry's
 * own contexts copy a map and make three closures each, and every handler runs in one of its own.
 */
export function contextWithSpan(parent: api.Context, span: api.Span): api.Context {
  if (SPAN_KEY === undefined) return api.trace.setSpan(parent, span);
  return parent instanceof ContextWithSpan ? parent.setValue(SPAN_KEY, span) : new ContextWithSpan(parent, span);
}

/** One span over a context of OpenTelemetry's; never over another of its kind, so that reading a value never walks. */
class ContextWithSpan implements api.Context {
  readonly #parent: api.Context;
  readonly #span: unknown;

  constructor(parent: api.Context, span: unknown) {
    this.#parent = parent;
    this.#span = span;
  }

  getValue(key: symbol): unknown {
    return key === SPAN_KEY ? this.#span : this.#parent.getValue(key);
  }

  setValue(key: symbol, value: unknown): api.Context {
    if (key === SPAN_KEY) return new ContextWithSpan(this.#parent, value);
    return new ContextWithSpan(this.#parent.setValue(key, value), this.#span);
  }

  deleteValue(key: symbol): api.Context {
    if (key === SPAN_KEY) return this.#parent.deleteValue(key);
    return new ContextWithSpan(this.#parent.deleteValue(key), this.#span);
  }
}

/** The key the API keeps the active span under: it does not say, so it is asked to set one. */
const SPAN_KEY: symbol | undefined = spanKey();

function spanKey(): symbol | undefined {
  let asked: symbol | undefined;
  const probe: api.Context = {
    getValue: () => undefined,
    setValue: (key) => {
      asked = key;
      return probe;
    },
    deleteValue: () => probe,
  };
  api.trace.setSpan(probe, api.trace.wrapSpanContext(api.INVALID_SPAN_CONTEXT));
  return asked;
}
