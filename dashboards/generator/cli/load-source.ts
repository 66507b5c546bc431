import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { BusError, describeValue } from "../../../src/errors.ts";
import { isBus, isCatalog, isDescription, type StackSource } from "../read-model.ts";

/** What can be taken from a module, the most telling first: a bus knows its catalog and its subscriptions. */
const KINDS: readonly { readonly noun: string; readonly is: (value: unknown) => value is StackSource }[] = [
  { noun: "buses", is: isBus },
  { noun: "descriptions", is: isDescription },
  { noun: "catalogs", is: isCatalog },
];

/**
 * Runs the module at `path` and takes the export called `exportName`; else the one bus, description or catalog it
 * exports.
 *
 * @throws BusError `INVALID_MODULE`, naming the file, what it exports, and the remedy
 */
export async function loadSource(path: string, exportName: string | undefined): Promise<StackSource> {
  const file = resolve(path);
  if (!existsSync(file)) throw invalid(`cannot read ${JSON.stringify(path)}: there is no such file`);
  const exports = await (path.endsWith(".json") ? readJson(path, file) : runModule(path, file));
  return exportName === undefined ? pickExport(path, exports) : namedExport(path, exports, exportName);
}

type Exports = Readonly<Record<string, unknown>>;

async function readJson(path: string, file: string): Promise<Exports> {
  try {
    return { default: JSON.parse(await readFile(file, "utf8")) };
  } catch (error) {
    throw invalid(`cannot read ${JSON.stringify(path)} as JSON: ${messageOf(error)}`, error);
  }
}

async function runModule(path: string, file: string): Promise<Exports> {
  try {
    return (await import(pathToFileURL(file).href)) as Exports;
  } catch (error) {
    const remedy =
      "it has to run under this Node as it is: TypeScript that only needs its types stripped, with .ts in its imports, or JavaScript";
    throw invalid(`cannot load ${JSON.stringify(path)}: ${messageOf(error)}; ${remedy}`, error);
  }
}

function namedExport(path: string, exports: Exports, name: string): StackSource {
  if (Object.hasOwn(exports, name)) return exports[name] as StackSource; // checked where the model is read
  throw invalid(`${JSON.stringify(path)} has no export ${JSON.stringify(name)}: ${whatItExports(exports)}`);
}

function pickExport(path: string, exports: Exports): StackSource {
  for (const { noun, is } of KINDS) {
    const names = Object.keys(exports).filter((name) => is(exports[name]));
    const values = new Set(names.map((name) => exports[name]));
    if (values.size > 1) {
      const text = `${JSON.stringify(path)} exports several ${noun}: ${names.join(", ")}`;
      throw invalid(`${text}; choose one with --export ${names[0]}`);
    }
    const [value] = values;
    if (value !== undefined) return value as StackSource;
  }
  const remedy = "export what defineEvents returned, a bus, or what bus.describe() returned";
  throw invalid(`${JSON.stringify(path)} exports no catalog: ${whatItExports(exports)}; ${remedy}`);
}

function whatItExports(exports: Exports): string {
  const seen = Object.entries(exports).map(([name, value]) => `${name} (${describeValue(value)})`);
  return seen.length === 0 ? "it exports nothing" : `it exports ${seen.join(", ")}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : describeValue(error);
}

function invalid(message: string, cause?: unknown): BusError {
  return new BusError("INVALID_MODULE", message, { cause });
}
