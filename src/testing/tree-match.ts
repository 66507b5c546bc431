import type { TreeNode } from "./draw-tree.ts";
import { drawNodes } from "./draw-tree.ts";
import type { TraceSpan } from "./harness-span.ts";
import type { Trace } from "./trace.ts";
import { type ExpectedNode, type PathStep, parseTree } from "./tree-language.ts";

/** Whether a trace is as expected, and a text that says why not, or why it should not have been. */
export interface MatchResult {
  readonly pass: boolean;
  readonly message: () => string;
}

type Node = TreeNode<TraceSpan>;

/** Compares a trace with an expected tree; see `parseTree` for the language. */
export function matchTree(trace: Trace, tree: string): MatchResult {
  const expected = parseTree(tree);
  const roots = trace.tree();
  if (expected.kind === "path") return matchPath(roots, expected.text, expected.steps);
  const pass = pairUp(expected.roots, roots, expected.hasRest);
  const message = (): string => {
    if (pass) return `the trace was expected not to be this tree:\n\n${drawNodes(roots, 1)}`;
    const lines = diff(expected.roots, roots, { hasRest: expected.hasRest, depth: 1 });
    return `the trace is not the expected tree (- expected, + recorded):\n\n${lines.join("\n")}`;
  };
  return { pass, message };
}

function matchPath(roots: readonly Node[], text: string, steps: readonly PathStep[]): MatchResult {
  const reached = new Set<Node>(); // the ends of the longest ways along the path that there are
  let longest = 0;
  const follow = (nodes: readonly Node[], index: number): boolean => {
    const step = steps[index];
    if (step === undefined) return true;
    return nodes.some((node) => {
      const isHere = step.node.fits(node);
      if (isHere && index + 1 > longest) reached.clear();
      if (isHere && index + 1 >= longest) reached.add(node);
      if (isHere) longest = Math.max(longest, index + 1);
      return (isHere && follow(node.children, index + 1)) || (step.isDeep && follow(node.children, index));
    });
  };
  const anywhere = (nodes: readonly Node[]): boolean => {
    return nodes.some((node) => follow([node], 0)) || nodes.some((node) => anywhere(node.children));
  };
  const pass = anywhere(roots);
  const message = (): string => {
    if (pass) return `the trace was expected not to hold the path ${text}:\n\n${drawNodes(roots, 1)}`;
    const missing = steps[longest]?.node.line ?? "";
    const note = longest === 0 ? "" : `   <- here it ends: nothing below is ${missing}`;
    const marked = mark(roots, (node) => (reached.has(node) ? note : ""));
    const nowhere = longest === 0 ? `, not even its beginning, ${missing}` : "";
    const drawn = roots.length === 0 ? "  (the trace has no spans)" : drawNodes(marked, 1);
    return `the trace does not hold the path\n  ${text}${nowhere}\n\n${drawn}`;
  };
  return { pass, message };
}

function mark(nodes: readonly Node[], noteOf: (node: Node) => string): Node[] {
  return nodes.map((node) => ({
    ...node,
    line: `${node.line}${noteOf(node)}`,
    children: mark(node.children, noteOf),
  }));
}

function fitsWhole(expected: ExpectedNode, node: Node): boolean {
  return expected.fits(node) && pairUp(expected.children, node.children, expected.hasRest);
}

/** Whether each expected tree has a recorded one of its own: a bipartite matching, so that wildcards take no wrong turn. */
function pairUp(expected: readonly ExpectedNode[], nodes: readonly Node[], hasRest: boolean): boolean {
  if (hasRest ? nodes.length < expected.length : nodes.length !== expected.length) return false;
  return expectedFor(expected, nodes, fitsWhole).size === expected.length;
}

/** The expected tree that each recorded one stands for, as many as possible. */
function expectedFor(
  expected: readonly ExpectedNode[],
  nodes: readonly Node[],
  fits: (expected: ExpectedNode, node: Node) => boolean,
): Map<Node, ExpectedNode> {
  const options = new Map(expected.map((each) => [each, nodes.filter((node) => fits(each, node))]));
  const taken = new Map<Node, ExpectedNode>();
  const place = (each: ExpectedNode, tried: Set<Node>): boolean => {
    return (options.get(each) ?? []).some((node) => {
      if (tried.has(node)) return false;
      tried.add(node);
      const holder = taken.get(node);
      if (holder !== undefined && !place(holder, tried)) return false;
      taken.set(node, each);
      return true;
    });
  };
  for (const each of expected) place(each, new Set());
  return taken;
}

/** The recorded lines, those that are wrong marked `+`, with those that are missing marked `-`. */
function diff(
  expected: readonly ExpectedNode[],
  nodes: readonly Node[],
  { hasRest, depth }: { hasRest: boolean; depth: number },
): string[] {
  const whole = expectedFor(expected, nodes, fitsWhole);
  const placed = new Set(whole.values());
  const open = expected.filter((each) => !placed.has(each));
  const rest = nodes.filter((node) => !whole.has(node));
  const partly = expectedFor(open, rest, (each, node) => each.fits(node));
  const found = new Set(partly.values());
  const lines = nodes.flatMap((node) => {
    const half = partly.get(node);
    if (half !== undefined) {
      const below = diff(half.children, node.children, { hasRest: half.hasRest, depth: depth + 1 });
      return [`${pad(" ", depth)}${node.line}`, ...below];
    }
    return spread(node, whole.has(node) || hasRest ? " " : "+", depth);
  });
  return [...lines, ...open.filter((each) => !found.has(each)).flatMap((each) => spread(each, "-", depth))];
}

/** What an expected and a recorded node have in common. */
interface Line {
  readonly line: string;
  readonly children: readonly Line[];
}

function spread({ line, children }: Line, sign: string, depth: number): string[] {
  return [`${pad(sign, depth)}${line}`, ...children.flatMap((child) => spread(child, sign, depth + 1))];
}

function pad(sign: string, depth: number): string {
  return `${sign} ${"  ".repeat(depth)}`;
}
