import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { makeTemporaryFolder, type TemporaryFolder } from "./child.ts";
import { ROOT } from "./root.ts";

/**
 * A folder with these files, in which `spanbus` is the built package (`npm run build`) and every other package the
 * repository's.
 */
export async function makeLinkedFolder(files: Readonly<Record<string, string>>): Promise<TemporaryFolder> {
  const folder = await makeTemporaryFolder();
  const manifest = JSON.stringify({ name: "reader", type: "module", private: true });
  await Promise.all([
    linkPackages(join(folder.path, "node_modules")),
    ...Object.entries({ "package.json": manifest, ...files }).map(async ([name, text]) => {
      const path = join(folder.path, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
    }),
  ]);
  return folder;
}

async function linkPackages(target: string): Promise<void> {
  const source = join(ROOT, "node_modules");
  const [names] = await Promise.all([readdir(source), mkdir(target)]);
  const packages = names.filter((name) => !name.startsWith(".") && name !== "spanbus");
  await Promise.all([
    symlink(ROOT, join(target, "spanbus"), "junction"),
    ...packages.map((name) => symlink(join(source, name), join(target, name), "junction")),
  ]);
}
