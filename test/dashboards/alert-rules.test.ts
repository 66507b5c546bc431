import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { GENERIC_MODEL } from "../../dashboards/generator/model.ts";
import { BUSES, SERVICE_LABELS } from "../../dashboards/generator/rules/recorded-series.ts";
import { ruleFiles } from "../../dashboards/generator/rules/rule-files.ts";
import { readConfiguration, type Tree } from "./configuration.ts";
import { knownSeries, readExpression } from "./expression.ts";
import { isAlert, PROMETHEUS_FOLDER, rulesOf, shippedAlerts, shippedTests, yamlFiles } from "./shipped-rules.ts";

const RUNBOOKS = join("dashboards", "runbooks");
const SECTIONS = ["What it means", "How to look", "What to do", "What makes it resolve"];

/** Fires for ever, so no test can show it silent, or resolved. */
const ALWAYS_FIRING = "SpanbusWatchdog";

const alerts = shippedAlerts();
const names = [...new Set(alerts.map(({ alert }) => alert))];
const tests = shippedTests();

/** `up` is what Prometheus says of the servers it scrapes. */
const known = new Map([...knownSeries(), [BUSES, SERVICE_LABELS], ["up", ["job", "instance"]]]);

describe("the alert rules", () => {
  it("are what the generator makes, and nothing else is beside them", () => {
    const files = ruleFiles(GENERIC_MODEL);

    const committed = yamlFiles("rules").map((name) => ({
      name,
      text: readFileSync(join(PROMETHEUS_FOLDER, "rules", name), "utf8"),
    }));

    expect(committed).toEqual(files.toSorted((a, b) => (a.name < b.name ? -1 : 1)));
  });

  it("ask only for series and labels of the telemetry contract, and for what they record", () => {
    const rules = yamlFiles("rules").flatMap(rulesOf);

    const strange = rules.flatMap(({ expr }) => unknownIn(expr));

    expect(strange).toEqual([]);
  });

  it("record what dashboards are made to draw, and nothing else", () => {
    const rules = yamlFiles("rules").flatMap(rulesOf);

    const strange = rules.filter((rule) => !isAlert(rule) && !known.has(rule.record));

    expect(strange).toEqual([]);
  });

  it("record over the window that is in the name, and count over the one in the label", () => {
    const windows = yamlFiles("rules")
      .flatMap(rulesOf)
      .flatMap((rule) => {
        const named = isAlert(rule) ? rule.labels.window : /_rate(\w+)$/.exec(rule.record)?.[1];
        return named === undefined ? [] : rangesOf(rule.expr).map((range) => ({ named, range }));
      });

    expect(windows.length).toBeGreaterThan(30);
    for (const { named, range } of windows) expect(range).toBe(named);
  });

  it.each(names)("%s says how bad it is, what happens, and where to look", (name) => {
    for (const { labels, annotations } of alerts.filter(({ alert }) => alert === name)) {
      expect(["page", "ticket", "info"]).toContain(labels.severity);
      expect(filledIn(annotations.summary)).toMatch(/^\S.{5,80}$/);
      expect(filledIn(annotations.description)).toMatch(/^\S.{30,300}\.$/);
      expect(annotations.runbook_url).toMatch(new RegExp(`/dashboards/runbooks/${name}\\.md$`));
      expect(annotations.dashboard_url).toMatch(/^http:\/\/localhost:3000\/d\/spanbus-[a-z]+(\?|$)/);
    }
  });

  it.each(names)("%s opens a dashboard that is shipped, and sets variables that it has", (name) => {
    const [alert] = alerts.filter((each) => each.alert === name);
    const url = new URL(alert?.annotations.dashboard_url ?? "");

    const dashboard = readConfiguration(`grafana/dashboards/${url.pathname.replace("/d/spanbus-", "")}.json`);

    const variables = Object.values(dashboard.templating?.list ?? {}) as unknown as Tree[];
    expect(variables.map((each) => `var-${each.name}`)).toEqual(expect.arrayContaining([...url.searchParams.keys()]));
  });

  it.each(names)("%s has a runbook page that says what it means, how to look, what to do, what ends it", (name) => {
    const page = readFileSync(join(RUNBOOKS, `${name}.md`), "utf8");

    const headings = [...page.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);

    expect(page).toMatch(new RegExp(`^# ${name}\n`));
    expect(headings).toEqual(SECTIONS);
    expect(page).toContain("```promql");
    expect(names).toEqual(expect.arrayContaining([...page.matchAll(/\]\((\w+)\.md\)/g)].map(([, link]) => link)));
  });

  it("have all the runbook pages there are", () => {
    expect(readdirSync(RUNBOOKS).sort()).toEqual(names.map((name) => `${name}.md`).sort());
  });
});

describe("docs/alerts.md", () => {
  const page = readFileSync(join("docs", "alerts.md"), "utf8");

  it("lists every alert with its severity and what it waits for", () => {
    const rows = [
      ...page.matchAll(/^\| \[(\w+)\]\(\.\.\/dashboards\/runbooks\/\1\.md\) \| (.+?) \| .+ \| (.+?) \|$/gm),
    ];

    const listed = rows.map(([, name, severity, wait]) => ({ name, severity, wait }));

    expect(listed).toEqual(expect.arrayContaining(names.map(rowOf)));
    expect(listed).toHaveLength(names.length);
  });

  it("names series that are recorded", () => {
    const named = [...page.matchAll(/`(service\w*:[\w:]+)`/g)].map(([, series = ""]) => series);

    expect(named).toHaveLength(3);
    expect([...known.keys()]).toEqual(expect.arrayContaining(named));
  });

  function rowOf(name: string) {
    const rules = alerts.filter(({ alert }) => alert === name);
    const unique = (values: readonly string[]) => [...new Set(values)].join(", ");
    return {
      name,
      severity: unique(rules.map(({ labels }) => labels.severity)),
      wait: unique(rules.map((rule) => rule.for ?? "at once")),
    };
  }
});

describe("the runbook pages", () => {
  const queries = names.flatMap((name) => {
    const file = join(RUNBOOKS, `${name}.md`);
    const page = existsSync(file) ? readFileSync(file, "utf8") : "";
    return [...page.matchAll(/```promql\n([^`]+)```/g)].map(([, query = ""]) => [name, query] as const);
  });

  it.each(queries)("%s asks for series and labels that exist: %s", (_, query) => {
    const expression = query.replaceAll(/^#.*$/gm, "");

    const { selectors } = readExpression(expression);

    expect(selectors).not.toEqual([]);
    expect(unknownIn(expression)).toEqual([]);
  });
});

describe("the promtool tests", () => {
  const firing = (test: { alert_rule_test?: readonly { alertname: string; exp_alerts: readonly unknown[] }[] }) =>
    (test.alert_rule_test ?? []).map(({ exp_alerts }) => exp_alerts.length > 0);

  it.each(names)("show that %s fires", (name) => {
    const found = tests.filter((test) => test.name.startsWith(`${name} fires`));

    expect(found).not.toEqual([]);
    for (const test of found) expect(firing(test)).toContain(true);
  });

  it.each(names.filter((name) => name !== ALWAYS_FIRING))("show that %s stays silent", (name) => {
    const found = tests.filter((test) => test.name.startsWith(`${name} stays silent`));

    expect(found).not.toEqual([]);
    for (const test of found) expect(firing(test)).toEqual(firing(test).map(() => false));
  });

  it.each(names.filter((name) => name !== ALWAYS_FIRING))("show that %s resolves", (name) => {
    const found = tests.filter((test) => test.name.startsWith(`${name} resolves`));

    expect(found).not.toEqual([]);
    for (const test of found) {
      expect(firing(test)[0]).toBe(true);
      expect(firing(test).at(-1)).toBe(false);
    }
  });

  it("test the alert that they are named after", () => {
    const strays = tests.filter(({ name, alert_rule_test = [] }) => {
      return alert_rule_test.some(({ alertname }) => alertname !== name.split(" ")[0]);
    });

    expect(strays).toEqual([]);
  });
});

/** A template about as long as what Prometheus makes of it. */
function filledIn(template: string): string {
  return template.replaceAll(/{{.*?}}/g, "12.5%");
}

/** The ranges that an expression selects over: `5m`. */
function rangesOf(expression: string): string[] {
  return [...expression.matchAll(/\[(\w+)\]/g)].map(([, range = ""]) => range);
}

/** What an expression asks for that no service sends and no rule records. */
function unknownIn(expression: string): string[] {
  const { errors, selectors, grouping } = readExpression(expression);
  const labels = selectors.flatMap(({ metric }) => known.get(metric) ?? []);
  return [
    ...errors,
    ...selectors.filter(({ metric }) => !known.has(metric)).map(({ metric }) => metric),
    ...selectors.flatMap((each) => each.labels.filter((label) => !known.get(each.metric)?.includes(label))),
    ...grouping.filter((label) => !labels.includes(label)),
  ];
}
