import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { extractPrograms } from "../readme/programs.ts";
import { runChild, type TemporaryFolder } from "../support/child.ts";
import { ROOT } from "../support/root.ts";
import { makeLinkedFolder, runnerOf } from "./linked-folder.ts";

const PROGRAM_TIMEOUT_MS = 60_000;

const programs = extractPrograms(await readFile(join(ROOT, "docs/testing.md"), "utf8"));
const tests = programs.filter((program) => program.file.endsWith(".test.ts"));
let folder: TemporaryFolder;

beforeAll(async () => {
  folder = await makeLinkedFolder(Object.fromEntries(programs.map(({ file, source }) => [file, source])));
});

afterAll(() => folder[Symbol.asyncDispose]());

describe("docs/testing.md", () => {
  it("has programs", () => {
    expect(tests.map((test) => test.file)).toEqual([
      "billing.test.ts",
      "billing-node.test.ts",
      "billing-time.test.ts",
      "handlers.test.ts",
    ]);
  });

  it(
    "has programs that compile against the built package",
    async () => {
      const compilerOptions = {
        strict: true,
        noUncheckedIndexedAccess: true,
        exactOptionalPropertyTypes: true,
        verbatimModuleSyntax: true,
        erasableSyntaxOnly: true,
        allowImportingTsExtensions: true,
        skipLibCheck: true,
        noEmit: true,
        module: "nodenext",
        target: "es2023",
        lib: ["es2023", "esnext.disposable"],
        types: ["node"],
      };
      const files = programs.map((program) => program.file);
      await writeFile(join(folder.path, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));

      const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
      const result = await runChild(process.execPath, [tsc, "--project", folder.path], folder.path);

      expect(result).toEqual({ exitCode: 0, stdout: "", stderr: "" });
    },
    PROGRAM_TIMEOUT_MS,
  );

  for (const { file, source } of tests) {
    it(
      `has tests that pass: ${file}`,
      async () => {
        const result = await runChild(process.execPath, [...runnerOf(source), file], folder.path);

        expect(result.exitCode, `${result.stdout}\n${result.stderr}`).toBe(0);
        expect(result.stdout).toContain("ok 1");
        expect(result.stdout).not.toContain("not ok");
      },
      PROGRAM_TIMEOUT_MS,
    );
  }
});
