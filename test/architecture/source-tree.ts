import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { parseSync, Visitor } from "oxc-parser";
import { ROOT } from "../support/root.ts";

/** One `import`, `export … from`, `import()` or `import("…")` type. `target` is the file a relative one points at. */
export interface ImportEdge {
  readonly specifier: string;
  readonly target: string | undefined;
  readonly lazy: boolean;
}

export interface SourceFile {
  readonly path: string;
  readonly lines: number;
  readonly imports: readonly ImportEdge[];
  readonly reexportsAll: boolean;
  readonly exportsDefault: boolean;
  readonly onlyReexports: boolean;
}

/** The TypeScript files below the given folders, as paths from the root with forward slashes. */
export function readSourceTree(folders: readonly string[]): SourceFile[] {
  return folders.flatMap((folder) =>
    typescriptFilesIn(folder).map((path) => parseSourceFile(path, readFileSync(join(ROOT, path), "utf8"))),
  );
}

export function parseSourceFile(path: string, source: string): SourceFile {
  const { program, errors } = parseSync(path, source, { lang: "ts", sourceType: "module" });
  if (errors.length > 0) {
    throw new Error(`cannot parse ${path}: ${errors[0]?.message}`);
  }
  const imports: ImportEdge[] = [];
  let reexportsAll = false;
  let exportsDefault = false;
  const add = (literal: { readonly value?: unknown }, lazy: boolean): void => {
    if (typeof literal.value === "string") {
      imports.push({ specifier: literal.value, target: resolveRelative(path, literal.value), lazy });
    }
  };

  new Visitor({
    ImportDeclaration: (node) => add(node.source, false),
    ImportExpression: (node) => add(node.source.type === "Literal" ? node.source : {}, true),
    TSImportType: (node) => add(node.source, false),
    ExportAllDeclaration: (node) => {
      reexportsAll = true;
      add(node.source, false);
    },
    ExportNamedDeclaration: (node) => {
      if (node.source !== null) {
        add(node.source, false);
      }
      exportsDefault ||= node.specifiers.some(
        ({ exported }) => exported.type === "Identifier" && exported.name === "default",
      );
    },
    ExportDefaultDeclaration: () => {
      exportsDefault = true;
    },
  }).visit(program);

  const onlyReexports = program.body.every(
    (node) =>
      node.type === "ExportAllDeclaration" || (node.type === "ExportNamedDeclaration" && node.declaration === null),
  );
  return { path, lines: countLines(source), imports, reexportsAll, exportsDefault, onlyReexports };
}

function typescriptFilesIn(folder: string): string[] {
  const entries = readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length + 1))
    .map((path) => path.replaceAll("\\", "/"))
    .sort();
}

function resolveRelative(from: string, specifier: string): string | undefined {
  return specifier.startsWith(".") ? posix.join(posix.dirname(from), specifier) : undefined;
}

function countLines(source: string): number {
  return source.trimEnd().split("\n").length;
}
