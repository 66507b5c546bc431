import { spawnSync } from "node:child_process";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * `npm run test:mutation -- event routing`: mutates the core rooms named (all, unless any is) one after the other, and
 * writes each room's score into docs/mutation.md. Takes minutes a room; survivors are listed as it goes, and kept in
 * reports/mutation/<room>.json.
 */
const ROOMS = ["bus", "catalog", "delivery", "event", "publishing", "routing"];
const root = fileURLToPath(new URL("..", import.meta.url));
const page = `${root}docs/mutation.md`;
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

/** Replaces the room's row of the page's table. */
function writeRow(room: string, { files }: Report): void {
  const statuses = Object.values(files).flatMap(({ mutants }) => mutants.map(({ status }) => status));
  const count = (...wanted: string[]): number => statuses.filter((status) => wanted.includes(status)).length;
  const found = count("Killed", "Timeout");
  const missed = count("Survived", "NoCoverage");
  const score = ((100 * found) / (found + missed)).toFixed(1);
  const row = `| \`src/${room}\` | ${score} % | ${found} | ${missed} | ${count("RuntimeError", "CompileError")} | ${count("Ignored")} |`;
  const text = readFileSync(page, "utf8");
  writeFileSync(page, text.replace(new RegExp(`^\\| \`src/${room}\` .*$`, "m"), row));
}
