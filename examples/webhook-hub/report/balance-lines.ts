import type { Equation, Term } from "./balance.ts";
import type { Sheet } from "./screen.ts";
import { count, wrap } from "./text.ts";

/** Each equation of the conservation law with its numbers, and whether it holds. */
export function balanceLines(equations: readonly Equation[], { width, paint }: Sheet): string[] {
  return equations.flatMap(({ left, right, isBalanced }) => {
    const mark = isBalanced ? paint("green", "✓") : paint("red", "✗");
    const words = [...spell(left), isBalanced ? "=" : "≠", ...spell(right)];
    const [first = "", ...more] = wrap(words, width - 2, "  ");
    return [`${mark} ${first}`, ...more.map((line) => `  ${line}`)];
  });
}

/** Terms that lines are not broken within: `failed 3`, `+ discarded 2`. */
function spell(terms: readonly Term[]): string[] {
  return terms.map(({ label, count: times }, i) => `${i === 0 ? "" : "+ "}${label} ${count(times)}`);
}
