import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeTemporaryFolder, runChild, type TemporaryFolder } from "../support/child.ts";
import { ROOT } from "../support/root.ts";
import { extractPrograms, outputPattern } from "./programs.ts";

const PROGRAM_TIMEOUT_MS = 60_000;

const programs = extractPrograms(await readFile(join(ROOT, "README.md"), "utf8"));
let folder: TemporaryFolder;

beforeAll(async () => {
  folder = await makeTemporaryFolder();
  await linkModules(folder.path);
  await Promise.all(programs.map(({ file, source }) => writeFile(join(folder.path, file), source)));
});

afterAll(() => folder[Symbol.asyncDispose]());

describe("the README", () => {
  it("has programs, each under a name of its own", () => {
    const names = programs.map((program) => program.file);

    expect(names).not.toEqual([]);
    expect(names).toEqual([...new Set(names)]);
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

  for (const { file, nodeArguments, output } of programs) {
    it(
      `runs ${file}${output === undefined ? "" : " and prints what it says"}`,
      async () => {
        const result = await runChild(process.execPath, [...nodeArguments, file], folder.path);

        expect(result.exitCode, result.stderr).toBe(0);
        expect(result.stdout).toMatch(output === undefined ? /^/ : outputPattern(output));
      },
      PROGRAM_TIMEOUT_MS,
    );
  }
});

/** Gives the programs what a reader has after installing: this package and everything it is developed with. */
async function linkModules(target: string): Promise<void> {
  const modules = join(target, "node_modules");
  await mkdir(modules);
  await writeFile(join(target, "package.json"), JSON.stringify({ name: "reader", type: "module", private: true }));
  const installed = (await readdir(join(ROOT, "node_modules"))).filter((name) => !name.startsWith("."));
  await Promise.all(installed.map((name) => symlink(join(ROOT, "node_modules", name), join(modules, name))));
  await symlink(ROOT, join(modules, "spanbus"));
}
