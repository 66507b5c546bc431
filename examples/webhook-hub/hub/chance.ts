import { createHash } from "node:crypto";

/** A number from 0 (inclusive) to 1 (exclusive) that follows from its arguments: what fails in one run fails in the next. */
export function chance(...parts: readonly (string | number)[]): number {
  return createHash("sha256").update(parts.join("\n")).digest().readUInt32BE() / 2 ** 32;
}
