import { existsSync } from "node:fs";
import { chmod, cp, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { GO_PINS, type GoPin } from "./pins.ts";
import { canRun, keepTool, messageOf, runCommand, StepError } from "./step.ts";
import { toolPath } from "./tools.ts";

/** Whether a Go is at hand. */
export async function hasGo(): Promise<boolean> {
  return await canRun("go", ["version"]);
}

/** Builds the pinned servers from their Go modules: minutes for each on two cores. */
export async function buildWithGo(say: (line: string) => void): Promise<void> {
  for (const choices of GO_PINS) {
    const kept = choices.find((pin) => existsSync(toolPath(pin)));
    if (kept === undefined) await buildFirst(choices, say);
    else say(`${kept.name} ${kept.version}: there already`);
  }
}

async function buildFirst(choices: readonly GoPin[], say: (line: string) => void): Promise<void> {
  const problems: string[] = [];
  for (const pin of choices) {
    const source = await downloadModule(pin);
    if ("folder" in source) {
      if (problems.length > 0) say(`${pin.name} ${choices[0]?.version} cannot be had: ${problems.join("; ")}`);
      say(`${pin.name} ${pin.version}: building from ${pin.module} ${pin.moduleVersion} …`);
      await build(pin, source.folder);
      say(`${pin.name} ${pin.version}: built`);
      return;
    }
    problems.push(source.problem);
  }
  throw new StepError(
    `the module proxy has no source of ${choices[0]?.name}: ${problems.join("; ")}`,
    "see that this machine reaches a Go module proxy (go env GOPROXY)",
  );
}

/** The folder of a module's source, checked by Go against its checksum database; or why it cannot be had. */
async function downloadModule(pin: GoPin): Promise<{ readonly folder: string } | { readonly problem: string }> {
  const module = `${pin.module}@${pin.moduleVersion}`;
  const answer = await runCommand("go", ["mod", "download", "-json", module], { cwd: tmpdir() }).catch(messageOf);
  const folder = /"Dir": "(.+)"/.exec(answer)?.[1];
  if (folder !== undefined) return { folder };
  return { problem: (/"Error": "(.+)"/.exec(answer)?.[1] ?? answer).replaceAll(String.raw`\n\t`, " ") };
}

/** Builds in a copy of the module, as its own main module: with its own pins, checksums and replacements. */
async function build(pin: GoPin, source: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), `spanbus-${pin.name}-`));
  try {
    await cp(source, folder, { recursive: true });
    await makeWritable(folder);
    for (const file of pin.placeholders.map((path) => join(folder, path))) {
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, "");
    }
    const program = join(folder, `${pin.name}.out`);
    const variables = Object.entries(pin.variables).map(
      ([name, value]) => `-X ${name}=${value.replace("{version}", pin.version)}`,
    );
    const options = ["-trimpath", "-buildvcs=false", "-tags", pin.tags.join(","), "-ldflags", variables.join(" ")];
    await runCommand("nice", ["-n", "10", "go", "build", ...options, "-o", program, pin.program], {
      cwd: folder,
      // A workspace file names parts that a module's archive leaves out.
      env: { GOWORK: "off", GOFLAGS: "" },
    });
    await keepTool(pin, program);
  } catch (error) {
    if (error instanceof StepError) throw error;
    throw new StepError(
      `${pin.name} ${pin.version} cannot be built: ${messageOf(error)}`,
      "a newer Go may be needed (the message says so), some 4 GB of disk, and the module proxy at hand",
      { cause: error },
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The module cache is read-only, and so is a copy of it. */
async function makeWritable(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    await chmod(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o755 : 0o644);
  }
}
