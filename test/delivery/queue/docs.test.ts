import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { extractPrograms, outputPattern } from "../../readme/programs.ts";
import { runChild } from "../../support/child.ts";
import { ROOT } from "../../support/root.ts";
import { makeLinkedFolder } from "../../testing/linked-folder.ts";

const PROGRAM_TIMEOUT_MS = 60_000;

const page = await readFile(join(ROOT, "docs/delivery-control.md"), "utf8");
const programs = extractPrograms(page);

describe("docs/delivery-control.md", () => {
  it("has a program", () => {
    expect(programs.map(({ file }) => file)).toEqual(["delivery-control.ts"]);
  });

  for (const { file, source, output = "" } of programs) {
    it(
      `has a program that does what it says: ${file}`,
      async () => {
        await using folder = await makeLinkedFolder({ [file]: source });

        const { exitCode, stdout, stderr } = await runChild(process.execPath, [file], folder.path);

        expect(exitCode, `${stdout}\n${stderr}`).toBe(0);
        expect(stdout).toMatch(outputPattern(output));
      },
      PROGRAM_TIMEOUT_MS,
    );
  }
});
