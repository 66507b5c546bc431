import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ChildResult, makeTemporaryFolder, runChild, type TemporaryFolder } from "../support/child.ts";
import { ROOT } from "../support/root.ts";

const EVENTS = `
  import { defineEvents } from "spanbus";
  import type { Catalog } from "spanbus";
  interface Unused { readonly a: string }
  export const events = defineEvents({ "order.placed": { slo: { success: 0.95 } } });
  export const limit: number = 3;`;

let folder: TemporaryFolder;

beforeEach(async () => {
  folder = await makeTemporaryFolder();
  const modules = join(folder.path, "node_modules");
  await mkdir(join(modules, "@grafana"), { recursive: true });
  await symlink(ROOT, join(modules, "spanbus"));
  await writeFile(join(folder.path, "package.json"), JSON.stringify({ name: "guest", type: "module", private: true }));
});

afterEach(() => folder[Symbol.asyncDispose]());

describe("spanbus dashboards", () => {
  it("writes dashboards and rules for the catalog of a TypeScript module", async () => {
    await give("events.ts", EVENTS);

    const result = await spanbus("--from", "./events.ts", "--out", "made/", "--service", "shop");

    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
    expect(result.stdout).toContain("wrote made/grafana/dashboards/slo.json\n");
    expect(result.stdout).toContain("\n12 of 12 files changed below made/\n");
    expect(await readdir(join(folder.path, "made/grafana/dashboards"))).toHaveLength(5);
    expect(await read("made/prometheus/rules/handling-slo.yml")).toMatch(
      /messaging_destination_name="order\.placed"\}\s+\+ 0\.05$/m,
    );
    expect(await read("made/grafana/dashboards/slo.json")).toContain("order.placed | 95 %");
  });

  it("writes the generic ones without a module, and finds nothing to change the second time", async () => {
    await spanbus("--out", "made");

    const again = await spanbus("--out", "made");

    expect(again).toEqual({ exitCode: 0, stdout: "0 of 12 files changed below made\n", stderr: "" });
    expect(await read("made/grafana/dashboards/overview.json")).toBe(
      await readFile(join(ROOT, "dashboards/grafana/dashboards/overview.json"), "utf8"),
    );
  });

  it("only compares with --check: 1 when something differs or is missing, 0 when all is the same", async () => {
    await spanbus("--out", "made");
    const same = await spanbus("--out", "made", "--check");
    await give("made/grafana/dashboards/slo.json", "{}");

    const differing = await spanbus("--out", "made", "--check");
    const missing = await spanbus("--out", "elsewhere", "--check");

    expect(same.exitCode).toBe(0);
    expect(differing).toMatchObject({
      exitCode: 1,
      stdout: "different made/grafana/dashboards/slo.json\n1 of 12 files would change below made\n",
    });
    expect(missing.exitCode).toBe(1);
    expect(await read("made/grafana/dashboards/slo.json")).toBe("{}");
    expect(await readdir(folder.path)).not.toContain("elsewhere");
  });

  it("takes a bus, for it knows its catalog, and ends though the module keeps the process busy", async () => {
    await give("events.ts", EVENTS);
    await give(
      "bus.ts",
      `import { EventBus } from "spanbus";
       import { events } from "./events.ts";
       export { events };
       export const bus = new EventBus({ source: "shop", events });
       setInterval(() => {}, 1000);`,
    );

    const result = await spanbus("--from", "bus.ts", "--out", "made");

    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await read("made/grafana/dashboards/slo.json")).toContain("order.placed | 95 %");
  });

  it("takes what bus.describe() returned from a JSON file", async () => {
    const description = { events: [{ name: "a.b", slo: { success: 0.5 } }], subscriptions: [] };
    await give("bus.json", JSON.stringify(description));

    const result = await spanbus("--from", "bus.json", "--out", "made");

    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await read("made/grafana/dashboards/slo.json")).toContain("a.b | 50 %");
  });

  it("takes the export it is told to", async () => {
    await give("two.js", `export const one = { "a.b": {} }; export const two = { "c.d": { slo: { success: 0.5 } } };`);

    const result = await spanbus("--from", "two.js", "--export", "two", "--out", "made");

    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await read("made/grafana/dashboards/slo.json")).toContain("c.d | 50 %");
  });

  it.each(["--help", "-h"])("explains itself with %s", async (flag) => {
    const result = await spanbus(flag);

    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
    expect(result.stdout).toContain("npx spanbus dashboards --from ./events.ts --out dashboards/");
  });
});

describe("spanbus dashboards refuses", () => {
  it.each([
    ["a file that is not there", undefined, `cannot read "m.ts": there is no such file`],
    ["a module that throws", `throw new Error("no database");`, `cannot load "m.ts": no database`],
    ["TypeScript that Node does not run", "enum A { B }", `cannot load "m.ts": `],
    [
      "a module without a catalog",
      `export const limit = 3; export function start() {}`,
      `"m.ts" exports no catalog: it exports limit (3), start (function "start"); export what defineEvents returned`,
    ],
    ["a module without exports", "", `"m.ts" exports no catalog: it exports nothing`],
    [
      "a module with several catalogs",
      `import { defineEvents } from "spanbus";
       export const a = defineEvents({ "a.b": {} }); export const b = defineEvents({ "c.d": {} });`,
      `"m.ts" exports several catalogs: a, b; choose one with --export a`,
    ],
  ])("%s, with 1", async (_what, source, message) => {
    if (source !== undefined) await give("m.ts", source);

    const result = await spanbus("--from", "m.ts");

    expect(result).toMatchObject({ exitCode: 1, stdout: "" });
    expect(result.stderr).toContain(`spanbus: ${message}`);
    expect(await readdir(folder.path)).not.toContain("dashboards");
  });

  it("an export that is not there, with 1", async () => {
    await give("m.ts", `export const events = 1;`);

    const result = await spanbus("--from", "m.ts", "--export", "catalog");

    expect(result).toMatchObject({
      exitCode: 1,
      stderr: `spanbus: "m.ts" has no export "catalog": it exports events (1)\n`,
    });
  });

  it.each([
    [["--colour"], "--colour"],
    [["surplus"], `"surplus" is surplus`],
    [["--time-scale", "much"], "timeScale must be a number"],
    [["--jaeger", "here"], "jaegerBaseUrl must be an http(s) URL"],
  ])("wrong usage, with 2: %j", async (args, message) => {
    const result = await spanbus(...args);

    expect(result).toMatchObject({ exitCode: 2, stdout: "" });
    expect(result.stderr).toContain(message);
  });

  it("a command that it does not have, with 2", async () => {
    const result = await runChild(process.execPath, [join(ROOT, "dist/cli.js"), "dance"], folder.path);

    expect(result).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(`there is no command "dance"`) });
  });
});

function spanbus(...args: readonly string[]): Promise<ChildResult> {
  return runChild(process.execPath, [join(ROOT, "dist/cli.js"), "dashboards", ...args], folder.path);
}

async function give(path: string, text: string): Promise<void> {
  await writeFile(join(folder.path, path), text);
}

function read(path: string): Promise<string> {
  return readFile(join(folder.path, path), "utf8");
}
