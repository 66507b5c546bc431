import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readPage, runPageProgram } from "../support/page.ts";
import { outputPattern } from "../support/page-programs.ts";
import { ROOT } from "../support/root.ts";

const PROGRAM_TIMEOUT_MS = 60_000;

const page = await readPage("docs/trace-search.md");

describe("docs/trace-search.md", () => {
  it.each(page.programs)(
    "has a program that runs, and prints what it says: $file",
    async (program) => {
      const result = await runPageProgram(page, program);

      expect(result.exitCode, result.stderr).toBe(0);
      expect(result.stdout).toMatch(outputPattern(program.output ?? ""));
    },
    PROGRAM_TIMEOUT_MS,
  );

  it("has a program, and names every variable that decides what is kept, with its default", async () => {
    const compose = await readFile(join(ROOT, "docker-compose.otel.yml"), "utf8");
    const kept = [...compose.matchAll(/\$\{(JAEGER_(?!TAG|PORT)\w+):-(\w+)\}/g)].map(([, name, value]) => [
      name,
      value,
    ]);
    const documented = [...page.text.matchAll(/^\| `(\w+)` \| (\w+) \|/gm)].map(([, name, value]) => [name, value]);

    expect(page.programs).toHaveLength(1);
    expect(kept).toHaveLength(3);
    expect(documented).toEqual(kept);
  });
});
