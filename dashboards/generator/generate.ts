import { createRequire } from "node:module";
import { BusError } from "../../src/errors.ts";
import type { GeneratedFile } from "./generated-file.ts";
import { readModel, type StackSource } from "./read-model.ts";
import { ruleFiles } from "./rules/rule-files.ts";
import { type RuleOptions, resolveRuleOptions } from "./rules/rule-options.ts";

/** What to make them with. */
export interface GenerateOptions extends RuleOptions {
  /** The `service.name` the dashboards open with. @default none: they open with all services */
  readonly service?: string | undefined;
}

/** The package that builds dashboards, in the version this release is tested with. */
export const DASHBOARD_PACKAGE = { name: "@grafana/grafana-foundation-sdk", version: "0.0.21" } as const;

/**
 * Makes Grafana dashboards, recording rules and alert rules for a bus: the objectives are its events' own. Without a
 * source it makes the generic ones, which fit every spanbus service and come with the package in `dashboards/`.
 *
 * Needs the package `@grafana/grafana-foundation-sdk`; it writes no files.
 *
 * @returns the files by their path below a folder such as `dashboards/`; the same source gives the same bytes
 * @throws BusError `INVALID_OPTION`, or what `defineEvents` throws; `DASHBOARD_PACKAGE_MISSING`
 * @example
 * for (const { path, content } of await generate(bus, { service: "shop" })) {
 *   await mkdir(dirname(join("dashboards", path)), { recursive: true });
 *   await writeFile(join("dashboards", path), content);
 * }
 */
export async function generate(source?: StackSource, options: GenerateOptions = {}): Promise<readonly GeneratedFile[]> {
  const { service, ...ruleOptions } = options;
  if (service !== undefined && (typeof service !== "string" || service === "")) {
    throw new BusError("INVALID_OPTION", `cannot generate dashboards: service must be a name such as "shop"`);
  }
  const { runbookBaseUrl, jaegerBaseUrl } = resolveRuleOptions(ruleOptions);
  const model = readModel(source, service);
  const links = { runbookBaseUrl: withoutSlash(runbookBaseUrl), jaegerBaseUrl: withoutSlash(jaegerBaseUrl) };
  const rules = ruleFiles(model, ruleOptions).map(({ name, text }) => {
    return { path: `prometheus/rules/${name}`, content: text };
  });
  const { dashboardFiles } = await loadBoards();
  return [...dashboardFiles(model, links), ...rules];
}

/** Loaded when needed: whoever has the dashboards already does without the package that builds them. */
async function loadBoards(): Promise<typeof import("./boards/boards.ts")> {
  const { name, version } = DASHBOARD_PACKAGE;
  try {
    createRequire(import.meta.url).resolve(`${name}/dashboard`);
  } catch (error) {
    const text = `cannot generate dashboards: ${name} is not installed. Run: npm install --save-dev ${name}@${version}`;
    throw new BusError("DASHBOARD_PACKAGE_MISSING", text, { cause: error });
  }
  return import("./boards/boards.ts");
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, "");
}
