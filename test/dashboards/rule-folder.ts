import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RuleFile } from "../../dashboards/generator/rules/rule-files.ts";
import { PROMETHEUS_FOLDER } from "./shipped-rules.ts";

/** A folder of rules with the tests that are shipped, in which both can be changed; it goes when the scope ends. */
export interface RuleFolder extends AsyncDisposable {
  /** The path of a test file. */
  test(name: string): string;
  /** The path of a rule file. */
  rules(name: string): string;
}

export async function ruleFolder(files: readonly RuleFile[], tests: readonly RuleFile[] = []): Promise<RuleFolder> {
  const root = await mkdtemp(join(tmpdir(), "spanbus-rules-"));
  await mkdir(join(root, "rules"));
  await cp(join(PROMETHEUS_FOLDER, "tests"), join(root, "tests"), { recursive: true });
  for (const { name, text } of files) await writeFile(join(root, "rules", name), text);
  for (const { name, text } of tests) await writeFile(join(root, "tests", name), text);
  return {
    test: (name) => join(root, "tests", name),
    rules: (name) => join(root, "rules", name),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true }),
  };
}
