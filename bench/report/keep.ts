import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { toMarkdown } from "./markdown.ts";
import type { Circumstances, Results } from "./results.ts";

const ROOT = join(import.meta.dirname, "../..");
const RESULTS = join(ROOT, "bench/results/latest.json");
const PAGE = join(ROOT, "docs/performance.md");
const GENERATED = /(<!-- generated: bench -->\n)[\s\S]*?(<!-- \/generated -->)/;

/** Writes the machine-readable results, and the generated part of the performance page. */
export function keepResults(results: Results, circumstances: Circumstances): void {
  mkdirSync(join(ROOT, "bench/results"), { recursive: true });
  const { measurements } = results;
  writeFileSync(
    RESULTS,
    `${JSON.stringify({ ...circumstances, measurements: measurements.map(rounded) }, undefined, 2)}\n`,
  );
  const page = readFileSync(PAGE, "utf8");
  const text = `\n${toMarkdown(results, circumstances)}\n`;
  writeFileSync(
    PAGE,
    page.replace(GENERATED, (_, start: string, end: string) => `${start}${text}${end}`),
  );
}

function rounded<Value extends object>(value: Value): Value {
  const entries = Object.entries(value).map(([key, each]) => [
    key,
    typeof each === "number" ? Number(each.toPrecision(5)) : each,
  ]);
  return Object.fromEntries(entries);
}
