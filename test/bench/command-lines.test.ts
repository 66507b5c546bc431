import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runChild } from "../support/child.ts";
import { ROOT } from "../support/root.ts";

const PROGRAMS = {
  bench: "bench/main.ts",
  soak: "bench/soak/main.ts",
  "test:nightly": "scripts/nightly.ts",
  "test:mutation": "scripts/mutation.ts",
};

const run = (name: keyof typeof PROGRAMS, ...args: readonly string[]) =>
  runChild(process.execPath, [join(ROOT, PROGRAMS[name]), ...args], ROOT);

const names = Object.keys(PROGRAMS) as (keyof typeof PROGRAMS)[];

describe("npm run", () => {
  it.each(names)("%s -- --help tells what there is", async (name) => {
    const { exitCode, stdout, stderr } = await run(name, "--help");

    expect(stdout).toMatch(new RegExp(`^npm run ${name} -- \\[options\\]`));
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  });

  it.each(names)("%s refuses an option it does not know, in one line", async (name) => {
    const { exitCode, stdout, stderr } = await run(name, "--bogus");

    expect(stderr).toBe("Unknown option '--bogus' (--help tells what there is)\n");
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
  });

  it.each([
    ["bench", "batch/sync/exact/5: spanbus,"],
    ["soak", "there are awaited-storm, burst,"],
  ] as const)("%s refuses a filter that leaves nothing, and names what there is", async (name, known) => {
    const { exitCode, stdout, stderr } = await run(name, "--filter", "no-such-thing");

    expect(stderr).toContain("--filter no-such-thing");
    expect(stderr).toContain(known);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
  });

  it("test:mutation refuses a room that is none", async () => {
    const { exitCode, stderr } = await run("test:mutation", "attic");

    expect(stderr).toMatch(/^there is no room "attic": choose from bus, .*\n$/);
    expect(exitCode).toBe(1);
  });
});
