import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { AlertRule, Rule } from "../../dashboards/generator/rules/rule.ts";

/** A promtool test, as far as the tests of tests look at it. */
export interface RuleTest {
  readonly name: string;
  readonly alert_rule_test?: readonly {
    readonly alertname: string;
    readonly exp_alerts: readonly unknown[];
  }[];
}

/** Below it: `rules`, `tests`. */
export const PROMETHEUS_FOLDER: string = join("dashboards", "prometheus");

/** The names of the YAML files in a folder of {@link PROMETHEUS_FOLDER}. */
export function yamlFiles(folder: "rules" | "tests"): readonly string[] {
  return readdirSync(join(PROMETHEUS_FOLDER, folder))
    .filter((file) => file.endsWith(".yml"))
    .sort();
}

/** The rules of one file, as Prometheus would read them. */
export function rulesOf(file: string): readonly Rule[] {
  const text = readFileSync(join(PROMETHEUS_FOLDER, "rules", file), "utf8");
  return (parse(text) as { groups: { rules: Rule[] }[] }).groups.flatMap(({ rules }) => rules);
}

/** The alert rules that are shipped. */
export function shippedAlerts(): readonly AlertRule[] {
  return yamlFiles("rules").flatMap(rulesOf).filter(isAlert);
}

/** The promtool tests that are shipped. */
export function shippedTests(): readonly RuleTest[] {
  return yamlFiles("tests").flatMap((file) => {
    const text = readFileSync(join(PROMETHEUS_FOLDER, "tests", file), "utf8");
    return (parse(text) as { tests: RuleTest[] }).tests;
  });
}

export function isAlert(rule: Rule): rule is AlertRule {
  return "alert" in rule;
}
