import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runChild } from "../support/child.ts";
import { ROOT } from "../support/root.ts";
import { makeLinkedFolder } from "../testing/linked-folder.ts";
import { extractPrograms, outputPattern } from "./programs.ts";

const PROGRAM_TIMEOUT_MS = 60_000;

const page = await readFile(join(ROOT, "docs/trace-search.md"), "utf8");

describe("docs/trace-search.md", () => {
  it.each(extractPrograms(page))(
    "runs $file and prints what it says",
    async ({ file, source, output = "" }) => {
      await using folder = await makeLinkedFolder({ [file]: source });

      const result = await runChild(process.execPath, [file], folder.path);

      expect(result.exitCode, result.stderr).toBe(0);
      expect(result.stdout).toMatch(outputPattern(output));
    },
    PROGRAM_TIMEOUT_MS,
  );

  it("has a program, and names every variable that decides what is kept, with its default", async () => {
    const compose = await readFile(join(ROOT, "docker-compose.otel.yml"), "utf8");
    const kept = [...compose.matchAll(/\$\{(JAEGER_(?!TAG|PORT)\w+):-(\w+)\}/g)].map(([, name, value]) => [
      name,
      value,
    ]);
    const documented = [...page.matchAll(/^\| `(\w+)` \| (\w+) \|/gm)].map(([, name, value]) => [name, value]);

    expect(extractPrograms(page)).toHaveLength(1);
    expect(kept).toHaveLength(3);
    expect(documented).toEqual(kept);
  });
});
