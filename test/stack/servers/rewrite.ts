/** One thing that a shipped file must say differently here, and why. */
export interface Rewrite {
  /** What the file says; it must be there, or the rule is out of date. */
  readonly from: string;
  readonly to: string;
  readonly why: "address" | "path" | "faster" | "receiver";
}

/** `text` with every occurrence of each rule's `from` replaced; nothing else changes. */
export function rewrite(text: string, rules: readonly Rewrite[]): string {
  return rules.reduce((rewritten, { from, to }) => {
    if (!rewritten.includes(from)) {
      throw new Error(`the shipped file does not say ${JSON.stringify(from)}: mend the rule that rewrites it`);
    }
    return rewritten.replaceAll(from, to);
  }, text);
}
