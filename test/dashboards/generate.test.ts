import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { DASHBOARD_PACKAGE } from "../../dashboards/generator/generate.ts";
import { type GeneratedFile, generate } from "../../dashboards/generator/index.ts";
import { FAILED, JUDGED } from "../../dashboards/generator/measures.ts";
import { SERIES } from "../../dashboards/generator/prometheus-names.ts";
import { select } from "../../dashboards/generator/promql.ts";
import { type BusDescription, BusError, defineEvents, EventBus } from "../../src/index.ts";
import { ROOT } from "../support/root.ts";
import { type BoardJson, expressionsOf, panelsOf } from "./boards.ts";
import { knownSeries, readExpression } from "./expression.ts";

const events = defineEvents({
  "order.placed": { slo: { success: 0.99, latency: { withinMs: 1000, ratio: 0.95 } }, description: "A sale | or so" },
  "report.{name}.ready": { slo: { success: 0.9995 } },
  "user.seen": {},
});

describe("generate", () => {
  it("makes the committed dashboards and rules again, to the byte", async () => {
    const files = await generate();

    const differing = files.filter(
      ({ path, content }) => readFileSync(join(ROOT, "dashboards", path), "utf8") !== content,
    );

    expect(files.length).toBeGreaterThan(10);
    expect(differing.map(({ path }) => path)).toEqual([]);
  });

  it("makes the same of a catalog, of its bus, and of what the bus says of itself", async () => {
    await using bus = new EventBus({ source: "shop", events });

    const made = await Promise.all([generate(events), generate(bus), generate(bus.describe())]);

    expect(made[1]).toEqual(made[0]);
    expect(made[2]).toEqual(made[0]);
    expect(made[0]).not.toEqual(await generate());
  });

  it("shows the objectives of the catalog on the dashboard of objectives, and no event without one", async () => {
    const text = objectivesText(await generate(events));

    expect(text).toContain("| order.placed | 99 % | 95 % within 1000 ms | A sale &#124; or so |");
    expect(text).toContain("| report.&#123;name&#125;.ready | 99.95 % | default |  |");
    expect(text).not.toContain("user.seen");
  });

  it("puts the objectives of the catalog into the rules", async () => {
    const budgets = rulesOf(await generate(events)).filter(({ record = "" }) =>
      record.endsWith("deliveries:error_budget"),
    );

    expect(budgets.map(({ expr }) => expr.replaceAll("\n", " "))).toEqual([
      expect.stringMatching(/messaging_destination_name!~".*\} \+ 0\.001$/),
      expect.stringMatching(/messaging_destination_name="order\.placed"\} \+ 0\.01$/),
      expect.stringMatching(/messaging_destination_name="report\.\{name\}\.ready"\} \+ 0\.0005$/),
    ]);
  });

  it("opens the dashboards with the service", async () => {
    const boards = boardsOf(await generate(undefined, { service: "shop" }));

    const chosen = boards.map(({ templating }) => templating.list.find(({ name }) => name === "service"));

    expect(chosen).toHaveLength(5);
    expect(chosen.map((variable) => Reflect.get(variable ?? {}, "current"))).toEqual(
      expect.arrayContaining([
        { text: "shop", value: "shop" },
        { text: ["shop"], value: ["shop"] },
      ]),
    );
  });

  it("makes links lead where it is told", async () => {
    const urls = {
      runbookBaseUrl: "https://wiki/run/",
      jaegerBaseUrl: "https://jaeger/ui/",
      dashboardBaseUrl: "https://graf",
    };

    const text = (await generate(undefined, urls)).map(({ content }) => content).join("\n");

    expect(text).toContain(`"https://wiki/run/\${__data.fields.alertname:percentencode}.md"`);
    expect(text).toContain("https://wiki/run/SpanbusWatchdog.md");
    expect(text).toContain("https://jaeger/ui/search?service=");
    expect(text).toContain("https://graf/d/spanbus-handler?");
    expect(text).not.toContain("localhost");
  });

  it("judges deliveries on dashboards as the rules do", async () => {
    const [recorded] = rulesOf(await generate()).filter(({ record = "" }) =>
      record.endsWith("deliveries:bad_ratio_rate5m"),
    );

    expect(recorded?.expr).toContain(select(SERIES.deliveries, FAILED));
    expect(recorded?.expr).toContain(select(SERIES.deliveries, JUDGED));
  });

  it("makes rules and dashboards that ask for known series only, whatever the catalog", async () => {
    const files = await generate(events);
    const recorded = rulesOf(files).flatMap(({ record }) => (record === undefined ? [] : [record]));
    const known = new Set([...knownSeries().keys(), ...recorded]);

    const texts = [
      ...rulesOf(files).map(({ expr }) => expr),
      ...boardsOf(files)
        .flatMap(expressionsOf)
        .map(([, text]) => text),
    ];
    const read = texts.map(readExpression);

    expect(read.flatMap(({ errors }) => errors)).toEqual([]);
    expect(read.flatMap(({ selectors }) => selectors).filter(({ metric }) => !known.has(metric))).toEqual([]);
  });
});

describe("the package that builds dashboards", () => {
  it("is named in the version this repository tests with", () => {
    const { devDependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));

    expect(devDependencies[DASHBOARD_PACKAGE.name]).toBe(DASHBOARD_PACKAGE.version);
  });
});

describe("generate, given hostile text", () => {
  const hostile = `| <script>alert(1)</script> \${datasource} $event \`x\` [a](javascript:b) "q" \\ \n# head {{ $labels.x }}`;
  const description: BusDescription = {
    source: hostile,
    state: "open",
    events: [
      { name: "a.{b}.c", description: hostile, hasSchema: false, slo: { success: 0.9 }, subscriptions: [hostile] },
    ],
    subscriptions: [
      {
        name: hostile,
        pattern: "a.*.c",
        timeoutMs: undefined,
        maxAttempts: 1,
        once: false,
        concurrency: undefined,
        isOrdered: false,
        queueCapacity: undefined,
        isPaused: false,
        receives: ["a.{b}.c"],
      },
    ],
  };

  it("puts a description into one cell of a table, as text", async () => {
    const row = objectivesText(await generate(description))
      .split("\n")
      .find((line) => line.startsWith("| a."));

    expect(row?.match(/\|/g)).toHaveLength(5);
    expect(row).not.toMatch(/[<>$`\\[\]{}]/);
  });

  it("still writes JSON, YAML and PromQL", async () => {
    const files = await generate(description);

    const errors = [
      ...rulesOf(files).map(({ expr }) => expr),
      ...boardsOf(files)
        .flatMap(expressionsOf)
        .map(([, text]) => text),
    ]
      .map(readExpression)
      .flatMap((read) => read.errors);

    expect(errors).toEqual([]);
  });
});

describe("generate refuses", () => {
  it.each([
    ["what is no source", 7, "expected a bus, what bus.describe() returns, or a catalog of defineEvents, got 7"],
    ["null", null, "expected a bus"],
    ["an entry that is no definition", { "order.placed": 3 }, `cannot define "order.placed"`],
    ["an unknown name in a description", { events: [{ name: "a b" }], subscriptions: [] }, `cannot define "a b"`],
    [
      "an objective that no bucket can tell",
      { events: [{ name: "a.b", slo: { latency: { withinMs: 3, ratio: 0.9 } } }], subscriptions: [] },
      "withinMs must be a bucket boundary",
    ],
  ])("%s", async (_what, source, message) => {
    const made = generate(source as never);

    await expect(made).rejects.toBeInstanceOf(BusError);
    await expect(made).rejects.toThrow(message);
  });

  it.each([
    ["service", { service: "" }],
    ["colour", { colour: "red" }],
    ["jaegerBaseUrl", { jaegerBaseUrl: "javascript:alert(1)" }],
    ["timeScale", { timeScale: 0 }],
  ])("a wrong option, naming it: %s", async (name, options) => {
    await expect(generate(undefined, options as never)).rejects.toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringContaining(name),
    });
  });
});

function boardsOf(files: readonly GeneratedFile[]): BoardJson[] {
  return files.filter(({ path }) => path.endsWith(".json")).map(({ content }) => JSON.parse(content) as BoardJson);
}

function rulesOf(files: readonly GeneratedFile[]): { record?: string; expr: string }[] {
  const texts = files.filter(({ path }) => path.endsWith(".yml")).map(({ content }) => content);
  return texts.flatMap((text) => (parse(text) as { groups: { rules: [] }[] }).groups.flatMap(({ rules }) => rules));
}

function objectivesText(files: readonly GeneratedFile[]): string {
  const slo = boardsOf(files).find(({ uid }) => uid === "spanbus-slo");
  const panel = slo && panelsOf(slo).find(({ title }) => title === "Objectives of the catalog");
  return (panel as unknown as { options: { content: string } }).options.content;
}
