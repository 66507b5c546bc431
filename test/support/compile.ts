import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ChildResult, runChild } from "./child.ts";
import { makeLinkedFolder } from "./linked-folder.ts";
import { ROOT } from "./root.ts";

/** Compiles files against the built package, as strictly as TypeScript can; `flags` are more of the compiler's. */
export async function compile(
  files: Readonly<Record<string, string>>,
  flags: readonly string[] = [],
): Promise<ChildResult> {
  await using folder = await makeLinkedFolder(files);
  const project = { compilerOptions: COMPILER_OPTIONS, files: Object.keys(files) };
  await writeFile(join(folder.path, "tsconfig.json"), JSON.stringify(project));
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  return await runChild(process.execPath, [tsc, "--project", folder.path, ...flags], folder.path);
}

const COMPILER_OPTIONS = {
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
