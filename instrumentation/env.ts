import { makeRules } from "./settings/env-rules.ts";
import type { Environment } from "./settings/environment.ts";

/** What the environment says, and one sentence for each variable that says nothing usable. */
export interface EnvironmentReading {
  readonly environment: Environment;
  readonly problems: readonly string[];
}

/**
 * Reads and checks the environment. A variable that is empty counts as not set; one that cannot be used is left out,
 * and named in `problems` with its accepted form and what is used instead.
 *
 * @throws BusError `TELEMETRY_PACKAGES_MISSING` when zod is not installed
 */
export function readEnvironment(variables: Readonly<Record<string, string | undefined>>): EnvironmentReading {
  const environment: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [name, rule] of Object.entries(makeRules())) {
    const text = variables[name]?.trim();
    if (text === undefined || text === "") continue;
    const result = rule.schema.safeParse(text);
    if (result.success) {
      environment[name] = result.data;
    } else {
      const shown = rule.isSecret === true ? "has a value (not shown) that" : `is ${show(text)}, which`;
      problems.push(`${name} ${shown} is not ${rule.form}; using ${rule.instead}`);
    }
  }
  return { environment, problems };
}

/** A value as it may be logged: short, and without the password a URL may hold. */
function show(text: string): string {
  const masked = text.replace(/\/\/[^/@]*@/, "//***@");
  return JSON.stringify(masked.length > 100 ? `${masked.slice(0, 99)}…` : masked);
}
