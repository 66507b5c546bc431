import { BusError, describeValue } from "../errors.ts";
import type { TreeNode } from "./draw-tree.ts";
import type { TraceSpan } from "./harness-span.ts";
import { labelParts } from "./trace.ts";

/** One span of an expected tree. */
export interface ExpectedNode {
  /** As it was written. */
  readonly line: string;
  readonly children: readonly ExpectedNode[];
  /** Whether other children are fine: a line of `...` among them. */
  readonly hasRest: boolean;
  fits(node: TreeNode<TraceSpan>): boolean;
}

/** A step of a path: a span, and how far below the one before. */
export interface PathStep {
  readonly node: ExpectedNode;
  /** Whether spans may lie between. */
  readonly isDeep: boolean;
}

/** An expected trace: a path that it has to hold somewhere, or all of its trees. */
export type ExpectedTree =
  | { readonly kind: "path"; readonly text: string; readonly steps: readonly PathStep[] }
  | {
      readonly kind: "trees";
      readonly text: string;
      readonly roots: readonly ExpectedNode[];
      readonly hasRest: boolean;
    };

/**
 * Reads an expected tree. One line is a path, steps joined by `>` (child) or `>>` (anywhere below), to be found anywhere
 * in the trace. Several lines are the whole trace, children indented under their parent, siblings in any order; a line
 * of `...` allows for more of them.
 *
 * A span is written as it is drawn: `process order.placed [billing #2 retry]`. `*` stands for any text. Without brackets
 * it is a span that ended well; in brackets, the attempt may be left out, and the outcome where it is `handled`; a last
 * `*` in the brackets is any outcome. `-> publish order.placed` asks for a link.
 *
 * @throws BusError `INVALID_OPTION` when it cannot be read
 */
export function parseTree(text: string): ExpectedTree {
  if (typeof text !== "string" || text.trim() === "") throw problem(text, "it is to be a path, or lines of a tree");
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const [first = ""] = lines;
  if (lines.length === 1 && !text.trim().includes("\n"))
    return { kind: "path", text: text.trim(), steps: parsePath(first) };
  const shift = Math.min(...lines.map(indentOf));
  const shown = lines.map((line) => line.slice(shift).trimEnd()).join("\n");
  const { nodes, hasRest } = parseLevel(shown.split("\n"), text);
  return { kind: "trees", text: shown, roots: nodes, hasRest };
}

function parsePath(line: string): PathStep[] {
  const parts = line.trim().split(/ (>>?) /);
  return parts.flatMap((part, index) => {
    if (index % 2 === 1) return [];
    return [{ node: nodeOf(part.trim(), [], true), isDeep: parts[index - 1] === ">>" }];
  });
}

/** The lines of one level, each with the deeper lines that follow it. */
function parseLevel(lines: readonly string[], whole: string): { nodes: ExpectedNode[]; hasRest: boolean } {
  const [first = ""] = lines;
  const depth = indentOf(first);
  const nodes: ExpectedNode[] = [];
  let hasRest = false;
  for (let index = 0; index < lines.length; ) {
    const line = lines[index] as string;
    if (indentOf(line) !== depth)
      throw problem(whole, `its line ${describeValue(line.trim())} is indented to no level`);
    let end = index + 1;
    while (end < lines.length && indentOf(lines[end] as string) > depth) end++;
    const below = lines.slice(index + 1, end);
    if (line.trim() === "...") hasRest = true;
    else nodes.push(withChildren(line.trim(), below, whole));
    index = end;
  }
  return { nodes, hasRest };
}

function withChildren(line: string, below: readonly string[], whole: string): ExpectedNode {
  const { nodes, hasRest } = below.length === 0 ? { nodes: [], hasRest: false } : parseLevel(below, whole);
  return nodeOf(line, nodes, hasRest);
}

function nodeOf(line: string, children: readonly ExpectedNode[], hasRest: boolean): ExpectedNode {
  const [, name = "", label, links = ""] = /^(.*?)(?: \[([^\]]*)\])?((?: -> .+?)*)$/.exec(line) ?? [];
  const linked = links.split(" -> ").slice(1);
  const fits = (node: TreeNode<TraceSpan>): boolean => {
    if (!glob(name, node.span.name)) return false;
    if (!linked.every((each) => node.linked.some((other) => glob(each, other)))) return false;
    return fitsLabel(label, node.span);
  };
  return { line, children, hasRest, fits };
}

const OUTCOMES: ReadonlySet<string> = new Set(
  "handled retry failed timed_out aborted discarded refused error running *".split(" "),
);

function fitsLabel(label: string | undefined, span: TraceSpan): boolean {
  const { subscription, words } = labelParts(span);
  if (label === undefined) return words.length === 0;
  const tokens = label.trim().split(/ +/);
  const said: string[] = [];
  let attempt: string | undefined;
  // from the right: a subscription's name may hold spaces, and be the one thing there is
  while (tokens.length > (subscription === undefined ? 0 : 1)) {
    const last = tokens.at(-1) as string;
    if (/^#\d+$/.test(last)) attempt = last;
    else if (subscription === undefined || OUTCOMES.has(last)) said.push(last);
    else break;
    tokens.pop();
  }
  if (subscription !== undefined && !glob(tokens.join(" "), subscription)) return false;
  if (attempt !== undefined && attempt !== attemptOf(span)) return false;
  if (said.includes("*")) return true;
  const isTold = words.length === 0 || said.some((word) => words.includes(word));
  return isTold && said.every((word) => words.includes(word) || (word === "handled" && words.length === 0));
}

function attemptOf({ attributes }: TraceSpan): string {
  return `#${attributes["spanbus.delivery.attempt"] ?? 1}`;
}

function glob(pattern: string, text: string): boolean {
  const [head = "", ...parts] = pattern.split("*");
  if (parts.length === 0) return pattern === text;
  const tail = parts.pop() as string;
  if (!text.startsWith(head) || text.length < head.length + tail.length || !text.endsWith(tail)) return false;
  let from = head.length;
  for (const part of parts) {
    const at = text.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return from <= text.length - tail.length;
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

function problem(text: unknown, what: string): BusError {
  return new BusError("INVALID_OPTION", `cannot read the expected tree ${describeValue(text)}: ${what}`);
}
