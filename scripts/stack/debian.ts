import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEBIAN_PINS, DEBIAN_SUITES, type DebianPin } from "./pins.ts";
import { canRun, keepTool, messageOf, runCommand, StepError } from "./step.ts";
import { toolPath } from "./tools.ts";

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/**
 * Takes the pinned programs out of Debian's newer suites. The packages come through apt, which checks their
 * signatures, with lists of its own: the system's sources, lists and packages stay as they are.
 */
export async function installFromDebian(say: (line: string) => void): Promise<void> {
  const missing = DEBIAN_PINS.filter((pin) => !existsSync(toolPath(pin)));
  for (const pin of DEBIAN_PINS) if (!missing.includes(pin)) say(`${pin.name} ${pin.version}: there already`);
  if (missing.length === 0) return;
  await requireApt();
  const folder = await mkdtemp(join(tmpdir(), "spanbus-debian-"));
  try {
    const apt = await ownApt(folder);
    for (const debianPackage of new Set(missing.map((pin) => pin.debianPackage))) {
      const pins = missing.filter((pin) => pin.debianPackage === debianPackage);
      const unpacked = await unpack(apt, folder, pins[0] as DebianPin);
      for (const pin of pins) {
        await keepTool(pin, join(unpacked, pin.path));
        say(`${pin.name} ${pin.version}: from Debian's package ${debianPackage}`);
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The mirror of the system's own sources. */
async function debianMirror(): Promise<string> {
  const folder = "/etc/apt/sources.list.d";
  const names = await readdir(folder).catch(() => []);
  const files = ["/etc/apt/sources.list", ...names.map((name) => join(folder, name))];
  for (const file of files) {
    const mirror = mirrorOf(await readFile(file, "utf8").catch(() => ""));
    if (mirror !== undefined) return mirror;
  }
  const remedy = "use a Debian machine, or put the programs into the cache by hand (scripts/stack/tools.ts says where)";
  throw new StepError("the apt sources of this machine name no mirror of Debian's", remedy);
}

/** The first address in a file of apt sources that ends in `/debian`: both forms, `deb <address>` and `URIs: <address>`. */
export function mirrorOf(sources: string): string | undefined {
  const line = /^(?:deb\s+(?:\[[^\]]*\]\s+)?|URIs:\s*)(\S+\/debian)\/?(?:\s|$)/m;
  return line.exec(sources)?.[1];
}

async function requireApt(): Promise<void> {
  const remedy =
    "use a Debian-like system, or put the programs into the cache by hand (scripts/stack/tools.ts says where)";
  if (!(await canRun("apt-get", ["--version"])) || !(await canRun("dpkg-deb", ["--version"]))) {
    throw new StepError("there is no apt-get and dpkg-deb here", remedy);
  }
  if (!existsSync(KEYRING)) {
    throw new StepError(`Debian's keys are not in ${KEYRING}`, "apt-get install debian-archive-keyring");
  }
}

/** An apt whose sources, lists and cache are in `folder`; the system's settings (a proxy, say) still hold. */
async function ownApt(folder: string): Promise<readonly string[]> {
  const mirror = await debianMirror();
  const sources = DEBIAN_SUITES.map((suite) => `deb [signed-by=${KEYRING}] ${mirror} ${suite} main\n`);
  await mkdir(join(folder, "lists/partial"), { recursive: true });
  await mkdir(join(folder, "cache/archives/partial"), { recursive: true });
  await writeFile(join(folder, "sources.list"), sources.join(""));
  const settings = {
    "Dir::Etc::sourcelist": join(folder, "sources.list"),
    "Dir::Etc::sourceparts": "/dev/null",
    "Dir::Etc::preferences": "/dev/null",
    "Dir::Etc::preferencesparts": "/dev/null",
    "Dir::State::lists": join(folder, "lists"),
    "Dir::State::status": "/dev/null",
    "Dir::Cache": join(folder, "cache"),
    "APT::Sandbox::User": "",
    "Acquire::Languages": "none",
    "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
    "Acquire::Retries": "2",
  };
  const apt = Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  await runCommand("apt-get", [...apt, "-qq", "update"]).catch((error: unknown) => {
    throw new StepError(
      `the package lists of ${DEBIAN_SUITES.join(" and ")} cannot be had from ${mirror}: ${messageOf(error)}`,
      "see that this machine reaches its Debian mirror (apt-get update)",
      { cause: error },
    );
  });
  return apt;
}

/** Downloads the package of `pin` and unpacks it; resolves with the folder. */
async function unpack(apt: readonly string[], folder: string, pin: DebianPin): Promise<string> {
  const { debianPackage } = pin;
  const listing = await runCommand("apt-cache", [...apt, "madison", debianPackage]);
  const versions = listing.split("\n").flatMap((line) => line.split("|")[1]?.trim() ?? []);
  const version = versions.find((candidate) => upstreamOf(candidate) === pin.version);
  if (version === undefined) {
    throw new StepError(
      `Debian has ${debianPackage} ${versions.join(", ") || "not at all"}, and ${pin.version} is pinned`,
      "move the pin in scripts/stack/pins.ts to a version of that list, and run the proofs again",
    );
  }
  const target = join(folder, debianPackage);
  await mkdir(target);
  try {
    await runCommand("apt-get", [...apt, "-qq", "download", `${debianPackage}=${version}`], { cwd: target });
    const archive = (await readdir(target)).find((name) => name.endsWith(".deb"));
    await runCommand("dpkg-deb", ["-x", join(target, archive ?? ""), target]);
  } catch (error) {
    throw new StepError(
      `${debianPackage} ${version} cannot be downloaded and unpacked: ${messageOf(error)}`,
      "run it again; the mirror may have been changing",
      { cause: error },
    );
  }
  return target;
}

/** `3.5.3` of `3.5.3+ds1-6`. */
function upstreamOf(debianVersion: string): string {
  return debianVersion.replace(/^\d+:/, "").replace(/[-+~].*$/, "");
}
