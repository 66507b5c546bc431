import { join } from "node:path";
import { ROOT } from "./root.ts";

/** The arguments of Node that run a test file under vitest, or under Node's own runner. */
export function testRunner(source: string): string[] {
  if (!source.includes(' from "vitest"')) return ["--test", "--test-reporter=tap"];
  return [join(ROOT, "node_modules/vitest/vitest.mjs"), "run", "--reporter=tap"];
}
