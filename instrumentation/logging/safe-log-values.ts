/** Characters kept of one text of an error; stacks of deep recursions are longer. */
const MAX_TEXT = 16_384;
const MAX_CAUSES = 5;
const UNREADABLE = "[unreadable]";

/** An error as a pino field: `type`, `message`, `stack`, `code` and the causes. Reads anything that may be thrown, and never throws. */
export function describeError(error: unknown, depth = 0): unknown {
  if (!isObject(error)) return error;
  const text = (key: string): string | undefined => {
    const value = readField(error, key);
    return typeof value === "string" ? value.slice(0, MAX_TEXT) : undefined;
  };
  const name = text("name");
  const type = readField(readField(error, "constructor"), "name");
  const code = readField(error, "code");
  const cause = readField(error, "cause");
  return {
    type: typeof type === "string" && type !== "" && type !== "Object" ? type : (name ?? "Error"),
    message: text("message") ?? UNREADABLE,
    ...(text("stack") === undefined ? {} : { stack: text("stack") }),
    ...(typeof code === "string" || typeof code === "number" ? { code } : {}),
    ...(cause === undefined || depth >= MAX_CAUSES ? {} : { cause: describeError(cause, depth + 1) }),
  };
}

/** What can be read of an object, one level deep, as plain JSON; for a line that could not be written as it was. */
export function readableFields(value: object): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const key of readKeys(value)) fields[key] = readableValue(readField(value, key));
  return fields;
}

/** Whether it is an error, as far as that can be asked: a revoked Proxy answers nothing. */
export function isError(value: unknown): value is Error {
  try {
    return value instanceof Error;
  } catch {
    return false;
  }
}

function readableValue(value: unknown): unknown {
  if (isError(value)) return describeError(value);
  try {
    const text = JSON.stringify(value);
    return text === undefined ? String(value) : (JSON.parse(text) as unknown);
  } catch {
    return UNREADABLE; // circular, a BigInt inside, a getter or toJSON that throws
  }
}

function readKeys(value: object): string[] {
  try {
    return Object.keys(value);
  } catch {
    return []; // a Proxy that refuses
  }
}

function readField(value: unknown, key: string): unknown {
  try {
    return (value as Record<string, unknown> | undefined)?.[key];
  } catch {
    return UNREADABLE;
  }
}

function isObject(value: unknown): value is object {
  return (typeof value === "object" || typeof value === "function") && value !== null;
}
