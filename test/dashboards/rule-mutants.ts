import type { RuleGroup } from "../../dashboards/generator/rules/rule.ts";
import { isAlert } from "./shipped-rules.ts";

/** A comparison with a number: `> 0.05`, `>= 5`, `> clamp_max(14.4 …`. */
const COMPARISON = / (>=|>) (clamp_max\()?(\d+(?:\.\d+)?)/g;

/** Ways to get every threshold of an expression wrong. */
export const MUTATIONS: Readonly<Record<"three times its thresholds" | "a third of its thresholds", Mutation>> = {
  "three times its thresholds": (expr) => {
    const demanding = expr.replaceAll(COMPARISON, (_, operator, clamp = "", threshold) => {
      return ` ${operator} ${clamp}${threshold === "0" ? 3 : Number(threshold) * 3}`;
    });
    return demanding === expr ? `${expr} > 3` : demanding;
  },
  "a third of its thresholds": (expr) => {
    return expr.replaceAll(COMPARISON, (_, _operator, clamp = "", threshold) => ` >= ${clamp}${Number(threshold) / 3}`);
  },
};

type Mutation = (expr: string) => string;

/** The groups with all their alerts changed. */
export function mutated(groups: readonly RuleGroup[], mutate: Mutation): readonly RuleGroup[] {
  return groups.map((group) => ({
    ...group,
    rules: group.rules.map((rule) => (isAlert(rule) ? { ...rule, expr: mutate(rule.expr) } : rule)),
  }));
}
