import { describe, expect, it } from "vitest";
import { readPage, runPageProgram } from "../support/page.ts";

const PROGRAM_TIMEOUT_MS = 60_000;

const page = await readPage("docs/testing.md");
const tests = page.programs.filter((program) => program.file.endsWith(".test.ts"));

describe("docs/testing.md", () => {
  it("has programs", () => {
    expect(tests.map((test) => test.file)).toEqual([
      "billing.test.ts",
      "billing-node.test.ts",
      "billing-time.test.ts",
      "handlers.test.ts",
    ]);
  });

  it.each(tests)(
    "has tests that pass: $file",
    async (program) => {
      const result = await runPageProgram(page, program);

      expect(result.exitCode, `${result.stdout}\n${result.stderr}`).toBe(0);
      expect(result.stdout).toContain("ok 1");
      expect(result.stdout).not.toContain("not ok");
    },
    PROGRAM_TIMEOUT_MS,
  );
});
