import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeTemporaryFolder, runChildOrThrow } from "../support/child.ts";
import { ROOT } from "../support/root.ts";

interface TestFile {
  readonly name: string;
  readonly status: "passed" | "failed";
  readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
}

/** What vitest's JSON reporter writes, as far as the summary reads it. */
const report = (numPassedTests: number, numFailedTests: number, testResults: readonly TestFile[] = []) => ({
  numPassedTests,
  numFailedTests,
  success: numFailedTests === 0 && testResults.every(({ status }) => status === "passed"),
  testResults,
});

async function summary(reports: readonly object[], notRun: readonly string[] = []): Promise<readonly string[]> {
  await using folder = await makeTemporaryFolder();
  for (const [i, each] of reports.entries()) await writeFile(join(folder.path, `${i}.json`), JSON.stringify(each));
  const printed = await runChildOrThrow(process.execPath, [".ci/summary.mjs", folder.path, ...notRun], ROOT);
  return printed.trim().split("\n");
}

describe("the summary of a whole run", () => {
  it("adds up the runs, in its last line", async () => {
    expect(await summary([report(12, 0), report(30, 1)])).toEqual(["42 passed, 1 failed"]);
  });

  it("counts a file that could not be run as a failure", async () => {
    const broken = report(3, 0, [{ name: join(ROOT, "a.test.ts"), status: "failed", assertionResults: [] }]);

    expect(await summary([broken])).toEqual(["3 passed, 1 failed"]);
  });

  it("names what did not run, and counts it as nothing", async () => {
    const results = [{ status: "skipped", fullName: "alert rules are accepted" }];
    const skipping = report(3, 0, [{ name: join(ROOT, "a.test.ts"), status: "passed", assertionResults: results }]);

    expect(await summary([skipping], ["alerts: no servers"])).toEqual([
      "did not run: alerts: no servers",
      "did not run: a.test.ts: alert rules are accepted",
      "3 passed, 0 failed",
    ]);
  });

  it("says no number where nothing was counted", async () => {
    expect(await summary([], ["everything"])).toEqual(["did not run: everything"]);
  });
});
