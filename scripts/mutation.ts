import { spawnSync } from "node:child_process";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * `npm run test:mutation -- event routing`: mutates the core rooms named (all, unless any is) one after the other, and
 * writes each room's score into docs/mutation.md and the README. Takes minutes a room; survivors are listed as it goes, and kept in
 * reports/mutation/<room>.json.
 */
const ROOMS = ["bus", "catalog", "delivery", "event", "publishing", "routing"];
const root = fileURLToPath(new URL("..", import.meta.url));
const page = `${root}docs/mutation.md`;
const readme = `${root}README.md`;
const report = `${root}reports/mutation/mutation.json`;

interface Report {
  readonly files: Readonly<Record<string, { readonly mutants: readonly { readonly status: string }[] }>>;
}

const asked = process.argv.slice(2);
const unknown = asked.find((room) => !ROOMS.includes(room));
if (unknown !== undefined)
  throw new Error(`there is no room ${JSON.stringify(unknown)}: choose from ${ROOMS.join(", ")}`);
for (const room of asked.length === 0 ? ROOMS : asked) {
  rmSync(report, { force: true });
  const stryker = fileURLToPath(new URL("../node_modules/@stryker-mutator/core/bin/stryker.js", import.meta.url));
  const { status } = spawnSync(process.execPath, [stryker, "run", "--mutate", `src/${room}/**/*.ts`], {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, SPANBUS_ROOM: room },
  });
  if (status !== 0) process.exit(status ?? 1);
  const kept = `${root}reports/mutation/${room}.json`;
  renameSync(report, kept);
  writeRow(room, JSON.parse(readFileSync(kept, "utf8")) as Report);
}

/** Replaces the room's row of the page's table, and with all rows the line of the README. */
function writeRow(room: string, { files }: Report): void {
  const statuses = Object.values(files).flatMap(({ mutants }) => mutants.map(({ status }) => status));
  const count = (...wanted: string[]): number => statuses.filter((status) => wanted.includes(status)).length;
  const found = count("Killed", "Timeout");
  const missed = count("Survived", "NoCoverage");
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
