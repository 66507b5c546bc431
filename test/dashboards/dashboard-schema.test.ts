import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type ChildResult, makeTemporaryFolder, runChild } from "../support/child.ts";
import { ROOT } from "../support/root.ts";
import { type BoardJson, committedBoards } from "./boards.ts";

const TSC_TIMEOUT_MS = 60_000;

describe("Grafana's schema", () => {
  it(
    "accepts every dashboard",
    async () => {
      const result = await compile(committedBoards());

      expect(result).toEqual({ exitCode: 0, stdout: "", stderr: "" });
    },
    TSC_TIMEOUT_MS,
  );

  it(
    "refuses what it does not know, wherever it is",
    async () => {
      const [[, board] = []] = committedBoards();
      const result = await compile(MISTAKES.map((make, i) => [`mistake-${i}`, make(board as BoardJson)]));

      const refused = new Set(result.stdout.match(/^mistake-\d+/gm));

      expect([...refused].sort()).toEqual(MISTAKES.map((_make, i) => `mistake-${i}`));
    },
    TSC_TIMEOUT_MS,
  );
});

const MISTAKES: readonly ((board: BoardJson) => unknown)[] = [
  (board) => ({ ...board, colour: "red" }),
  (board) => ({ ...board, templating: { list: [{ type: "query", name: "a", auto: false }] } }),
  (board) => ({ ...board, graphTooltip: 7 }),
  (board) => ({ ...board, panels: [panel("table", { frameIndex: 0, showHeader: true, footer: { show: false } })] }),
  (board) => ({ ...board, panels: [panel("text", { mode: "markup", content: "" })] }),
  (board) => ({ ...board, panels: [panel("piechart", {})] }),
];

function panel(type: string, options: object): object {
  return { type, options, fieldConfig: { defaults: {}, overrides: [] }, targets: [] };
}

/** Compiles each value as a constant of the schema's type. */
async function compile(values: readonly (readonly [name: string, value: unknown])[]): Promise<ChildResult> {
  await using folder = await makeTemporaryFolder();
  const schema = JSON.stringify(join(ROOT, "test/dashboards/dashboard-schema.ts"));
  for (const [name, value] of values) {
    const source = `import type { DashboardJson } from ${schema};\nexport const board: DashboardJson = ${JSON.stringify(value, undefined, 1)};\n`;
    await writeFile(join(folder.path, `${name}.ts`), source);
  }
  const compilerOptions = {
    strict: true,
    module: "nodenext",
    target: "es2023",
    types: [],
    skipLibCheck: true,
    noEmit: true,
    allowImportingTsExtensions: true,
  };
  const files = values.map(([name]) => `${name}.ts`);
  await writeFile(join(folder.path, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  return await runChild(process.execPath, [tsc, "--project", folder.path], folder.path); // before the folder goes
}
