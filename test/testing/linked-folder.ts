import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeTemporaryFolder, type TemporaryFolder } from "../support/child.ts";
import { ROOT } from "../support/root.ts";

/** A folder with these files, in which everything this repository has installed can be imported, and itself as built. */
export async function makeLinkedFolder(files: Readonly<Record<string, string>>): Promise<TemporaryFolder> {
  const folder = await makeTemporaryFolder();
  const modules = join(folder.path, "node_modules");
  await mkdir(modules);
  await writeFile(join(folder.path, "package.json"), JSON.stringify({ name: "reader", type: "module", private: true }));
  const installed = (await readdir(join(ROOT, "node_modules"))).filter(
    (name) => !name.startsWith(".") && name !== "spanbus",
  );
  await Promise.all(installed.map((name) => symlink(join(ROOT, "node_modules", name), join(modules, name))));
  await symlink(ROOT, join(modules, "spanbus"));
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(folder.path, name), text)));
  return folder;
}

/** The arguments of Node that run a test file under vitest, or under Node's own runner. */
export function runnerOf(source: string): string[] {
  if (!source.includes(' from "vitest"')) return ["--test", "--test-reporter=tap"];
  return [join(ROOT, "node_modules/vitest/vitest.mjs"), "run", "--reporter=tap"];
}
