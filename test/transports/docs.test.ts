import { describe, expect, it } from "vitest";
import { MemoryTransport } from "../../src/transports/memory.ts";
import { readPage, runPageProgram } from "../support/page.ts";
import { outputPattern } from "../support/page-programs.ts";

const PROGRAM_TIMEOUT_MS = 60_000;

const page = await readPage("docs/transports.md");

describe("docs/transports.md", () => {
  it("has programs", () => {
    expect(page.programs.map(({ file }) => file)).toEqual(["transports.ts", "memory-transport.test.ts"]);
  });

  it.each(page.programs)(
    "has a program that does what it says: $file",
    async (program) => {
      const { exitCode, stdout, stderr } = await runPageProgram(page, program);

      expect(exitCode, `${stdout}\n${stderr}`).toBe(0);
      expect(stdout).toMatch(program.output === undefined ? /^# todo 2$/m : outputPattern(program.output));
    },
    PROGRAM_TIMEOUT_MS,
  );

  it("lists the capabilities of the memory transport as they are", () => {
    const rows = [...page.text.matchAll(/^\| `(\w+)` \| (yes|no)\b/gm)];

    const claims = rows.map(([, name, claim]) => [name, claim === "yes"]);

    expect(Object.fromEntries(claims)).toEqual(new MemoryTransport().capabilities);
  });
});
