import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { toMarkdown, toSummary } from "./markdown.ts";
import type { Circumstances, Results } from "./results.ts";

const ROOT = join(import.meta.dirname, "../..");
const RESULTS = join(ROOT, "bench/results/latest.json");
const PAGE = join(ROOT, "docs/performance.md");
const README = join(ROOT, "README.md");
/** Renewed by the bench alone; the parts that the README calls generated are made from the code. */
const MEASURED = /(<!-- (?:generated|measured): bench -->\n)[\s\S]*?(<!-- \/(?:generated|measured) -->)/;

/** Writes the machine-readable results, and the generated parts of the performance page and the README. */
export function keepResults(results: Results, circumstances: Circumstances): void {
  mkdirSync(join(ROOT, "bench/results"), { recursive: true });
  const { measurements } = results;
  writeFileSync(
    RESULTS,
    `${JSON.stringify({ ...circumstances, measurements: measurements.map(rounded) }, undefined, 2)}\n`,
  );
  fill(PAGE, toMarkdown(results, circumstances));
  fill(README, toSummary(results, circumstances));
}

function fill(path: string, text: string): void {
  const page = readFileSync(path, "utf8");
  writeFileSync(
    path,
    page.replace(MEASURED, (_, start: string, end: string) => `${start}\n${text}\n${end}`),
  );
}

function rounded<Value extends object>(value: Value): Value {
  const entries = Object.entries(value).map(([key, each]) => [
    key,
    typeof each === "number" ? Number(each.toPrecision(5)) : each,
  ]);
  return Object.fromEntries(entries);
}
