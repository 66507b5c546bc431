import { describe, expect, it } from "vitest";
import { GENERIC_MODEL, type StackModel } from "../../dashboards/generator/model.ts";
import type { RuleGroup } from "../../dashboards/generator/rules/rule.ts";
import { ruleFiles, ruleGroups } from "../../dashboards/generator/rules/rule-files.ts";
import { ruleYaml } from "../../dashboards/generator/rules/rule-yaml.ts";
import { PROMTOOL, promtool } from "./promtool.ts";
import { ruleFolder } from "./rule-folder.ts";
import { MUTATIONS, mutated } from "./rule-mutants.ts";
import { isAlert, yamlFiles } from "./shipped-rules.ts";

const PATIENCE_MS = 120_000; // promtool evaluates hours of rules, minute by minute, on however slow a machine
const RULES = yamlFiles("rules");
const ALWAYS_FIRING = "SpanbusWatchdog";

/** Events with objectives of their own, and a name that means something else as a regular expression. */
const SHOP: StackModel = {
  service: "shop",
  subscriptions: [],
  events: [
    {
      name: "order.placed",
      description: undefined,
      slo: { success: 0.9, latency: { withinMs: 1_000, ratio: 0.9 } },
    },
    { name: "report.{name}.ready", description: undefined, slo: { success: 0.5 } },
    { name: "order.paid", description: undefined, slo: undefined },
  ],
};

describe.runIf(PROMTOOL !== undefined)("with promtool, the alert rules", () => {
  it("are accepted, warnings included", async () => {
    const result = await promtool("check", "rules", "--lint=all", "--lint-fatal", ...RULES.map(shippedRules));

    expect(result).toMatchObject({ exitCode: 0 });
  });

  it.each(yamlFiles("tests"))("do what %s expects", { timeout: PATIENCE_MS }, async (file) => {
    const result = await promtool("test", "rules", `dashboards/prometheus/tests/${file}`);

    expect(result.output.trim()).toBe("SUCCESS");
    expect(result.exitCode).toBe(0);
  });

  it.each(Object.entries(MUTATIONS).flatMap(([title, mutate]) => RULES.map((file) => ({ title, mutate, file }))))(
    "of $file, with $title, fail a test each",
    { timeout: PATIENCE_MS },
    async ({ title, mutate, file }) => {
      const groups = ruleGroups(GENERIC_MODEL).filter(({ name }) => `${name.replace("spanbus-", "")}.yml` === file);
      await using folder = await ruleFolder([{ name: file, text: ruleYaml(mutated(groups, mutate)) }]);

      const { output } = await promtool("test", "rules", folder.test(file));

      const broken = alertsOf(groups).filter((name) => name !== ALWAYS_FIRING || title.startsWith("three"));
      expect(failedAlerts(output)).toEqual(broken);
    },
  );

  it("hold an event to its own objectives, and all others to the defaults", { timeout: PATIENCE_MS }, async () => {
    const test = { name: "own-objectives.yml", text: OWN_OBJECTIVES };
    await using folder = await ruleFolder(ruleFiles(SHOP), [test]);

    const checked = await promtool("check", "rules", ...RULES.map(folder.rules));
    const tested = await promtool("test", "rules", folder.test(test.name));

    expect(checked.exitCode).toBe(0);
    expect(tested.output.trim()).toBe("SUCCESS");
  });

  it("fire within seconds when their windows are scaled down", async () => {
    const test = { name: "in-seconds.yml", text: IN_SECONDS };
    await using folder = await ruleFolder(ruleFiles(GENERIC_MODEL, { timeScale: 1 / 60 }), [test]);

    const checked = await promtool("check", "rules", ...RULES.map(folder.rules));
    const tested = await promtool("test", "rules", folder.test(test.name));

    expect(checked.exitCode).toBe(0);
    expect(tested.output.trim()).toBe("SUCCESS");
  });
});

const OWN_OBJECTIVES = `
rule_files: [../rules/handling-slo.yml, ../rules/latency-slo.yml]
tests:
  - name: budgets are those of the events
    interval: 1m
    input_series:
${delivered("order.placed", "0+92x20", "0+8x20")}
${delivered("order.paid", "0+92x20", "0+8x20")}
${delivered("order-placed", "0+92x20", "0+8x20")}
${delivered("report.{name}.ready", "0x20", "0+100x20")}
${lasted("order.placed", "0+95x20", "0+5x20")}
${lasted("order.paid", "0+80x20", "0+20x20")}
    promql_expr_test:
      - eval_time: 10m
        expr: sort(max by (messaging_destination_name) (service_event_subscription:spanbus_deliveries:error_budget))
        exp_samples:
          - { labels: '{messaging_destination_name="order.paid"}', value: 0.001 }
          - { labels: '{messaging_destination_name="order-placed"}', value: 0.001 }
          - { labels: '{messaging_destination_name="order.placed"}', value: 0.1 }
          - { labels: '{messaging_destination_name="report.{name}.ready"}', value: 0.5 }
      - eval_time: 10m
        expr: sort(max by (messaging_destination_name) (service_event_subscription:spanbus_delivery_duration_seconds:error_budget))
        exp_samples:
          - { labels: '{messaging_destination_name="order.paid"}', value: 0.01 }
          - { labels: '{messaging_destination_name="order.placed"}', value: 0.1 }
      - eval_time: 10m
        expr: round(max by (messaging_destination_name) (service_event_subscription:spanbus_delivery_duration_seconds:slow_ratio_rate1h), 0.001)
        exp_samples:
          - { labels: '{messaging_destination_name="order.paid"}', value: 0.2 }
          - { labels: '{messaging_destination_name="order.placed"}', value: 0.05 }
      - eval_time: 10m
        expr: group by (alertname, messaging_destination_name) (ALERTS{alertstate="firing"})
        exp_samples:
          - { labels: '{alertname="SpanbusHandlingBudgetBurn", messaging_destination_name="order.paid"}', value: 1 }
          - { labels: '{alertname="SpanbusHandlingBudgetBurn", messaging_destination_name="order-placed"}', value: 1 }
          - { labels: '{alertname="SpanbusHandlingBudgetBurn", messaging_destination_name="report.{name}.ready"}', value: 1 }
          - { labels: '{alertname="SpanbusLatencyBudgetBurn", messaging_destination_name="order.paid"}', value: 1 }
`;

const IN_SECONDS = `
rule_files: [../rules/handling-slo.yml, ../rules/handlers.yml, ../rules/telemetry.yml]
evaluation_interval: 1s
tests:
  - name: faults of seconds
    interval: 1s
    input_series:
${delivered("order.placed", "0+5x60", "0+5x60")}
      - series: spanbus_bus_info{service_name="shop"}
        values: 1x20
    promql_expr_test:
      - eval_time: 15s
        expr: group by (alertname) (ALERTS{alertstate="firing", alertname!="SpanbusWatchdog"})
        exp_samples: [{ labels: '{alertname="SpanbusHandlingBudgetBurn"}', value: 1 }]
      - eval_time: 28s
        expr: group by (alertname) (ALERTS{alertstate="firing", alertname="SpanbusServiceGone"})
        exp_samples: [{ labels: '{alertname="SpanbusServiceGone"}', value: 1 }]
`;

/** Input series of deliveries to a handler. */
function delivered(event: string, handled: string, failed: string): string {
  const labels = `service_name="shop", messaging_destination_name="${event}", messaging_destination_subscription_name="a"`;
  return `      - series: 'spanbus_deliveries_total{${labels}, spanbus_delivery_outcome="handled"}'
        values: ${handled}
      - series: 'spanbus_deliveries_total{${labels}, spanbus_delivery_outcome="failed", spanbus_delivery_disposition="dead_lettered"}'
        values: ${failed}`;
}

/** Input series of deliveries that lasted between a quarter of a second and a second, and longer. */
function lasted(event: string, medium: string, slow: string): string {
  const labels = `service_name="shop", messaging_destination_name="${event}", messaging_destination_subscription_name="a"`;
  const [perMinute = 0, slower = 0] = [medium, slow].map((values) => Number(/\+(\d+)/.exec(values)?.[1]));
  const quick = event === "order.placed" ? 0 : perMinute;
  return `      - series: 'spanbus_delivery_duration_seconds_bucket{${labels}, le="0.25"}'
        values: 0+${quick}x20
      - series: 'spanbus_delivery_duration_seconds_bucket{${labels}, le="1"}'
        values: 0+${perMinute}x20
      - series: 'spanbus_delivery_duration_seconds_count{${labels}}'
        values: 0+${perMinute + slower}x20`;
}

function shippedRules(file: string): string {
  return `dashboards/prometheus/rules/${file}`;
}

function alertsOf(groups: readonly RuleGroup[]): string[] {
  const names = groups.flatMap(({ rules }) => rules.filter(isAlert).map(({ alert }) => alert));
  return [...new Set(names)].sort();
}

/** The alerts of which promtool found too many or too few. */
function failedAlerts(output: string): string[] {
  return [...new Set([...output.matchAll(/alertname: (\w+)/g)].map(([, name = ""]) => name))].sort();
}
