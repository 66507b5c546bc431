import { groupBy } from "./group-by.ts";
import type { Paint, Sheet } from "./screen.ts";
import { clip, milliseconds } from "./text.ts";
import type { TraceSpan } from "./trace-store.ts";

/**
 * The trace that tells most: a failed attempt that a retry made good, publishes inside handlers, and few enough spans
 * to be read.
 */
export function pickTrace(traces: readonly (readonly TraceSpan[])[]): readonly TraceSpan[] | undefined {
  return traces.toSorted((a, b) => interest(b) - interest(a)).find((spans) => spans.length > 0);
}

const READABLE_SPANS = 24;

function interest(spans: readonly TraceSpan[]): number {
  const isRetried = spans.some((span) => span.outcome === "retry");
  const isMended = spans.some((span) => span.outcome === "handled" && span.attempt > 1);
  const hasFailed = spans.some((span) => span.outcome === "failed" || span.outcome === "timed_out");
  const events = new Set(spans.filter((span) => span.operation === "publish").map((span) => span.event));
  const excess = Math.max(0, spans.length - READABLE_SPANS);
  return Number(isRetried) * 4 + Number(isMended) * 4 - Number(hasFailed) * 2 + Math.min(events.size, 6) - excess;
}

/** A trace as a tree: what was published, who processed it, how that went, how long it took, and when. */
export function treeLines(spans: readonly TraceSpan[], { width, paint }: Sheet): string[] {
  const rows = rowsOf(spans);
  const startMs = Math.min(...spans.map((span) => span.startMs));
  const wholeMs = Math.max(...spans.map((span) => span.startMs + span.durationMs - startMs), 1);
  const barWidth = width >= WIDE ? BAR_WIDTH : 0;
  const rest = width - DURATION_WIDTH - OUTCOME_WIDTH - (barWidth === 0 ? 0 : barWidth + 2) - 2;
  const titleWidth = Math.min(rest, Math.max(...rows.map((row) => row.branch.length + titleOf(row.span).length)));
  return rows.map(({ span, branch }) => {
    const title = clip(titleOf(span), titleWidth - branch.length).padEnd(titleWidth - branch.length);
    const isPublish = span.operation === "publish";
    return [
      paint("dim", branch) + (isPublish ? paint("bold", title) : title),
      milliseconds(span.durationMs).padStart(DURATION_WIDTH - 1),
      ...(barWidth === 0 ? [] : [paint("cyan", barOf(span, { startMs, wholeMs, width: barWidth }))]),
      paintOutcome(span, paint),
    ]
      .join(" ")
      .trimEnd();
  });
}

const WIDE = 96;
const BAR_WIDTH = 16;
const DURATION_WIDTH = 8;
const OUTCOME_WIDTH = 20;

interface Row {
  readonly span: TraceSpan;
  /** `│  ├─ ` */
  readonly branch: string;
}

function rowsOf(spans: readonly TraceSpan[]): readonly Row[] {
  const known = new Set(spans.map((span) => span.spanId));
  const inOrder = spans.toSorted((a, b) => a.order - b.order);
  const childrenOf = groupBy(inOrder, ({ parentSpanId }) => {
    return parentSpanId !== undefined && known.has(parentSpanId) ? parentSpanId : undefined;
  });
  const below = (spanId: string, indent: string): Row[] => {
    const children = childrenOf.get(spanId) ?? [];
    return children.flatMap((span, i) => {
      const isLast = i === children.length - 1;
      const branch = indent + (isLast ? "└─ " : "├─ ");
      return [{ span, branch }, ...below(span.spanId, indent + (isLast ? "   " : "│  "))];
    });
  };
  return (childrenOf.get(undefined) ?? []).flatMap((span) => [{ span, branch: "" }, ...below(span.spanId, "")]);
}

function titleOf({ operation, name, event, subscription, attempt }: TraceSpan): string {
  if (operation === "publish") return `publish ${event}`;
  if (operation === "process") return `process ${subscription}${attempt > 1 ? ` · attempt ${attempt}` : ""}`;
  return name;
}

interface Scale {
  readonly startMs: number;
  readonly wholeMs: number;
  readonly width: number;
}

/** Where in the whole trace a span lies. */
function barOf(span: TraceSpan, { startMs, wholeMs, width }: Scale): string {
  const from = Math.min(Math.floor(((span.startMs - startMs) / wholeMs) * width), width - 1);
  const length = Math.max(1, Math.round((span.durationMs / wholeMs) * width));
  const isTiny = span.durationMs / wholeMs < 1 / (2 * width);
  return (" ".repeat(from) + (isTiny ? "▏" : "█".repeat(length))).slice(0, width).padEnd(width);
}

function paintOutcome({ outcome, errorType }: TraceSpan, paint: Paint): string {
  if (outcome === undefined) return errorType === undefined ? "" : paint("red", errorType);
  if (outcome === "handled") return paint("green", outcome);
  const text = errorType === undefined ? outcome : `${outcome}: ${errorType}`;
  return paint(outcome === "retry" ? "yellow" : "red", text);
}
