import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FIGURES } from "../../bench/soak/figures.ts";
import { ROOT } from "../support/root.ts";

const page = await readFile(join(ROOT, "docs/guarantees.md"), "utf8");

describe("docs/guarantees.md", () => {
  it("names proofs that are there", () => {
    const links = [...page.matchAll(/\]\(\.\.\/([^)#]+)/g)].map(([, path = ""]) => path);

    expect(links.length).toBeGreaterThan(10);
    expect(links.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it("names tests that are there in its commands", () => {
    const commands = [...page.matchAll(/`npx vitest run ([^`]+)`/g)].flatMap(([, paths = ""]) => paths.split(" "));

    expect(commands.length).toBeGreaterThan(10);
    expect(commands.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it("has commands that select figures", () => {
    const filters = [...page.matchAll(/npm run soak -- --filter (?:"([^"]+)"|([\w-]+))/g)];
    const expressions = filters.map(([, quoted, bare]) => new RegExp((quoted ?? bare ?? "").replaceAll("\\|", "|")));

    const names = Object.keys(FIGURES);
    expect(expressions.length).toBeGreaterThan(5);
    expect(expressions.filter((each) => !names.some((name) => each.test(name)))).toEqual([]);
  });

  it("shows every figure of npm run soak, in its full size", () => {
    const rows = page.split("<!-- generated: soak -->")[1]?.split("<!-- /generated -->")[0]?.split("\n") ?? [];
    const titles = rows.map((row) => row.split("|")[1]?.trim() ?? "").filter((title) => title !== "");

    const expected = Object.values(FIGURES).map((figure) => figure.title(figure.size));
    expect(titles.slice(2)).toEqual(expected);
  });
});
