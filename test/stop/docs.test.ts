import { describe, expect, it } from "vitest";
import { readPage, runPageProgram } from "../support/page.ts";
import { outputPattern } from "../support/page-programs.ts";

const PROGRAM_TIMEOUT_MS = 60_000;

const page = await readPage("docs/stopping.md");

/** What each program ends with, and warns of. */
const ENDS: Readonly<Record<string, { readonly exitCode: number; readonly warning: string }>> = {
  "stopping.ts": { exitCode: 1, warning: "stopped on SIGTERM: 1 delivery was cut (order.placed" },
  "linked-buses.ts": {
    exitCode: 0,
    warning: 'the link that receives "order.*" for "packers" has ended; 2 that it had not handled are left to nobody',
  },
};

describe("docs/stopping.md", () => {
  it.each(page.programs)(
    "has a program that prints what it says: $file",
    async (program) => {
      const { exitCode, stdout, stderr } = await runPageProgram(page, program);

      expect(stdout).toMatch(outputPattern(program.output ?? "nothing"));
      expect(exitCode).toBe(ENDS[program.file]?.exitCode);
      expect(stderr).toContain(`SpanbusWarning: ${ENDS[program.file]?.warning}`);
    },
    PROGRAM_TIMEOUT_MS,
  );
});
