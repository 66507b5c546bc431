import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { GeneratedFile } from "../generated-file.ts";

/** A generated file, and whether the one in the folder is the same. */
export interface ComparedFile extends GeneratedFile {
  readonly state: "the same" | "different" | "missing";
}

/** Compares generated files with what is below `folder`; other files there are nobody's business. */
export async function compareFiles(folder: string, files: readonly GeneratedFile[]): Promise<ComparedFile[]> {
  return Promise.all(
    files.map(async (file) => {
      const present = await readPresent(join(folder, file.path));
      if (present === undefined) return { ...file, state: "missing" };
      return { ...file, state: present === file.content ? "the same" : "different" };
    }),
  );
}

/** Writes those that are not the same. */
export async function writeFiles(folder: string, files: readonly ComparedFile[]): Promise<void> {
  for (const { path, content, state } of files) {
    if (state === "the same") continue;
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content);
  }
}

async function readPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
