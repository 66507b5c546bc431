import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { GENERIC_MODEL, type StackModel } from "../../../dashboards/generator/model.ts";
import { ruleFiles, ruleGroups } from "../../../dashboards/generator/rules/rule-files.ts";
import type { RuleOptions } from "../../../dashboards/generator/rules/rule-options.ts";
import { isAlert } from "../shipped-rules.ts";

describe("ruleFiles", () => {
  it("writes YAML that reads back as the rules, expressions laid out", () => {
    const files = ruleFiles(GENERIC_MODEL);

    const read = files.map(({ text }) => parse(text) as { groups: { name: string; rules: object[] }[] });

    const groups = ruleGroups(GENERIC_MODEL).map(({ name, rules }) => [{ name, rules: rules.map(withoutLines) }]);
    expect(
      read.map((file) => file.groups.map((group) => ({ ...group, rules: group.rules.map(withoutLines) }))),
    ).toEqual(groups);
  });

  it("points its links to where the options say", () => {
    const options: RuleOptions = {
      runbookBaseUrl: "https://runbooks.test/bus",
      dashboardBaseUrl: "https://grafana.test/sub/",
      jaegerBaseUrl: "https://jaeger.test",
    };

    const alerts = ruleGroups(GENERIC_MODEL, options).flatMap(({ rules }) => rules.filter(isAlert));

    for (const { alert, annotations } of alerts) {
      expect(annotations.runbook_url).toBe(`https://runbooks.test/bus/${alert}.md`);
      expect(annotations.dashboard_url).toMatch(/^https:\/\/grafana\.test\/sub\/d\/spanbus-/);
      expect(annotations.traces_url ?? "https://jaeger.test/search?").toMatch(/^https:\/\/jaeger\.test\/search\?/);
    }
  });

  it("takes default objectives, the limit of silence and the span queue from the options", () => {
    const options: RuleOptions = {
      objectives: { handling: 0.99, publishing: 0.9999, latency: { withinMs: 2_500, ratio: 0.95 } },
      stalledAfterMs: 3_600_000,
      spanQueueCapacity: 2048,
    };

    const expressions = ruleGroups(GENERIC_MODEL, options).flatMap(({ rules }) => rules.map(({ expr }) => expr));

    const text = expressions.join("\n");
    expect(text).toContain("bad_ratio_rate3d + 0.01\n");
    expect(text).toContain("bad_ratio_rate3d + 0.0001\n");
    expect(text).toContain("slow_ratio_rate3d + 0.05\n");
    expect(text).toContain('{le="2.5"}');
    expect(text).toContain("> 3600 and");
    expect(text).toContain("/ 2048 >");
    expect(text).not.toContain('{le="0.25"}');
  });

  it("finds the bucket of a boundary whichever way Prometheus wrote it down", () => {
    const boundaries = [0.05, 0.1, 250, 1_000, 10_000].map((withinMs) => {
      const latency = { withinMs, ratio: 0.9 };
      const [first] = ruleGroups(GENERIC_MODEL, { objectives: { latency } }).flatMap(({ rules }) =>
        rules.flatMap(({ expr }) => /le=[^}]+/.exec(expr)?.[0] ?? []),
      );
      return first;
    });

    expect(boundaries).toEqual([
      String.raw`le=~"0\\.00005|5e-05"`,
      'le="0.0001"',
      'le="0.25"',
      String.raw`le=~"1|1\\.0"`,
      String.raw`le=~"10|10\\.0"`,
    ]);
  });

  it("counts each event under one objective: its own, or the default", () => {
    const model: StackModel = {
      ...GENERIC_MODEL,
      events: [{ name: "report.{name}.ready", description: undefined, slo: { success: 0.95 } }],
    };

    const [handling] = ruleGroups(model);

    const budgets = handling?.rules.flatMap((rule) =>
      !isAlert(rule) && rule.record.endsWith("budget") ? [rule.expr] : [],
    );
    const ratio = "service_event_subscription:spanbus_deliveries:bad_ratio_rate3d";
    expect(budgets).toEqual([
      String.raw`0 * ${ratio}{messaging_destination_name!~"report\\.\\{name\\}\\.ready"} + 0.001`,
      `0 * ${ratio}{messaging_destination_name="report.{name}.ready"} + 0.05`,
    ]);
  });

  it.each<[string, RuleOptions]>([
    ['cannot make alert rules: there is no option "scale"', { scale: 2 } as RuleOptions],
    ["timeScale must be a number from", { timeScale: 2 }],
    ["stalledAfterMs must be a number from", { stalledAfterMs: 10 }],
    ["spanQueueCapacity must be an integer from", { spanQueueCapacity: 0.5 }],
    ["runbookBaseUrl must be an http(s) URL", { runbookBaseUrl: "runbooks/" }],
    ["handling must be more than 0 and less than 1", { objectives: { handling: 99.9 } }],
    ["latency must be { withinMs, ratio }", { objectives: { latency: { withinMs: 300, ratio: 0.9 } } }],
  ])("refuses options it cannot use: %s", (message, options) => {
    expect(() => ruleFiles(GENERIC_MODEL, options)).toThrow(message);
  });
});

function withoutLines(rule: object): object {
  return { ...rule, expr: (rule as { expr: string }).expr.replaceAll(/\s/g, "") };
}
