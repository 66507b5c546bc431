/** What of a span a tree needs. */
export interface TreeSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly startNs: bigint;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
}

/** How spans become lines. */
export interface DrawOptions<Span extends TreeSpan> {
  /** What stands in brackets after the name. @default the subscription's name, where there is one */
  readonly label?: (span: Span) => string | undefined;
  /** Appends the names of linked spans: `process a -> publish a`. @default false */
  readonly links?: boolean;
  /** Spans outside the tree that may be linked to. @default none: they are drawn as `?` */
  readonly others?: readonly TreeSpan[];
  /**
   * Siblings in the order of their texts, or of their starts. An SDK starts spans on whole milliseconds, so only starts
   * that are known to be milliseconds apart have the same order in every run. @default "text"
   */
  readonly order?: "text" | "start";
}

/** A span with its line and what is under it. */
export interface TreeNode<Span extends TreeSpan = TreeSpan> {
  readonly span: Span;
  /** Without indentation. */
  readonly line: string;
  /** The names of the spans it is linked to. */
  readonly linked: readonly string[];
  readonly children: readonly TreeNode<Span>[];
}

/**
 * Spans as indented text. Holds no ids and no times, so equal trees are equal texts, whatever order the spans come in.
 * A span whose parent is not among `spans` is drawn as a root marked `(parent absent)`.
 */
export function drawTree<Span extends TreeSpan>(spans: readonly Span[], options: DrawOptions<Span> = {}): string {
  return drawNodes(forestOf(spans, options));
}

/** Nodes as indented text. */
export function drawNodes(nodes: readonly TreeNode[], depth = 0): string {
  return nodes.map((node) => `${"  ".repeat(depth)}${textOf(node, depth)}`).join("\n");
}

function textOf({ line, children }: TreeNode, depth: number): string {
  return children.length === 0 ? line : `${line}\n${drawNodes(children, depth + 1)}`;
}

/** The spans as trees, the roots in order. */
export function forestOf<Span extends TreeSpan>(
  spans: readonly Span[],
  options: DrawOptions<Span> = {},
): TreeNode<Span>[] {
  const byKey = new Map<string, TreeSpan>([...(options.others ?? []), ...spans].map((span) => [keyOf(span), span]));
  const own = new Set(spans.map(keyOf));
  const children = new Map<string | undefined, Span[]>();
  for (const span of spans) {
    const parent = parentKey(span, own);
    children.set(parent, [...(children.get(parent) ?? []), span]);
  }
  const drawn = new Set<Span>();
  const inOrder = options.order === "start" ? byStart : byText;
  const grow = (span: Span, note = ""): TreeNode<Span> => {
    drawn.add(span);
    const below = (children.get(keyOf(span)) ?? []).filter((child) => !drawn.has(child));
    const linked = (span.links ?? []).map((link) => byKey.get(keyOf(link))?.name ?? "?");
    const line = `${titleOf(span, linked, options)}${note}`;
    return { span, line, linked, children: inOrder(below.map((child) => grow(child))) };
  };
  const roots = (children.get(undefined) ?? []).map((span) => {
    return grow(span, span.parentSpanId === undefined ? "" : " (parent absent)");
  });
  const lost = spans.filter((span) => !drawn.has(span)); // only spans that are their own ancestors are left
  const cycles = lost.map((span): TreeNode<Span> => {
    return { span, line: `${titleOf(span, [], options)} (in a cycle)`, linked: [], children: [] };
  });
  return inOrder([...roots, ...cycles]);
}

function titleOf<Span extends TreeSpan>(span: Span, linked: readonly string[], options: DrawOptions<Span>): string {
  const label = options.label === undefined ? subscriptionOf(span) : options.label(span);
  const links = options.links === true ? linked.map((name) => `-> ${name}`) : [];
  return [span.name, ...(label === undefined ? [] : [`[${label}]`]), ...links].join(" ");
}

/** Where two start at the same instant the text decides: ids are random, so they cannot. */
function byStart<Span extends TreeSpan>(nodes: readonly TreeNode<Span>[]): TreeNode<Span>[] {
  return nodes.toSorted((a, b) => compare(a.span.startNs, b.span.startNs) || compare(textOf(a, 0), textOf(b, 0)));
}

function byText<Span extends TreeSpan>(nodes: readonly TreeNode<Span>[]): TreeNode<Span>[] {
  return nodes.toSorted((a, b) => compare(textOf(a, 0), textOf(b, 0)));
}

function compare<Value extends bigint | string>(a: Value, b: Value): number {
  return a < b ? -1 : Number(a > b);
}

function keyOf({ traceId, spanId }: { readonly traceId: string; readonly spanId: string }): string {
  return `${traceId}/${spanId}`;
}

function parentKey(span: TreeSpan, own: ReadonlySet<string>): string | undefined {
  if (span.parentSpanId === undefined) return undefined;
  const key = keyOf({ traceId: span.traceId, spanId: span.parentSpanId });
  return own.has(key) ? key : undefined;
}

function subscriptionOf(span: TreeSpan): string | undefined {
  const name = span.attributes["messaging.destination.subscription.name"];
  return typeof name === "string" ? name : undefined;
}
