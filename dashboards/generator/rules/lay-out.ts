/** Binary operators by how loosely they bind, the loosest first; each level is split at before the next. */
const OPERATORS: readonly (readonly string[])[] = [["or"], ["and", "unless"], ["==", "!=", ">=", "<=", ">", "<"]];
const ARITHMETIC: readonly (readonly string[])[] = [
  ["+", "-"],
  ["*", "/"],
];

/** Lines up to this length stay as they are. */
const WIDTH = 100;

/**
 * Breaks a long expression into lines, as `promtool promql format` would: before its loosest operators, and inside the
 * parentheses of what is still too long. Only white space changes; operators have to stand between spaces.
 */
export function layOut(expression: string): string {
  if (expression.length <= WIDTH) return expression;
  const isPlain = !expression.includes("("); // arithmetic of plain series reads best on its line
  for (const operators of isPlain ? OPERATORS : [...OPERATORS, ...ARITHMETIC]) {
    const parts = splitBefore(expression, operators);
    if (parts.length > 1) return parts.map(layOut).join("\n");
  }
  return layOutGroup(expression);
}

/** `head (inside)`, the inside on lines of its own; unchanged when it does not end in a group worth opening. */
function layOutGroup(expression: string): string {
  const open = openingOfLastGroup(expression);
  if (open === undefined) return expression;
  const inside = expression.slice(open + 1, -1);
  if (!inside.includes(" ")) return expression;
  const lines = layOut(inside).split("\n");
  return [expression.slice(0, open + 1), ...lines.map((line) => `  ${line}`), ")"].join("\n");
}

/** Where the group that ends the text begins. */
function openingOfLastGroup(text: string): number | undefined {
  if (!text.endsWith(")")) return undefined;
  const opened: number[] = [];
  let last: number | undefined;
  for (const [at, character] of significant(text)) {
    if ("([{".includes(character)) opened.push(at);
    else if (")]}".includes(character)) last = opened.pop();
  }
  return last;
}

/**
 * The parts of an expression, each but the first beginning with one of `operators` outside all parentheses. A number, such
 * as the 0 of `or 0 * …`, is no part of its own.
 */
function splitBefore(expression: string, operators: readonly string[]): string[] {
  const cuts = [0];
  let depth = 0;
  for (const [at, character] of significant(expression)) {
    if ("([{".includes(character)) depth++;
    else if (")]}".includes(character)) depth--;
    else if (character === " " && depth === 0) {
      const [word = ""] = expression.slice(at + 1).split(" ", 1);
      const before = expression.slice(cuts.at(-1), at);
      if (operators.includes(word) && !/^(?:\S+ )?[\d.]+$/.test(before)) cuts.push(at + 1);
    }
  }
  return cuts.map((cut, i) => expression.slice(cut, cuts[i + 1]).trimEnd());
}

/** The characters outside of string literals, with their places. */
function* significant(text: string): Generator<readonly [number, string]> {
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (isQuoted && character === "\\") at++;
    else if (character === '"') isQuoted = !isQuoted;
    else if (!isQuoted) yield [at, character];
  }
}
