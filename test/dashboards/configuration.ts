import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

/** Parsed YAML or JSON: a tree that tests walk by name. */
export interface Tree {
  readonly [name: string]: Tree;
}

/** A file below `dashboards/`, parsed. */
export function readConfiguration(path: string): Tree {
  return parse(configurationText(path)) as Tree;
}

export function configurationText(path: string): string {
  return readFileSync(join("dashboards", path), "utf8");
}

/** Any part of a configuration as a list of texts; none where it is missing. */
export function texts(part: Tree | undefined): readonly string[] {
  return Array.isArray(part) ? (part as readonly string[]) : [];
}
