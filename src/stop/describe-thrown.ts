/** Whatever was thrown, on one line of at most 300 characters. */
export function describeThrown(error: unknown): string {
  try {
    const text = error instanceof Error ? error.message || error.name : String(error);
    return text.replaceAll(/\s+/g, " ").trim().slice(0, 300);
  } catch {
    return "an error that cannot be read";
  }
}
