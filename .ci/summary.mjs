// node .ci/summary.mjs <folder of JSON reports> [part that did not run]...
// Prints the parts that did not run by name, and the counts of all runs: what did not run is in neither count.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

const [folder, ...notRun] = process.argv.slice(2);
const runs = readdirSync(folder).flatMap((name) => {
  const text = readFileSync(join(folder, name), "utf8");
  return text === "" ? [] : [JSON.parse(text)];
});
let passed = 0;
let failed = 0;
for (const run of runs) {
  const brokenFiles = run.testResults.filter((file) => file.status === "failed" && file.assertionResults.length === 0);
  passed += run.numPassedTests;
  failed += Math.max(run.numFailedTests + brokenFiles.length, run.success ? 0 : 1);
  for (const { name, assertionResults } of run.testResults) {
    const skipped = assertionResults.filter(({ status }) => status !== "passed" && status !== "failed");
    notRun.push(...skipped.map(({ fullName }) => `${relative(process.cwd(), name)}: ${fullName}`));
  }
}
for (const part of notRun) console.log(`did not run: ${part}`);
if (runs.length > 0) console.log(`${passed} passed, ${failed} failed`);
