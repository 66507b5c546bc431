import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { compile } from "../support/compile.ts";
import { readPage, sourcesOf } from "../support/page.ts";
import { firstLine } from "../support/page-programs.ts";
import { ROOT } from "../support/root.ts";
import { SETTINGS } from "./settings.ts";

const COMPILER_TIMEOUT_MS = 60_000;

const docs = (await readdir(join(ROOT, "docs"))).filter((file) => file.endsWith(".md"));
const pages = await Promise.all(
  ["README.md", ...docs.map((file) => `docs/${file}`)].map(async (path) => ({ path, ...(await readPage(path)) })),
);

describe("the code in the README and in docs", () => {
  it("has a setting for each fragment, and no setting for none", () => {
    const fragments = pages.flatMap((page) => page.fragments);

    expect(fragments.map(firstLine).toSorted()).toEqual(Object.keys(SETTINGS).toSorted());
  });

  it(
    "compiles against the built package, fragments in their settings",
    async () => {
      const sources = pages.flatMap(({ path, fragments, ...page }) => [
        ...Object.entries(sourcesOf({ fragments, ...page })).map(
          ([file, source]) => [join(path, file), source] as const,
        ),
        ...fragments.map((source, i) => [join(path, `fragment-${i + 1}.ts`), inSetting(source)] as const),
      ]);

      const result = await compile(Object.fromEntries(sources));

      expect(sources.length).toBeGreaterThan(pages.length);
      expect(result).toEqual({ exitCode: 0, stdout: "", stderr: "" });
    },
    COMPILER_TIMEOUT_MS,
  );
});

function inSetting(fragment: string): string {
  return `${SETTINGS[firstLine(fragment)] ?? ""}\n${fragment}\nexport {};`;
}
