import { join } from "node:path";
import { runChildOrThrow } from "../support/child.ts";
import { ROOT } from "../support/root.ts";

export interface PackedPackage {
  readonly tarball: string;
  readonly files: readonly string[];
}

/** What `npm publish` would send: the tarball, put into `folder`, and the list of its files. */
export async function packPackage(folder: string): Promise<PackedPackage> {
  const report = await runChildOrThrow(
    "npm",
    ["pack", "--json", "--ignore-scripts", "--pack-destination", folder],
    ROOT,
  );
  const [packed] = JSON.parse(report) as [{ filename: string; files: { path: string }[] }];
  return { tarball: join(folder, packed.filename), files: packed.files.map((file) => file.path) };
}

/**
 * Installs the tarball and its two needed companions, and nothing else, into `folder`. The companions come from this
 * repository, so that the test needs no network; npm still checks them against the ranges in package.json.
 */
export async function installPackage(tarball: string, folder: string): Promise<void> {
  const companions = ["uuid", "@opentelemetry/api"].map((name) => `file:${join(ROOT, "node_modules", name)}`);
  await runChildOrThrow(
    "npm",
    ["install", "--offline", "--strict-peer-deps", "--no-audit", "--no-fund", tarball, ...companions],
    folder,
  );
}
