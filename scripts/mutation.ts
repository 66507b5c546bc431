import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { readArguments } from "./program.ts";

/**
 * `npm run test:mutation -- event routing`: mutates the core rooms named (all, unless any is) one after the other, and
 * writes each room's score into docs/mutation.md and the README. Takes minutes a room; survivors are listed as it goes, and
 * kept in reports/mutation/<room>.json. `--again` tries only those, and files that have changed since: what was found
 * stays found while tests are only added.
 */
const ROOMS = ["bus", "catalog", "delivery", "event", "publishing", "routing"];
const MISSED = ["Survived", "NoCoverage"];
const root = fileURLToPath(new URL("..", import.meta.url));
const page = `${root}docs/mutation.md`;
const readme = `${root}README.md`;
const fresh = `${root}reports/mutation/mutation.json`;

interface Position {
  readonly line: number;
  readonly column: number;
}

interface Mutant {
  readonly mutatorName: string;
  readonly replacement: string;
  readonly location: { readonly start: Position; readonly end: Position };
  readonly status: string;
}

/** What Stryker's JSON reporter writes, as far as it is read here. */
interface Report {
  readonly files: Readonly<Record<string, { readonly source: string; readonly mutants: readonly Mutant[] }>>;
}

const USAGE = `npm run test:mutation -- [options] [rooms]
Changes the core rooms (folders of src) in small ways, and counts the changes that the tests find.
  rooms     which of ${ROOMS.join(", ")}; all by default
  --again   only what survived the last time, and files that changed since`;

const { values, positionals } = readArguments(process.argv.slice(2), USAGE, (args) => {
  const parsed = parseArgs({ args: [...args], allowPositionals: true, options: { again: { type: "boolean" } } });
  const unknown = parsed.positionals.find((room) => !ROOMS.includes(room));
  if (unknown === undefined) return parsed;
  throw new Error(`there is no room ${JSON.stringify(unknown)}: choose from ${ROOMS.join(", ")}`);
});
for (const room of positionals.length === 0 ? ROOMS : positionals) tryRoom(room);

function tryRoom(room: string): void {
  const kept = `${root}reports/mutation/${room}.json`;
  const before = values.again && existsSync(kept) ? readReport(kept) : undefined;
  const targets = before === undefined ? [`src/${room}/**/*.ts`] : targetsAgain(before);
  if (targets.length > 0) runStryker(room, targets);
  const after = targets.length > 0 ? readReport(fresh) : { files: {} };
  const report = before === undefined ? after : merge(before, after);
  writeFileSync(kept, JSON.stringify(report));
  writeScores(room, report);
}

function readReport(path: string): Report {
  return JSON.parse(readFileSync(path, "utf8")) as Report;
}

function runStryker(room: string, targets: readonly string[]): void {
  rmSync(fresh, { force: true });
  const stryker = fileURLToPath(new URL("../node_modules/@stryker-mutator/core/bin/stryker.js", import.meta.url));
  const { status } = spawnSync(process.execPath, [stryker, "run", "--mutate", targets.join(",")], {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, SPANBUS_ROOM: room },
  });
  if (status !== 0) process.exit(status ?? 1);
}

/** What to mutate again: the places of the mutants that were missed, and whole files that are not what they were. */
function targetsAgain({ files }: Report): string[] {
  return Object.entries(files).flatMap(([file, { source, mutants }]) => {
    if (!existsSync(root + file)) return [];
    if (readFileSync(root + file, "utf8") !== source) return [file];
    const missed = mutants.filter(({ status }) => MISSED.includes(status));
    return missed.map(({ location: { start, end } }) => {
      return `${file}:${start.line}:${start.column - 1}-${end.line}:${end.column - 1}`; // Stryker counts columns from 0 here
    });
  });
}

function merge(before: Report, after: Report): Report {
  const files = Object.entries(before.files).flatMap(([file, { source, mutants }]) => {
    const again = after.files[file];
    if (!existsSync(root + file)) return [];
    if (again === undefined || again.source !== source) return [[file, again ?? { source, mutants }] as const];
    const results = new Map(again.mutants.map((each) => [identity(each), each]));
    return [[file, { source, mutants: mutants.map((each) => results.get(identity(each)) ?? each) }] as const];
  });
  return { files: Object.fromEntries(files) };
}

function identity({ mutatorName, replacement, location }: Mutant): string {
  return JSON.stringify([mutatorName, replacement, location]);
}

/** Replaces the room's row of the page's table, and with all rows the line of the README. */
function writeScores(room: string, { files }: Report): void {
  const statuses = Object.values(files).flatMap(({ mutants }) => mutants.map(({ status }) => status));
  const count = (...wanted: string[]): number => statuses.filter((status) => wanted.includes(status)).length;
  const found = count("Killed", "Timeout");
  const missed = count(...MISSED);
  const cells = [percent(found, missed), found, missed, count("RuntimeError", "CompileError"), count("Ignored")];
  const row = `| \`src/${room}\` | ${cells.join(" | ")} |`;
  const text = readFileSync(page, "utf8").replace(new RegExp(`^\\| \`src/${room}\` .*$`, "m"), row);
  writeFileSync(page, text);
  const block = /(?<=<!-- measured: mutation -->\n)[\s\S]*?(?=<!-- \/measured -->)/;
  writeFileSync(readme, readFileSync(readme, "utf8").replace(block, `${summary(text)}\n`));
}

/** The scores of the page's table in one sentence. */
function summary(table: string): string {
  const rows = [...table.matchAll(/^\| `(src\/\w+)` \| ([\d.]+ %) \| (\d+) \| (\d+) \|/gm)];
  const total = (column: 3 | 4): number => rows.reduce((sum, row) => sum + Number(row[column]), 0);
  const scores = rows.map(([, room, score]) => `\`${room}\` ${score}`).join(", ");
  return `Mutants of the core that the tests find: ${percent(total(3), total(4))} (${scores}).`;
}

function percent(found: number, missed: number): string {
  return `${((100 * found) / (found + missed)).toFixed(1)} %`;
}
