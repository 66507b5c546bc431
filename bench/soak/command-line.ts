import { parseArgs } from "node:util";

/** What the soak was asked to do. */
export interface SoakOptions {
  readonly filter: RegExp;
  /** Which part of the full size is asked for, from 0 to 1. */
  readonly scale: number;
  /** Whether the table is to be kept in `docs/guarantees.md`. */
  readonly isKept: boolean;
}

export const USAGE = `npm run soak -- [options]
  --filter <regexp>  only the figures whose names match: --filter timeouts, --filter "lane|burst"
  --scale <n>        a part of each size, above 0 and up to 1: --scale 0.01
  --no-write         leave docs/guarantees.md as it is (so do --filter and --scale)
Exits with 1 when a limit that does not depend on the machine is broken.`;

export function readCommandLine(args: readonly string[]): SoakOptions {
  const { values } = parseArgs({
    args: [...args],
    options: { filter: { type: "string" }, scale: { type: "string" }, "no-write": { type: "boolean", default: false } },
  });
  const scale = Number(values.scale ?? 1);
  if (!(scale > 0 && scale <= 1)) throw new Error(`--scale must be above 0 and at most 1, got "${values.scale}"`);
  const isKept = !values["no-write"] && values.filter === undefined && values.scale === undefined;
  return { filter: new RegExp(values.filter ?? ""), scale, isKept };
}
