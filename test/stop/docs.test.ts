import { describe, expect, it } from "vitest";
import { compilePage, readPage, runPageProgram } from "../support/page.ts";
import { outputPattern } from "../support/page-programs.ts";

const PROGRAM_TIMEOUT_MS = 60_000;

const page = await readPage("docs/stopping.md");

describe("docs/stopping.md", () => {
  it("has programs that compile against the built package", { timeout: PROGRAM_TIMEOUT_MS }, async () => {
    const result = await compilePage(page);

    expect(result).toEqual({ exitCode: 0, stdout: "", stderr: "" });
  });

  it.each(page.programs)(
    "has a program that prints what it says: $file",
    async (program) => {
      const { exitCode, stdout, stderr } = await runPageProgram(page, program);

      expect(exitCode).toBe(1);
      expect(stdout).toMatch(outputPattern(program.output ?? "nothing"));
      expect(stderr).toContain("SpanbusWarning: stopped on SIGTERM: 1 delivery was cut (order.placed");
    },
    PROGRAM_TIMEOUT_MS,
  );
});
