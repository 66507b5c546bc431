import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type ChildResult, runChild, type TemporaryFolder } from "./child.ts";
import { makeLinkedFolder } from "./linked-folder.ts";
import { extractFragments, extractPrograms, logLinesFirst, type PageProgram } from "./page-programs.ts";
import { ROOT } from "./root.ts";
import { testRunner } from "./test-runner.ts";

/** A page of the documentation. */
export interface Page {
  readonly text: string;
  readonly programs: readonly PageProgram[];
  /** Its other blocks of TypeScript, which stand for more than they show. */
  readonly fragments: readonly string[];
}

/** Reads a page, such as `docs/testing.md`. */
export async function readPage(path: string): Promise<Page> {
  const text = await readFile(join(ROOT, path), "utf8");
  return { text, programs: extractPrograms(text), fragments: extractFragments(text) };
}

/** A folder with all programs of the page, as a reader has it who has installed the package. */
export function makePageFolder(page: Page): Promise<TemporaryFolder> {
  return makeLinkedFolder(sourcesOf(page));
}

/** Runs a program of the page to its end, a test file under its runner. Log lines come first in its output. */
export async function runPageProgram(page: Page, program: PageProgram): Promise<ChildResult> {
  await using folder = await makePageFolder(page);
  const { file, source, nodeArguments } = program;
  const runner = file.endsWith(".test.ts") ? testRunner(source) : [];
  const result = await runChild(process.execPath, [...nodeArguments, ...runner, file], folder.path);
  return { ...result, stdout: logLinesFirst(result.stdout) };
}

/** The programs of the page by the names of their files. */
export function sourcesOf({ programs }: Page): Record<string, string> {
  return Object.fromEntries(programs.map(({ file, source }) => [file, source]));
}
