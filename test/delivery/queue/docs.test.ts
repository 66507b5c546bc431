import { describe, expect, it } from "vitest";
import { readPage, runPageProgram } from "../../support/page.ts";
import { outputPattern } from "../../support/page-programs.ts";

const PROGRAM_TIMEOUT_MS = 60_000;

const page = await readPage("docs/delivery-control.md");

describe("docs/delivery-control.md", () => {
  it("has a program", () => {
    expect(page.programs.map(({ file }) => file)).toEqual(["delivery-control.ts"]);
  });

  it.each(page.programs)(
    "has a program that does what it says: $file",
    async (program) => {
      const { exitCode, stdout, stderr } = await runPageProgram(page, program);

      expect(exitCode, `${stdout}\n${stderr}`).toBe(0);
      expect(stdout).toMatch(outputPattern(program.output ?? ""));
    },
    PROGRAM_TIMEOUT_MS,
  );
});
