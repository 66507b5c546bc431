import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { DEBIAN_PINS, GO_PINS, type ToolName, type ToolPin } from "./pins.ts";

/** Where `npm run stack:install` keeps the servers and tools, outside the repository: one folder per name and version. */
export function stackCache(): string {
  const { XDG_CACHE_HOME } = process.env;
  return join(XDG_CACHE_HOME || join(homedir(), ".cache"), "spanbus-stack");
}

/** Where a pinned tool is, or will be: `<cache>/<name>-<version>/<name>`. */
export function toolPath(pin: Pick<ToolPin, "name" | "version">): string {
  return join(stackCache(), `${pin.name}-${pin.version}`, pin.name);
}

/**
 * The installed program called `name`: the version of the compose file where it is there, else the nearest that is.
 * Undefined until `npm run stack:install` has run.
 */
export function stackTool(name: ToolName): string | undefined {
  const pin = installedPin(name);
  return pin && toolPath(pin);
}

/** The version of {@link stackTool}'s answer. */
export function stackToolVersion(name: ToolName): string | undefined {
  return installedPin(name)?.version;
}

function installedPin(name: ToolName): ToolPin | undefined {
  return [...GO_PINS.flat(), ...DEBIAN_PINS].find((pin) => pin.name === name && existsSync(toolPath(pin)));
}
