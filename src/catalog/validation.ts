import { describeValue, ValidationError, type ValidationIssue } from "../errors.ts";
import { isThenable } from "../thenable.ts";
import type { StandardSchemaV1 } from "./standard-schema.ts";

/** Data that passed its schema. */
export interface Valid {
  readonly value: unknown;
}

/**
 * Checks `data` against a Standard Schema: at once where the schema is synchronous, else later. A schema that throws
 * counts as a mismatch. Returns the parsed output or the error; rejects never.
 */
export function validateData(
  schema: StandardSchemaV1,
  name: string,
  data: unknown,
): Valid | ValidationError | Promise<Valid | ValidationError> {
  try {
    const result = schema["~standard"].validate(data);
    if (!isThenable(result)) return readResult(name, result);
    return Promise.resolve(result).then(
      (settled) => readResult(name, settled),
      (error: unknown) => schemaThrew(name, error),
    );
  } catch (error) {
    return schemaThrew(name, error);
  }
}

function readResult(name: string, result: StandardSchemaV1.Result<unknown>): Valid | ValidationError {
  try {
    if (result.issues === undefined) return { value: result.value };
    const issues = result.issues.map(readIssue);
    const listed = issues.slice(0, 5).map(describeIssue).join("; ");
    const more = issues.length > 5 ? `; and ${issues.length - 5} more` : "";
    return new ValidationError(
      `cannot publish "${name}": the data does not match its schema: ${listed}${more}`,
      issues,
    );
  } catch (error) {
    return schemaThrew(name, error);
  }
}

function readIssue(issue: StandardSchemaV1.Issue): ValidationIssue {
  const path = issue.path?.map((segment) => String(typeof segment === "object" ? segment.key : segment)).join(".");
  return { message: String(issue.message), path: path ?? "" };
}

function describeIssue({ path, message }: ValidationIssue): string {
  return path === "" ? message : `${path}: ${message}`;
}

function schemaThrew(name: string, cause: unknown): ValidationError {
  const text = `the schema threw ${describeThrown(cause)} on this data`;
  return new ValidationError(`cannot publish "${name}": ${text}`, [{ message: text, path: "" }], { cause });
}

function describeThrown(thrown: unknown): string {
  try {
    return thrown instanceof Error ? `${thrown.name}: ${thrown.message}`.slice(0, 200) : describeValue(thrown);
  } catch {
    return "something that cannot be read";
  }
}
