import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DASHBOARD_PACKAGE } from "../../dashboards/generator/generate.ts";
import { committedBoards } from "../dashboards/boards.ts";
import { runChild } from "../support/child.ts";
import { makePageFolder, readPage } from "../support/page.ts";
import { ROOT } from "../support/root.ts";

const page = await readPage("docs/dashboards.md");

describe("docs/dashboards.md", () => {
  it("names every dashboard by its title and uid", () => {
    const named = committedBoards().filter(([, { title, uid }]) => page.text.includes(`| ${title} (\`${uid}\`) |`));

    expect(named).toHaveLength(committedBoards().length);
  });

  it("names the package that builds dashboards in the version this repository tests with", () => {
    expect(page.text).toContain(`npm install --save-dev ${DASHBOARD_PACKAGE.name}@${DASHBOARD_PACKAGE.version}\n`);
  });

  it("gives a catalog and a command that make dashboards of it", async () => {
    await using folder = await makePageFolder(page);
    const [, command = ""] = /^npx spanbus (.*)$/m.exec(page.text) ?? [];

    const result = await runChild(process.execPath, [join(ROOT, "dist/cli.js"), ...command.split(" ")], folder.path);

    const slo = await readFile(join(folder.path, "dashboards/grafana/dashboards/slo.json"), "utf8");
    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await readdir(join(folder.path, "dashboards"))).toEqual(["grafana", "prometheus"]);
    expect(slo).toContain("| order.placed | 99.95 % | 95 % within 500 ms | a customer paid |");
  });
});
