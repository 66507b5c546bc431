import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { toMarkdown, toSummary } from "./markdown.ts";
import { type Circumstances, type Measurement, Results } from "./results.ts";

const ROOT = join(import.meta.dirname, "../..");
const RESULTS = join(ROOT, "bench/results/latest.json");
const PAGE = join(ROOT, "docs/performance.md");
const README = join(ROOT, "README.md");
/** Renewed by the bench alone; the parts that the README calls generated are made from the code. */
const MEASURED = /(<!-- (?:generated|measured): bench -->\n)[\s\S]*?(<!-- \/(?:generated|measured) -->)/;

/** Writes the machine-readable results, and from those the measured parts of the performance page and the README. */
export function keepResults({ measurements }: Results, circumstances: Circumstances): void {
  mkdirSync(join(ROOT, "bench/results"), { recursive: true });
  const kept = { ...circumstances, measurements: measurements.map(rounded) };
  writeFileSync(RESULTS, `${JSON.stringify(kept, undefined, 2)}\n`);
  renderKept();
}

/** Writes the measured parts of the pages from the results that were kept. */
export function renderKept(): void {
  const { page, readme } = keptParts();
  fill(PAGE, page);
  fill(README, readme);
}

/** What the pages show of the results that were kept. */
export function keptParts(): { readonly page: string; readonly readme: string } {
  const { measurements, ...circumstances } = JSON.parse(readFileSync(RESULTS, "utf8")) as Kept;
  const results = new Results(measurements);
  return { page: toMarkdown(results, circumstances), readme: toSummary(results, circumstances) };
}

type Kept = Circumstances & { readonly measurements: readonly Measurement[] };

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
