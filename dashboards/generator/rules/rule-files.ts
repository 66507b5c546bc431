import type { StackModel } from "../model.ts";
import { backlogAlerts } from "./backlog-alerts.ts";
import { handlerAlerts } from "./handler-alerts.ts";
import { handlingSlo } from "./handling-slo.ts";
import { latencySlo } from "./latency-slo.ts";
import { publishAlerts } from "./publish-alerts.ts";
import { publishingSlo } from "./publishing-slo.ts";
import type { RuleGroup } from "./rule.ts";
import { RuleKit } from "./rule-kit.ts";
import { type RuleOptions, resolveRuleOptions } from "./rule-options.ts";
import { ruleYaml } from "./rule-yaml.ts";
import { telemetryAlerts } from "./telemetry-alerts.ts";

/** One file of rules for Prometheus. */
export interface RuleFile {
  /** Such as `handling-slo.yml`. */
  readonly name: string;
  readonly text: string;
}

/**
 * The recording and alert rules for a bus: the objectives are those of its events, and the defaults for all others.
 *
 * @throws BusError `INVALID_OPTION`
 */
export function ruleFiles(model: StackModel, options?: RuleOptions): readonly RuleFile[] {
  return ruleGroups(model, options).map((group) => ({
    name: `${group.name.replace("spanbus-", "")}.yml`,
    text: ruleYaml([group]),
  }));
}

/**
 * The same rules as data.
 *
 * @throws BusError `INVALID_OPTION`
 */
export function ruleGroups(model: StackModel, options?: RuleOptions): readonly RuleGroup[] {
  const kit = new RuleKit(resolveRuleOptions(options));
  return [
    handlingSlo(kit, model),
    publishingSlo(kit),
    latencySlo(kit, model),
    handlerAlerts(kit),
    backlogAlerts(kit),
    publishAlerts(kit),
    telemetryAlerts(kit),
  ];
}
