/** A span as Jaeger stores it. */
export interface JaegerSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly kind: "internal" | "server" | "client" | "producer" | "consumer";
  readonly status: "unset" | "ok" | "error";
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly { readonly name: string; readonly attributes: Readonly<Record<string, unknown>> }[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
}

/** What to search for. */
export interface TraceSearch {
  readonly service: string;
  /** What one span of the trace carries. */
  readonly tags: Readonly<Record<string, string>>;
  readonly limit?: number;
}

/** The HTTP APIs of a real Jaeger: the search of its user interface and of Grafana, and version 3 for whole traces. */
export class JaegerApi {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** The ids of the traces that `GET /api/traces` finds in the last hour. */
  async search({ service, tags, limit = 20 }: TraceSearch): Promise<readonly string[]> {
    const now = Date.now() * 1_000;
    const query = new URLSearchParams({
      service,
      tags: JSON.stringify(tags),
      limit: String(limit),
      start: String(now - 3_600_000_000),
      end: String(now),
    });
    const response = await fetch(`${this.#url}/api/traces?${query}`);
    const { data, errors } = (await response.json()) as { data?: { traceID: string }[]; errors?: { msg: string }[] };
    if (!response.ok) throw new Error(`Jaeger says: ${errors?.map(({ msg }) => msg).join("; ")}`);
    return (data ?? []).map(({ traceID }) => traceID.padStart(32, "0"));
  }

  /** All spans of a trace, from `GET /api/v3/traces/{id}`; none when there is no such trace. */
  async trace(traceId: string): Promise<readonly JaegerSpan[]> {
    const response = await fetch(`${this.#url}/api/v3/traces/${traceId}`);
    if (response.status === 404) return [];
    if (!response.ok) throw new Error(`Jaeger answered ${response.status}: ${await response.text()}`);
    const { result } = (await response.json()) as { result: OtlpTraces };
    return result.resourceSpans.flatMap(({ scopeSpans }) =>
      scopeSpans.flatMap(({ spans }) => spans.map((span) => readSpan(span))),
    );
  }
}

interface OtlpTraces {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[] }[];
}

interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind?: number;
  readonly status?: { readonly code?: number };
  readonly attributes?: readonly OtlpAttribute[];
  readonly events?: readonly { readonly name: string; readonly attributes?: readonly OtlpAttribute[] }[];
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
}

interface OtlpAttribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

const KINDS = ["internal", "internal", "server", "client", "producer", "consumer"] as const;
const STATUSES = ["unset", "ok", "error"] as const;

function readSpan({ traceId, spanId, parentSpanId, name, kind, status, ...rest }: OtlpSpan): JaegerSpan {
  return {
    traceId,
    spanId,
    parentSpanId: parentSpanId || undefined,
    name,
    kind: KINDS[kind ?? 0] ?? "internal",
    status: STATUSES[status?.code ?? 0] ?? "unset",
    attributes: readAttributes(rest.attributes),
    events: (rest.events ?? []).map((event) => ({ name: event.name, attributes: readAttributes(event.attributes) })),
    links: rest.links ?? [],
  };
}

/** A 64-bit integer comes as text. */
function readAttributes(attributes: readonly OtlpAttribute[] = []): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => {
      const [type, content] = Object.entries(value)[0] ?? [];
      return [key, type === "intValue" ? Number(content) : content];
    }),
  );
}
