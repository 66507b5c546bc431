import { ATTRIBUTES } from "../telemetry/semconv.ts";
import { drawNodes, forestOf, type TreeNode } from "./draw-tree.ts";
import type { TraceSpan } from "./harness-span.ts";

/** The spans of a run. As text, a tree without ids and times: the same in every run, so fit for a snapshot. */
export class Trace {
  /** In the order they were started. */
  readonly spans: readonly TraceSpan[];
  readonly #others: () => readonly TraceSpan[];

  /** `others` are spans outside the trace that its spans may be linked to. */
  constructor(spans: readonly TraceSpan[], others: () => readonly TraceSpan[] = () => []) {
    this.spans = spans;
    this.#others = others;
  }

  /**
   * One line for each span, indented under its parent, siblings in the order they were started:
   *
   *     publish order.placed
   *       process order.placed [billing #1 retry]
   *       process order.placed [billing #2]
   *         publish invoice.created
   */
  get text(): string {
    return drawNodes(this.tree());
  }

  /** The spans under their parents. */
  tree(): readonly TreeNode<TraceSpan>[] {
    const own = new Set(this.spans.map(({ traceId, spanId }) => `${traceId}/${spanId}`));
    const spans = this.spans.map((span) => {
      // what is above the run is not the run's affair: its first spans are roots here
      return own.has(`${span.traceId}/${span.parentSpanId}`) ? span : { ...span, parentSpanId: undefined };
    });
    return forestOf(spans, { label: labelOf, links: true, others: this.#others(), order: "start" });
  }

  toString(): string {
    return this.text;
  }
}

/** What stands in brackets after a span's name; undefined for a span that has nothing to add. */
function labelOf(span: TraceSpan): string | undefined {
  const { subscription, attempt, words } = labelParts(span);
  const parts = [subscription, attempt, ...words].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join(" ");
}

/** What there is to say of a span besides its name. */
export interface LabelParts {
  readonly subscription: string | undefined;
  /** `#2`; undefined for a first attempt that was the only one. */
  readonly attempt: string | undefined;
  /** How it ended, where it did not end well. */
  readonly words: readonly string[];
}

/** What there is to say of a span besides its name. */
export function labelParts({ attributes, status, endNs }: TraceSpan): LabelParts {
  const text = (name: string): string | undefined => attributes[name]?.toString();
  const subscription = text(ATTRIBUTES.subscription.name);
  const outcome = text(ATTRIBUTES.outcome.name);
  const errorType = text(ATTRIBUTES.errorType.name);
  const words: string[] = [];
  if (endNs === undefined) words.push("running");
  if (outcome !== undefined && outcome !== "handled") words.push(outcome);
  if (text(ATTRIBUTES.disposition.name) === "discarded") words.push("discarded");
  if (outcome === undefined && status.code === "ERROR") {
    const isRefused = attributes[ATTRIBUTES.operationName.name] === "publish" && errorType !== "delivery_failed";
    words.push(isRefused ? "refused" : "error", ...(errorType === undefined ? [] : [errorType]));
  }
  const number = attributes[ATTRIBUTES.attempt.name];
  const isNumbered = number !== undefined && (number !== 1 || outcome === "retry");
  return { subscription, attempt: isNumbered ? `#${number}` : undefined, words };
}
