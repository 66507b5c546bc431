import { levelOf } from "./levels.ts";
import type { ImportEdge, SourceFile } from "./source-tree.ts";

/** A rule of the house: takes every file, returns one sentence per breach. */
export type HouseRule = (files: readonly SourceFile[]) => string[];

const MAX_LINES = 300;
const API = "@opentelemetry/api";
const PACKAGES_OF_SRC = new Set([API, "uuid"]);
/** The one entry that is for users of another package: it adds matchers to its `expect`, and nothing else imports it. */
const VITEST_ENTRY = "src/testing/vitest.ts";

export const everyFileHasALevel: HouseRule = (files) =>
  files
    .filter((file) => levelOf(file.path) === undefined)
    .map((file) => `${file.path} has no level: add it to levels.ts`);

export const importsPointDown: HouseRule = (files) =>
  eachImport(files, (file, { target }) => {
    const from = levelOf(file.path);
    const to = target === undefined ? undefined : levelOf(target);
    return from !== undefined && to !== undefined && to > from
      ? `${file.path} (level ${from}) imports ${target} (level ${to})`
      : undefined;
  });

/** Type-only imports count: a circle of types is still two files that cannot be read one at a time. */
export const noCycles: HouseRule = (files) => {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const finished = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) {
      cycles.push(`circle: ${[...trail.slice(start), path].join(" -> ")}`);
      return;
    }
    if (finished.has(path)) {
      return;
    }
    for (const { target } of byPath.get(path)?.imports ?? []) {
      if (target !== undefined) {
        visit(target, [...trail, path]);
      }
    }
    finished.add(path);
  };
  for (const file of files) {
    visit(file.path, []);
  }
  return cycles;
};

export const onlyTelemetryImportsTheApi: HouseRule = (files) =>
  eachImport(files, (file, { specifier }) =>
    isPackage(specifier, API) && !inFolder(file, "src/telemetry", "src/testing", "instrumentation")
      ? `${file.path} imports ${specifier}, which only src/telemetry and instrumentation may`
      : undefined,
  );

export const onlyInstrumentationImportsTheSdk: HouseRule = (files) =>
  eachImport(files, (file, { specifier, lazy }) => {
    const sdk = specifier.startsWith("@opentelemetry/") && !isPackage(specifier, API);
    const allowed = inFolder(file, "instrumentation") || (lazy && inFolder(file, "src/testing"));
    return sdk && !allowed ? `${file.path} imports ${specifier}, which only instrumentation may` : undefined;
  });

/** An allow-list, so that zod, pino and whatever comes next stay out by default. */
export const srcImportsNoOtherPackage: HouseRule = (files) =>
  eachImport(files, (file, { specifier, target, lazy }) => {
    const foreign = target === undefined && !specifier.startsWith("node:") && !PACKAGES_OF_SRC.has(specifier);
    const ownPackage = file.path === VITEST_ENTRY && specifier === "vitest";
    const allowed = !inFolder(file, "src") || (lazy && inFolder(file, "src/testing")) || ownPackage;
    return foreign && !allowed ? `${file.path} imports the package ${specifier}` : undefined;
  });

export const onlyTheBusNamesTransports: HouseRule = (files) =>
  eachImport(files, (file, { target }) => {
    const plug = target?.startsWith("src/transports/") && target !== "src/transports/transport.ts";
    const allowed = inFolder(file, "src/transports", "src/event-bus.ts", "src/testing") || !inFolder(file, "src");
    return plug && !allowed ? `${file.path} names the transport ${target}, which only src/event-bus.ts may` : undefined;
  });

export const relativeImportsEndInTs: HouseRule = (files) =>
  eachImport(files, (file, { specifier, target }) =>
    target !== undefined && !/\.(ts|json)$/.test(specifier)
      ? `${file.path} imports "${specifier}" without the .ts extension`
      : undefined,
  );

export const noExportAll: HouseRule = (files) =>
  files.filter((file) => file.reexportsAll).map((file) => `${file.path} has an export *`);

export const noDefaultExports: HouseRule = (files) =>
  files.filter((file) => file.exportsDefault).map((file) => `${file.path} has a default export`);

export const noOtherBarrels: HouseRule = (files) =>
  files
    .filter((file) => file.onlyReexports && !file.path.endsWith("/index.ts"))
    .map((file) => `${file.path} only re-exports: that is for index.ts`);

export const filesAreShort: HouseRule = (files) =>
  files
    .filter((file) => inFolder(file, "src", "instrumentation") && file.lines > MAX_LINES)
    .map((file) => `${file.path} has ${file.lines} lines, more than ${MAX_LINES}`);

function eachImport(
  files: readonly SourceFile[],
  breach: (file: SourceFile, edge: ImportEdge) => string | undefined,
): string[] {
  return files.flatMap((file) =>
    file.imports.map((edge) => breach(file, edge)).filter((sentence) => sentence !== undefined),
  );
}

function inFolder(file: SourceFile, ...places: readonly string[]): boolean {
  return places.some((place) => file.path === place || file.path.startsWith(`${place}/`));
}

function isPackage(specifier: string, name: string): boolean {
  return specifier === name || specifier.startsWith(`${name}/`);
}
