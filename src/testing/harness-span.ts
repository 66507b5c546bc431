import * as api from "@opentelemetry/api";

/** A span as tests look at it. Its times are ticks of the harness's own clock, so they are the same in every run. */
export interface TraceSpan {
  readonly name: string;
  readonly kind: "INTERNAL" | "SERVER" | "CLIENT" | "PRODUCER" | "CONSUMER";
  /** The application's own ids where it registered an SDK; else counted: the same in every run. */
  readonly traceId: string;
  readonly spanId: string;
  /** The nearest recorded span above; undefined at the root. */
  readonly parentSpanId: string | undefined;
  readonly status: { readonly code: "UNSET" | "OK" | "ERROR"; readonly message: string | undefined };
  readonly attributes: Readonly<Record<string, api.AttributeValue | undefined>>;
  readonly events: readonly { readonly name: string; readonly attributes: api.Attributes }[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  /** In nanoseconds; each start and each end of a span is a millisecond after the one before. */
  readonly startNs: bigint;
  /** Undefined while the span is open. */
  readonly endNs: bigint | undefined;
}

const KINDS = ["INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"] as const;
const STATUSES = ["UNSET", "OK", "ERROR"] as const;

/** What a span starts with. */
export interface HarnessSpanInit {
  readonly name: string;
  readonly options: api.SpanOptions;
  readonly spanContext: api.SpanContext;
  readonly parentSpanId: string | undefined;
  /** The application's own span, which hears of everything too. */
  readonly inner: api.Span | undefined;
  /** The next instant of the harness's clock, in nanoseconds. */
  readonly tick: () => bigint;
}

/** A span that remembers what it was told and passes it on to the application's SDK, where there is one. */
export class HarnessSpan implements api.Span {
  readonly #init: HarnessSpanInit;
  readonly #attributes: api.Attributes;
  readonly #events: { name: string; attributes: api.Attributes }[] = [];
  readonly #links: api.Link[];
  readonly #startNs: bigint;
  #name: string;
  #status: api.SpanStatus = { code: api.SpanStatusCode.UNSET };
  #endNs: bigint | undefined;

  constructor(init: HarnessSpanInit) {
    this.#init = init;
    this.#name = init.name;
    this.#attributes = { ...init.options.attributes };
    this.#links = [...(init.options.links ?? [])];
    this.#startNs = init.tick();
  }

  /** The span as it is now. */
  view(): TraceSpan {
    const { options, spanContext, parentSpanId } = this.#init;
    return {
      name: this.#name,
      kind: KINDS[options.kind ?? 0] ?? "INTERNAL",
      traceId: spanContext.traceId,
      spanId: spanContext.spanId,
      parentSpanId,
      status: { code: STATUSES[this.#status.code] ?? "UNSET", message: this.#status.message },
      attributes: { ...this.#attributes },
      events: this.#events.map((event) => ({ ...event })),
      links: this.#links.map(({ context }) => ({ traceId: context.traceId, spanId: context.spanId })),
      startNs: this.#startNs,
      endNs: this.#endNs,
    };
  }

  spanContext(): api.SpanContext {
    return this.#init.spanContext;
  }

  setAttribute(key: string, value: api.AttributeValue): this {
    if (this.isRecording()) this.#attributes[key] = value;
    this.#init.inner?.setAttribute(key, value);
    return this;
  }

  setAttributes(attributes: api.Attributes): this {
    if (this.isRecording()) Object.assign(this.#attributes, attributes);
    this.#init.inner?.setAttributes(attributes);
    return this;
  }

  addEvent(name: string, attributesOrTime?: api.Attributes | api.TimeInput, time?: api.TimeInput): this {
    if (this.isRecording()) this.#events.push({ name, attributes: attributesIn(attributesOrTime) });
    this.#init.inner?.addEvent(name, attributesOrTime, time);
    return this;
  }

  addLink(link: api.Link): this {
    return this.addLinks([link]);
  }

  addLinks(links: api.Link[]): this {
    if (this.isRecording()) this.#links.push(...links);
    this.#init.inner?.addLinks?.(links);
    return this;
  }

  setStatus(status: api.SpanStatus): this {
    if (this.isRecording()) this.#status = status;
    this.#init.inner?.setStatus(status);
    return this;
  }

  updateName(name: string): this {
    if (this.isRecording()) this.#name = name;
    this.#init.inner?.updateName(name);
    return this;
  }

  recordException(exception: api.Exception, time?: api.TimeInput): void {
    const { name, message } = typeof exception === "string" ? { name: undefined, message: exception } : exception;
    const attributes: api.Attributes = {};
    if (name !== undefined) attributes["exception.type"] = name;
    if (message !== undefined) attributes["exception.message"] = message;
    if (this.isRecording()) this.#events.push({ name: "exception", attributes });
    this.#init.inner?.recordException(exception, time);
  }

  /** True even where the application's sampler dropped the span: a test sees everything. */
  isRecording(): boolean {
    return this.#endNs === undefined;
  }

  end(time?: api.TimeInput): void {
    this.#endNs ??= this.#init.tick();
    this.#init.inner?.end(time);
  }
}

function attributesIn(value: api.Attributes | api.TimeInput | undefined): api.Attributes {
  const isAttributes = typeof value === "object" && !Array.isArray(value) && !(value instanceof Date);
  return isAttributes ? { ...(value as api.Attributes) } : {};
}
