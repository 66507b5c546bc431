import { setTimeout as sleep } from "node:timers/promises";

export interface UntilOptions {
  readonly withinMs: number;
  /** @default 500 */
  readonly everyMs?: number;
}

/** Asks over and over until the answer is true; false when it never was in time. An error counts as "not yet". */
export async function until(
  question: () => boolean | Promise<boolean>,
  { withinMs, everyMs = 500 }: UntilOptions,
): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (performance.now() < deadline) {
    const answer = await Promise.resolve()
      .then(question)
      .catch(() => false);
    if (answer) return true;
    await sleep(everyMs);
  }
  return false;
}
