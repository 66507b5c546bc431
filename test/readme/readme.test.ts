import { describe, expect, it } from "vitest";
import { readPage, runPageProgram } from "../support/page.ts";
import { outputPattern } from "../support/page-programs.ts";

const PROGRAM_TIMEOUT_MS = 60_000;

const page = await readPage("README.md");

describe("the README", () => {
  it("has programs, each under a name of its own", () => {
    const names = page.programs.map((program) => program.file);

    expect(names).not.toEqual([]);
    expect(names).toEqual([...new Set(names)]);
  });

  it.each(page.programs)(
    "has a program that runs, and prints what it says: $file",
    async (program) => {
      const result = await runPageProgram(page, program);

      expect(result.exitCode, result.stderr).toBe(0);
      expect(result.stdout).toMatch(program.output === undefined ? /^/ : outputPattern(program.output));
    },
    PROGRAM_TIMEOUT_MS,
  );
});
