import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { optionTypes } from "../../scripts/api-tables.ts";
import { GENERATED, GENERATED_PAGES, generatedParts } from "../../scripts/contract-tables.ts";
import { readPage, runPageProgram } from "../support/page.ts";
import { outputPattern } from "../support/page-programs.ts";
import { ROOT } from "../support/root.ts";

const PROGRAM_TIMEOUT_MS = 60_000;

const page = await readPage("docs/api.md");

describe("the generated parts of", () => {
  it.each(GENERATED_PAGES)("%s are what `node scripts/contract-tables.ts` makes of the code", async (path) => {
    const parts = generatedParts(await readFile(join(ROOT, path), "utf8"));

    const expected = Object.keys(parts).map((name) => [name, GENERATED[name]?.()]);
    expect(Object.keys(parts)).not.toEqual([]);
    expect(parts).toEqual(Object.fromEntries(expected));
  });
});

describe("docs/api.md", () => {
  it("has a table for every type of options that the package exports", () => {
    const shown = Object.keys(generatedParts(page.text));

    const options = optionTypes();
    expect(options.length).toBeGreaterThan(15);
    expect(options.filter((name) => !shown.includes(name))).toEqual([]);
  });

  it("names every entry of the package", async () => {
    const { exports } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as { exports: object };
    const entries = Object.keys(exports).filter((key) => key !== "./package.json");

    const missing = entries.filter((key) => !page.text.includes(`\`${key.replace(".", "spanbus")}\``));

    expect(missing).toEqual([]);
  });

  it.each(page.programs)(
    "has a program that runs, and prints what it says: $file",
    async (program) => {
      const result = await runPageProgram(page, program);

      expect(result.exitCode, result.stderr).toBe(0);
      expect(result.stdout).toMatch(outputPattern(program.output ?? ""));
    },
    PROGRAM_TIMEOUT_MS,
  );

  it("has programs", () => {
    expect(page.programs).toHaveLength(2);
  });
});
