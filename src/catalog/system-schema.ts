import { describeValue } from "../errors.ts";
import type { StandardSchemaV1 } from "./standard-schema.ts";

/** Returns what is to be delivered in the place of `value`, or notes issues at `spot`. */
type Rule = (value: unknown, spot: Spot) => unknown;

interface Spot {
  readonly path: readonly string[];
  readonly issues: StandardSchemaV1.Issue[];
}

/** A Standard Schema by hand, so that `src` needs no schema library. Data that throws when read is an issue. */
export function schemaOf<Data>(rule: Rule): StandardSchemaV1<Data> {
  const validate = (value: unknown): StandardSchemaV1.Result<Data> => {
    const issues: StandardSchemaV1.Issue[] = [];
    try {
      const data = rule(value, { path: [], issues }) as Data;
      return issues.length === 0 ? { value: data } : { issues };
    } catch {
      return { issues: [{ message: "cannot be read: one of its fields throws" }] };
    }
  };
  return { "~standard": { version: 1, vendor: "spanbus", validate } };
}

/** An object with these fields; others are kept as they are. What is delivered is a copy, read once. */
export function record(rules: Readonly<Record<string, Rule>>): Rule {
  const fields = Object.entries(rules);
  return (value, { path, issues }) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return refuse({ path, issues }, "an object", value);
    }
    const copy: Record<string, unknown> = { ...value };
    for (const [field, rule] of fields) {
      const given = Object.hasOwn(copy, field) ? copy[field] : (value as Record<string, unknown>)[field];
      const checked = rule(given, { path: [...path, field], issues });
      if (checked !== undefined) copy[field] = checked;
    }
    return copy;
  };
}

/** A string that is not empty. */
export const text: Rule = (value, spot) =>
  typeof value === "string" && value !== "" ? value : refuse(spot, "a non-empty string", value);

/** Any string. */
export const anyText: Rule = (value, spot) => (typeof value === "string" ? value : refuse(spot, "a string", value));

/** A duration in milliseconds. */
export const milliseconds: Rule = (value, spot) =>
  typeof value === "number" && Number.isFinite(value) && value >= 0
    ? value
    : refuse(spot, "a number of milliseconds from 0", value);

/** What `rule` accepts, or nothing. */
export function optional(rule: Rule): Rule {
  return (value, spot) => (value === undefined ? undefined : rule(value, spot));
}

function refuse({ path, issues }: Spot, expected: string, value: unknown): undefined {
  issues.push({ message: `expected ${expected}, got ${describeValue(value)}`, path });
  return undefined;
}
