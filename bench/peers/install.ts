import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";

const FOLDER = import.meta.dirname;

/** Installs the peers' own lockfile, unless that was done since it last changed. */
export function installPeers(): void {
  const installed = join(FOLDER, "node_modules/.package-lock.json");
  const isFresh =
    existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(FOLDER, "package-lock.json")).mtimeMs;
  if (isFresh) return;
  const { status } = spawnSync("npm", ["ci", "--silent"], { cwd: FOLDER, stdio: "inherit" });
  if (status !== 0) throw new Error("npm ci in bench/peers failed: the bench needs its peers from the registry");
}
