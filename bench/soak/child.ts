import type { Reading } from "./figure.ts";
import { FIGURES, type FigureName } from "./figures.ts";

/** What a child process tells its parent. */
export type Answer = { readonly readings: readonly Reading[] } | { readonly problem: string };

/** Measures the figure told as the first argument, in the size told as the second, and answers its parent. */
async function main([name, size]: readonly string[]): Promise<void> {
  const figure = FIGURES[name as FigureName];
  const answer: Answer = await figure.measure(Number(size)).then(
    (readings) => ({ readings }),
    (error: unknown) => ({ problem: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
  process.send?.(answer, () => process.exit());
}

await main(process.argv.slice(2));
