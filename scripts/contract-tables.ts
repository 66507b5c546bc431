import { readFile, writeFile } from "node:fs/promises";
import { SDK_PACKAGES } from "../instrumentation/packages.ts";
import { ERROR_CODES } from "../src/error-codes.ts";
import { ATTRIBUTES, DURATION_BOUNDARIES, LOG_EVENTS, METRICS } from "../src/telemetry/semconv.ts";

/** The generated parts of the README, by the name in `<!-- generated: name -->`. */
export const GENERATED: Readonly<Record<string, () => string>> = {
  spans: () => [spansTable(), attributesTable()].join("\n\n"),
  metrics: () => [metricsTable(), boundariesLine(), logEventsLine()].join("\n\n"),
  errors: errorsTable,
  install: installLine,
};

/** `markdown` with every generated part renewed; parts with a name of their own making are an error. */
export function renewGenerated(markdown: string): string {
  return markdown.replaceAll(BLOCK, (_block, name: string) => {
    const render = GENERATED[name];
    if (render === undefined) {
      throw new Error(`there is no generated part "${name}"; there are ${Object.keys(GENERATED).join(", ")}`);
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

/** Every error code with its meaning and remedy. */
export function errorsTable(): string {
  const rows = Object.entries(ERROR_CODES).map(([code, { meaning, remedy }]) => [`\`${code}\``, meaning, remedy]);
  return table(["code", "meaning", "remedy"], rows);
}

const KINDS = { counter: "counter", upDownCounter: "up-down counter", gauge: "gauge", histogram: "histogram" } as const;

function boundariesLine(): string {
  return `Bucket boundaries of all histograms, in seconds: ${DURATION_BOUNDARIES.join(", ")}.`;
}

function logEventsLine(): string {
  const names = Object.values(LOG_EVENTS).map((name) => `\`${name}\``);
  return `Log events with fixed names: ${names.join(", ")}.`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => "---"), ...rows.map((row) => row.map(escapeCell))];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** A bar would end the cell, also inside code. */
function escapeCell(text: string): string {
  return text.replaceAll("|", "\\|");
}

/** `node scripts/contract-tables.ts` renews the generated parts of the README. */
if (import.meta.main) {
  const readme = new URL("../README.md", import.meta.url);
  await writeFile(readme, renewGenerated(await readFile(readme, "utf8")));
}
