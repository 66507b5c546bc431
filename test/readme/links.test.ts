import { readdirSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join, posix } from "node:path";
import { describe, expect, it } from "vitest";
import { anchorsIn, linksIn } from "../support/page-links.ts";
import { ROOT } from "../support/root.ts";

const PAGES = ["README.md", ...pagesIn("docs"), ...pagesIn("dashboards/runbooks")];

describe("the links of", () => {
  it.each(PAGES)("%s lead to files, folders and headings that are there", async (page) => {
    const links = linksIn(await readFile(join(ROOT, page), "utf8"));

    const broken = await Promise.all(links.map(async (link) => ((await isThere(page, link)) ? [] : [link])));

    expect(broken.flat()).toEqual([]);
  });

  it("pages are found, and those that lead nowhere would be", async () => {
    const page = "# A page\n\n[a](README.md#no-such-part), [b](#a-page), [c](nowhere.md)\n";

    const found = await Promise.all(linksIn(page).map((link) => isThere("README.md", link)));

    expect(PAGES.length).toBeGreaterThan(30);
    expect(found).toEqual([false, false, false]);
    expect(anchorsIn("## `publish` and more\n## Twice\n## Twice\n```\n## code\n```\n")).toEqual([
      "publish-and-more",
      "twice",
      "twice-1",
    ]);
  });
});

function pagesIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `${folder}/${name}`);
}

async function isThere(page: string, link: string): Promise<boolean> {
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? page : posix.join(posix.dirname(page), path);
  const found = await stat(join(ROOT, target)).catch(() => undefined);
  if (found === undefined) return false;
  if (anchor === undefined) return true;
  return found.isFile() && anchorsIn(await readFile(join(ROOT, target), "utf8")).includes(anchor);
}
