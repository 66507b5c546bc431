/** What of a span a tree needs; the OTLP receiver's spans have it. */
export interface TreeSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly startNs: bigint;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
}

export interface DrawOptions<Span extends TreeSpan> {
  /** What stands in brackets after the name. @default the subscription's name, where there is one */
  readonly label?: (span: Span) => string | undefined;
  /** Appends the names of linked spans: `process a -> publish a`. @default false */
  readonly links?: boolean;
  /**
   * Siblings in the order of their texts, or of their starts. The SDK starts spans on whole milliseconds, so only starts
   * that are known to be milliseconds apart have the same order in every run. @default "text"
   */
  readonly order?: "text" | "start";
}

/**
 * Spans as indented text. Holds no ids and no times, so equal trees are equal texts, whatever order the spans come in.
 * A span whose parent is not among `spans` is drawn as a root marked `(parent absent)`.
 */
export function drawTree<Span extends TreeSpan>(spans: readonly Span[], options: DrawOptions<Span> = {}): string {
  const byKey = new Map(spans.map((span) => [keyOf(span), span]));
  const children = new Map<string | undefined, Span[]>();
  for (const span of spans) {
    const parent = parentKey(span, byKey);
    children.set(parent, [...(children.get(parent) ?? []), span]);
  }
  const drawn = new Set<Span>();

  const inOrder = options.order === "start" ? byStart : byText;
  const draw = (span: Span, depth: number, note = ""): Drawing => {
    drawn.add(span);
    const below = (children.get(keyOf(span)) ?? []).filter((child) => !drawn.has(child));
    const lines = inOrder(below.map((child) => draw(child, depth + 1)));
    return { startNs: span.startNs, text: ["  ".repeat(depth) + title(span) + note, ...lines].join("\n") };
  };
  const title = (span: Span): string => {
    const label = options.label === undefined ? subscriptionOf(span) : options.label(span);
    const links = options.links === true ? (span.links ?? []).map((link) => byKey.get(keyOf(link))?.name ?? "?") : [];
    return [span.name, ...(label === undefined ? [] : [`[${label}]`]), ...links.map((name) => `-> ${name}`)].join(" ");
  };

  const roots = (children.get(undefined) ?? []).map((span) => {
    return draw(span, 0, span.parentSpanId === undefined ? "" : " (parent absent)");
  });
  const lost = spans.filter((span) => !drawn.has(span)); // only spans that are their own ancestors are left
  return inOrder([
    ...roots,
    ...lost.map((span) => ({ startNs: span.startNs, text: `${title(span)} (in a cycle)` })),
  ]).join("\n");
}

interface Drawing {
  readonly startNs: bigint;
  readonly text: string;
}

/** Where two start at the same instant the text decides: ids are random, so they cannot. */
function byStart(drawings: readonly Drawing[]): string[] {
  const starts = drawings.toSorted((a, b) => compare(a.startNs, b.startNs) || compare(a.text, b.text));
  return starts.map((drawing) => drawing.text);
}

function byText(drawings: readonly Drawing[]): string[] {
  return drawings.map((drawing) => drawing.text).toSorted(compare);
}

function compare<Value extends bigint | string>(a: Value, b: Value): number {
  return a < b ? -1 : Number(a > b);
}

function keyOf({ traceId, spanId }: { readonly traceId: string; readonly spanId: string }): string {
  return `${traceId}/${spanId}`;
}

function parentKey(span: TreeSpan, known: ReadonlyMap<string, TreeSpan>): string | undefined {
  if (span.parentSpanId === undefined) return undefined;
  const key = keyOf({ traceId: span.traceId, spanId: span.parentSpanId });
  return known.has(key) ? key : undefined;
}

function subscriptionOf(span: TreeSpan): string | undefined {
  const name = span.attributes["messaging.destination.subscription.name"];
  return typeof name === "string" ? name : undefined;
}
