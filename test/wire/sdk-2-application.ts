import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { packPackage } from "../package/packed-package.ts";
import { makeTemporaryFolder, runChildOrThrow, type TemporaryFolder } from "../support/child.ts";
import { ROOT } from "../support/root.ts";
import { type ProgramResult, type RunOptions, runProgram } from "../support/run-program.ts";

/** An application on SDK 2 and API 1.9, into which the packed spanbus is installed. */
export interface Sdk2Application extends AsyncDisposable {
  /** As `runProgram`, in this application. */
  run(source: string, options?: RunOptions): Promise<ProgramResult>;
}

/**
 * Makes one, without network: npm unpacks spanbus, links the rest to the workspace `test/sdk2`, and refuses what does
 * not fit together.
 */
export async function makeSdk2Application(): Promise<Sdk2Application> {
  const folder = await makeTemporaryFolder();
  try {
    await installAll(folder);
  } catch (error) {
    await folder[Symbol.asyncDispose]();
    throw error;
  }
  let programs = 0;
  return {
    run: async (source, options) => {
      const file = join(folder.path, `main-${++programs}.ts`);
      await writeFile(file, source);
      return runProgram({ file }, options);
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

async function installAll({ path }: TemporaryFolder): Promise<void> {
  const [{ tarball }, links] = await Promise.all([
    packPackage(path),
    openTelemetryFolders(),
    writeFile(join(path, "package.json"), '{ "type": "module", "private": true }\n'),
  ]);
  const uuid = join(ROOT, "node_modules/uuid");
  const flags = ["--offline", "--strict-peer-deps", "--ignore-scripts", "--no-audit", "--no-fund"];
  await runChildOrThrow("npm", ["install", ...flags, tarball, ...[uuid, ...links].map((each) => `file:${each}`)], path);
}

async function openTelemetryFolders(): Promise<string[]> {
  const scope = join(ROOT, "test/sdk2/node_modules/@opentelemetry");
  const names = await readdir(scope).catch((cause: unknown) => {
    throw new Error(`SDK 2 is not installed in ${scope}: run npm ci`, { cause });
  });
  return names.map((name) => join(scope, name));
}
