import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { extractPrograms, outputPattern } from "../readme/programs.ts";
import { ROOT } from "../support/root.ts";
import { runProgram } from "../support/run-program.ts";

const page = await readFile(join(ROOT, "docs/stopping.md"), "utf8");

describe("docs/stopping.md", () => {
  it("has a program that prints what it says", async () => {
    const [program] = extractPrograms(page);

    const { exitCode, stdout, stderr } = await runProgram(program?.source ?? "");

    expect(exitCode).toBe(1);
    expect(stdout).toMatch(outputPattern(program?.output ?? "nothing"));
    expect(stderr).toContain("SpanbusWarning: stopped on SIGTERM: 1 delivery was cut (order.placed");
  });
});
