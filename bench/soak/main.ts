import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fail, readArguments } from "../../scripts/program.ts";
import { keepBuiltPackage } from "../measure/built-package.ts";
import { circumstances } from "../report/circumstances.ts";
import { readCommandLine, USAGE } from "./command-line.ts";
import type { Figure } from "./figure.ts";
import { FIGURES, type FigureName } from "./figures.ts";
import { brokenIn, type Measured, soakTable } from "./report.ts";
import { runFigure } from "./run-figure.ts";

const PAGE = join(import.meta.dirname, "../../docs/guarantees.md");
const GENERATED = /(<!-- generated: soak -->\n)[\s\S]*?(<!-- \/generated -->)/;

/** `npm run soak`: see USAGE. */
async function main(args: readonly string[]): Promise<void> {
  const options = readArguments(args, USAGE, readCommandLine);
  const figures = Object.entries(FIGURES) as [FigureName, Figure][];
  const wanted = figures.filter(([name]) => options.filter.test(name));
  if (wanted.length === 0) {
    fail(`no figure matches --filter ${options.filter.source}; there are ${Object.keys(FIGURES).join(", ")}`);
  }
  const startedAt = performance.now();
  const builtPackage = keepBuiltPackage();
  const measured: Measured[] = [];
  for (const [name, figure] of wanted) {
    const size = Math.ceil(figure.size * options.scale);
    console.error(`${name}: ${figure.title(size)}`);
    measured.push({ title: figure.title(size), readings: await runFigure(name, size, builtPackage) });
  }
  const report = `${describe((performance.now() - startedAt) / 1000)}\n\n${soakTable(measured)}`;
  console.log(report);
  if (options.isKept) keep(report);
  for (const problem of brokenIn(measured)) {
    console.error(`broken: ${problem}`);
    process.exitCode = 1;
  }
}

function describe(seconds: number): string {
  const { date, commit, node, cores, cpu } = circumstances("npm run soak", seconds);
  return (
    `Measured ${date} at commit ${commit} by \`npm run soak\` in ${Math.round(seconds)} s, each figure in a process of ` +
    `its own.\nNode ${node}, ${cores} cores (${cpu}).`
  );
}

/** Writes the generated part of the guarantees page. */
function keep(report: string): void {
  const page = readFileSync(PAGE, "utf8");
  writeFileSync(
    PAGE,
    page.replace(GENERATED, (_, start: string, end: string) => `${start}\n${report}\n${end}`),
  );
}

await main(process.argv.slice(2));
