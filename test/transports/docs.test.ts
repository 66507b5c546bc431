import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { MemoryTransport } from "../../src/transports/memory.ts";
import { extractPrograms, outputPattern } from "../readme/programs.ts";
import { runChild } from "../support/child.ts";
import { ROOT } from "../support/root.ts";
import { makeLinkedFolder, runnerOf } from "../testing/linked-folder.ts";

const PROGRAM_TIMEOUT_MS = 60_000;

const page = await readFile(join(ROOT, "docs/transports.md"), "utf8");
const programs = extractPrograms(page);

describe("docs/transports.md", () => {
  it("has programs", () => {
    expect(programs.map(({ file }) => file)).toEqual(["transports.ts", "memory-transport.test.ts"]);
  });

  for (const { file, source, output } of programs) {
    it(
      `has a program that does what it says: ${file}`,
      async () => {
        await using folder = await makeLinkedFolder({ [file]: source });
        const runner = file.endsWith(".test.ts") ? runnerOf(source) : [];

        const { exitCode, stdout, stderr } = await runChild(process.execPath, [...runner, file], folder.path);

        expect(exitCode, `${stdout}\n${stderr}`).toBe(0);
        expect(stdout).toMatch(output === undefined ? /^# todo 2$/m : outputPattern(output));
      },
      PROGRAM_TIMEOUT_MS,
    );
  }

  it("lists the capabilities of the memory transport as they are", () => {
    const rows = [...page.matchAll(/^\| `(\w+)` \| (yes|no)\b/gm)].map(([, name, claim]) => [name, claim === "yes"]);

    expect(Object.fromEntries(rows)).toEqual(new MemoryTransport().capabilities);
  });
});
