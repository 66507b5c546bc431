import { readFileSync } from "node:fs";
import * as nodeModule from "node:module";
import { pathToFileURL } from "node:url";

const API = "@opentelemetry/api";

/** What keeps these packages, as seen from the module at `base`, from working together; empty when nothing does. */
export function findPackageProblems(names: readonly string[], base: string): string[] {
  const found = new Map<string, Manifest>();
  const problems: string[] = [];
  for (const name of names) {
    const manifest = readManifest(name, base);
    if (manifest === undefined) problems.push(`${name} is not installed`);
    else found.set(name, manifest);
  }
  for (const [name, { version }] of found) {
    const expected = acceptedVersions(name);
    if (expected !== undefined && !expected.accepts(version)) {
      problems.push(`${name} is ${version} where ${expected.text} is needed`);
    }
  }
  return problems.length > 0 ? problems : findCopies(found);
}

/**
 * Copies that cannot work together: of another major version, or of the API, which keeps what is registered. Copies of one
 * major version do: npm makes them by itself, when exporters pin a patch release and something else takes the newest.
 */
function findCopies(found: ReadonlyMap<string, Manifest>): string[] {
  const problems: string[] = [];
  for (const [name, { path, dependencies }] of found) {
    for (const dependency of dependencies) {
      const ours = found.get(dependency);
      const theirs = ours === undefined ? undefined : readManifest(dependency, pathToFileURL(path).href);
      if (ours === undefined || theirs === undefined || theirs.path === ours.path) continue;
      const isHarmless = dependency === API ? theirs.version === ours.version : majorOf(theirs) === majorOf(ours);
      if (!isHarmless) {
        problems.push(`${name} uses its own copy of ${dependency} (${theirs.version} beside ${ours.version})`);
      }
    }
  }
  return problems;
}

function majorOf({ version }: Manifest): string {
  return version.split(".", 1)[0] ?? "";
}

interface Manifest {
  readonly path: string;
  readonly version: string;
  readonly dependencies: readonly string[];
}

function readManifest(name: string, base: string): Manifest | undefined {
  try {
    const path = nodeModule.findPackageJSON(name, base);
    if (path === undefined) return undefined;
    const { version, dependencies, peerDependencies } = JSON.parse(readFileSync(path, "utf8"));
    return { path, version, dependencies: Object.keys({ ...dependencies, ...peerDependencies }) };
  } catch {
    return undefined; // findPackageJSON throws for a package that is not there
  }
}

interface AcceptedVersions {
  readonly text: string;
  accepts(version: string): boolean;
}

/** The SDK is released in step: 3.x with 0.300 and later, on API 1.10 and later. */
function acceptedVersions(name: string): AcceptedVersions | undefined {
  if (!name.startsWith("@opentelemetry/")) return undefined;
  if (name === API) return { text: "1.10 or later", accepts: (version) => isAtLeast(version, 1, 10) };
  if (name.includes("/exporter-")) return { text: "0.300 or later", accepts: (version) => isAtLeast(version, 0, 300) };
  return { text: "3.x", accepts: (version) => isAtLeast(version, 3, 0) };
}

function isAtLeast(version: string, major: number, minor: number): boolean {
  const [actualMajor = Number.NaN, actualMinor = Number.NaN] = version.split(".").map(Number);
  return actualMajor === major && actualMinor >= minor;
}
