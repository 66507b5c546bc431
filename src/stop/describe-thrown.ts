import { onOneLine } from "../errors.ts";

/** Whatever was thrown, on one line of at most 300 characters. */
export function describeThrown(error: unknown): string {
  try {
    const text = error instanceof Error ? error.message || error.name : String(error);
    return onOneLine(text.slice(0, 1_000)).slice(0, 300);
  } catch {
    return "an error that cannot be read";
  }
}
