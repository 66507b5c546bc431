import { readFile, writeFile } from "node:fs/promises";
import { SDK_PACKAGES } from "../instrumentation/packages.ts";
import { makeRules } from "../instrumentation/settings/env-rules.ts";
import { ERROR_CODES } from "../src/error-codes.ts";
import { ATTRIBUTES, DURATION_BOUNDARIES, LOG_EVENTS, METRICS } from "../src/telemetry/semconv.ts";
import { apiTables } from "./api-tables.ts";
import { table } from "./markdown-table.ts";

/** The pages with parts made from the code. */
export const GENERATED_PAGES: readonly string[] = ["README.md", "docs/api.md", "docs/errors.md", "docs/telemetry.md"];

/** What is generated, by the name in `<!-- generated: name -->`; types that the package exports by their own. */
export const GENERATED: Readonly<Record<string, () => string>> = {
  spans: spansTable,
  attributes: attributesTable,
  metrics: () => [metricsTable(), boundariesLine(), logEventsLine()].join("\n\n"),
  "key-metrics": keyMetricsTable,
  errors: errorsTable,
  install: installLine,
  environment: environmentTable,
  ...apiTables(),
};

/** `markdown` with every generated part renewed; parts with a name of their own making are an error. */
export function renewGenerated(markdown: string): string {
  return markdown.replaceAll(BLOCK, (_block, name: string) => {
    const render = GENERATED[name];
    if (render === undefined) {
      throw new Error(`there is no generated part "${name}"; there are: ${Object.keys(GENERATED).join(", ")}`);
    }
    return `<!-- generated: ${name} -->\n\n${render()}\n\n<!-- /generated -->`;
  });
}

/** The generated parts of `markdown` as they stand, by name. */
export function generatedParts(markdown: string): Readonly<Record<string, string>> {
  return Object.fromEntries([...markdown.matchAll(BLOCK)].map(([, name = "", body = ""]) => [name, body.trim()]));
}

const BLOCK = /<!-- generated: ([\w-]+) -->([\s\S]*?)<!-- \/generated -->/g;

/** What to install for `spanbus/instrumentation`: the versions this release is tested with, which fit together. */
export function installLine(): string {
  const packages = Object.entries(SDK_PACKAGES).map(([name, version]) => `${name}@${version}`);
  return ["```sh", `npm install ${packages.join(" ")}`, "```"].join("\n");
}

/** The kinds of spans. */
export function spansTable(): string {
  return table(
    ["span", "kind", "covers", "relation"],
    [
      [
        "`publish {destination}`",
        "PRODUCER",
        "each publish, refused ones too, until its deliveries are handed over",
        "child of the active span, else a root",
      ],
      [
        "`process {destination}`",
        "CONSUMER",
        "each delivery attempt of each subscription: middleware and handler",
        'child of the publish span; with `trace: "link"`, and when replayed, a root linked to it',
      ],
    ],
  );
}

/** Every attribute of spans and label of metrics. */
export function attributesTable(): string {
  const rows = Object.values(ATTRIBUTES).map(({ name, on, meaning }) => [`\`${name}\``, on, meaning]);
  return table(["attribute", "on", "meaning"], rows);
}

/** Every metric with its type, unit and labels. */
export function metricsTable(): string {
  const rows = Object.values(METRICS).map(({ name, kind, unit, labels, meaning }) => {
    return [`\`${name}\``, `${KINDS[kind]}, \`${unit}\``, labels === "" ? "–" : labels, meaning];
  });
  return table(["metric", "type, unit", "labels beyond system and destination", "counts"], rows);
}

/** The metrics to look at first. */
function keyMetricsTable(): string {
  const rows = KEY_METRICS.map(({ name, kind, meaning }) => [`\`${name}\``, KINDS[kind], meaning]);
  return table(["metric", "type", "counts"], rows);
}

const KEY_METRICS = [
  METRICS.sent,
  METRICS.deliveries,
  METRICS.deliveryDuration,
  METRICS.inFlight,
  METRICS.deadLettersStored,
];

/** Every error code with its meaning and remedy. */
export function errorsTable(): string {
  const rows = Object.entries(ERROR_CODES).map(([code, { meaning, remedy }]) => [`\`${code}\``, meaning, remedy]);
  return table(["code", "meaning", "remedy"], rows);
}

/** Every environment variable that telemetry reads. */
function environmentTable(): string {
  const rows = Object.entries(makeRules()).map(([name, { form, instead }]) => [`\`${name}\``, form, instead]);
  return table(["variable", "is", "without it"], rows);
}

const KINDS = { counter: "counter", upDownCounter: "up-down counter", gauge: "gauge", histogram: "histogram" } as const;

function boundariesLine(): string {
  return `Bucket boundaries of all histograms, in seconds: ${DURATION_BOUNDARIES.join(", ")}.`;
}

function logEventsLine(): string {
  const names = Object.values(LOG_EVENTS).map((name) => `\`${name}\``);
  return `Log events with fixed names: ${names.join(", ")}.`;
}

/** `node scripts/contract-tables.ts` renews the generated parts of every page. */
if (import.meta.main) {
  for (const page of GENERATED_PAGES) {
    const file = new URL(`../${page}`, import.meta.url);
    await writeFile(file, renewGenerated(await readFile(file, "utf8")));
  }
}
