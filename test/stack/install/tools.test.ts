import { access, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DEBIAN_PINS, GO_PINS, type ToolPin } from "../../../scripts/stack/pins.ts";
import { keepTool } from "../../../scripts/stack/step.ts";
import { stackTool, stackToolVersion, toolPath } from "../../../scripts/stack/tools.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../../support/child.ts";

const PIN: ToolPin = { name: "promtool", version: "3.13.1", versionArguments: ["--version"] };

let folder: TemporaryFolder;

beforeEach(async () => {
  folder = await makeTemporaryFolder();
  vi.stubEnv("XDG_CACHE_HOME", join(folder.path, "cache"));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await folder[Symbol.asyncDispose]();
});

/** A program that answers every question with `answer`. */
async function program(answer: string): Promise<string> {
  const path = join(folder.path, "program");
  await writeFile(path, `#!/bin/sh\necho '${answer}'\n`);
  return path;
}

async function install(pin: ToolPin): Promise<void> {
  await mkdir(dirname(toolPath(pin)), { recursive: true });
  await writeFile(toolPath(pin), "");
}

describe("an installed tool", () => {
  it("is not there before it is installed", () => {
    expect([stackTool("promtool"), stackToolVersion("promtool")]).toEqual([undefined, undefined]);
  });

  it("lies in a folder of its name and version below the cache", async () => {
    await keepTool(PIN, await program("promtool, version 3.13.1"));

    expect(stackTool("promtool")).toBe(join(folder.path, "cache/spanbus-stack/promtool-3.13.1/promtool"));
  });

  it("is the version of the compose file where both are there", async () => {
    const [fromDebian] = DEBIAN_PINS.filter(({ name }) => name === "promtool");
    await install(fromDebian as ToolPin);
    expect(stackToolVersion("promtool")).toBe(fromDebian?.version);

    await install(PIN);

    expect(stackToolVersion("promtool")).toBe("3.13.1");
  });

  it("is not kept when it is another version, or does not run", async () => {
    const other = keepTool(PIN, await program("promtool, version 3.5.3"));
    await expect(other).rejects.toThrow("promtool should be 3.13.1 and calls itself promtool, version 3.5.3");
    const broken = join(folder.path, "broken");
    await writeFile(broken, "#!/bin/sh\nexit 1\n");

    await expect(keepTool(PIN, broken)).rejects.toThrow("promtool 3.13.1 does not run here");

    await expect(access(toolPath(PIN))).rejects.toThrow();
  });

  it("has one pin for each name and version", () => {
    const pins = [...DEBIAN_PINS, ...GO_PINS.flat()].map(toolPath);

    expect(new Set(pins).size).toBe(pins.length);
  });
});
