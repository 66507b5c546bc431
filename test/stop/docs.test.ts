import { describe, expect, it } from "vitest";
import { readPage, runPageProgram } from "../support/page.ts";
import { outputPattern, type PageProgram } from "../support/page-programs.ts";

const page = await readPage("docs/stopping.md");

describe("docs/stopping.md", () => {
  it("has a program that prints what it says", async () => {
    const [program] = page.programs;

    const { exitCode, stdout, stderr } = await runPageProgram(page, program as PageProgram);

    expect(exitCode).toBe(1);
    expect(stdout).toMatch(outputPattern(program?.output ?? "nothing"));
    expect(stderr).toContain("SpanbusWarning: stopped on SIGTERM: 1 delivery was cut (order.placed");
  });
});
