import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as api from "@opentelemetry/api";
import * as trace from "@opentelemetry/sdk-trace";
import { describe, expect, it } from "vitest";
import { findPackageProblems } from "../../instrumentation/package-check.ts";
import { loadSdk, SDK_PACKAGES } from "../../instrumentation/packages.ts";
import { makeTemporaryFolder } from "../support/child.ts";
import { ROOT } from "../support/root.ts";

const SDK = "@opentelemetry/sdk-trace";
const EXPORTER = "@opentelemetry/exporter-trace-otlp-http";
const CORE = "@opentelemetry/core";

interface Installed {
  /** Where under node_modules. */
  readonly path: string;
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

async function problemsOf(names: readonly string[], installed: readonly Installed[]): Promise<string[]> {
  await using folder = await makeTemporaryFolder();
  for (const { path, ...manifest } of installed) {
    const target = join(folder.path, "node_modules", path);
    await mkdir(target, { recursive: true });
    await writeFile(join(target, "package.json"), JSON.stringify(manifest));
  }
  return findPackageProblems(names, pathToFileURL(join(folder.path, "app.js")).href);
}

describe("the packages of spanbus/instrumentation", () => {
  it("are those this repository is tested with", async () => {
    const manifest = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));

    const named = Object.entries(SDK_PACKAGES);

    expect(named.length).toBeGreaterThan(10);
    for (const [name, version] of named) {
      expect([name, manifest.devDependencies[name]]).toEqual([name, version]);
      expect(Object.keys(manifest.peerDependencies)).toContain(name);
    }
  });

  it("are loaded as the same copies the application imports", () => {
    const sdk = loadSdk();

    expect(sdk.trace.TracerProvider).toBe(trace.TracerProvider);
    expect(sdk.core.isTracingSuppressed(api.ROOT_CONTEXT)).toBe(false);
  });
});

describe("findPackageProblems", () => {
  it("finds none in this repository", () => {
    const problems = findPackageProblems(Object.keys(SDK_PACKAGES), import.meta.url);

    expect(problems).toEqual([]);
  });

  it("names each package that is not installed", async () => {
    const problems = await problemsOf([SDK, CORE], [{ path: CORE, name: CORE, version: "3.1.0" }]);

    expect(problems).toEqual([`${SDK} is not installed`]);
  });

  it.each([
    [CORE, "2.1.0", "3.x"],
    [SDK, "4.0.0", "3.x"],
    [EXPORTER, "0.205.0", "0.300 or later"],
    ["@opentelemetry/api", "1.9.0", "1.10 or later"],
    [CORE, "x", "3.x"],
  ])("names a package of another release line: %s %s", async (name, version, needed) => {
    const problems = await problemsOf([name], [{ path: name, name, version }]);

    expect(problems).toEqual([`${name} is ${version} where ${needed} is needed`]);
  });

  it("names a package that uses a copy of another major version", async () => {
    const problems = await problemsOf(
      [SDK, EXPORTER],
      [
        { path: SDK, name: SDK, version: "3.1.0" },
        { path: EXPORTER, name: EXPORTER, version: "0.300.0", dependencies: { [SDK]: "2.9.0" } },
        { path: join(EXPORTER, "node_modules", SDK), name: SDK, version: "2.9.0" },
      ],
    );

    expect(problems).toEqual([`${EXPORTER} uses its own copy of ${SDK} (2.9.0 beside 3.1.0)`]);
  });

  it("accepts the copies npm makes where exporters pin a patch release and the newest stands beside it", async () => {
    const problems = await problemsOf(
      [SDK, EXPORTER],
      [
        { path: SDK, name: SDK, version: "3.1.1" },
        { path: EXPORTER, name: EXPORTER, version: "0.301.0", dependencies: { [SDK]: "3.1.0" } },
        { path: join(EXPORTER, "node_modules", SDK), name: SDK, version: "3.1.0" },
      ],
    );

    expect(problems).toEqual([]);
  });

  it("accepts newer versions that fit together", async () => {
    const problems = await problemsOf(
      [SDK, EXPORTER],
      [
        { path: SDK, name: SDK, version: "3.9.1" },
        { path: EXPORTER, name: EXPORTER, version: "0.399.0", dependencies: { [SDK]: "3.9.1" } },
      ],
    );

    expect(problems).toEqual([]);
  });
});
