import { describeValue } from "../errors.ts";

/** Limits of an event name; a scanner checks them, never a regular expression over user input. */
export const NAME_LIMITS = { length: 255, tokens: 32, tokenLength: 64 } as const;

const DOT = 46;

/** Whether `name` is 1 to 32 tokens of `[A-Za-z0-9_-]{1,64}` joined by dots, 255 characters at most. */
export function isEventName(name: unknown): name is string {
  if (typeof name !== "string" || name.length > NAME_LIMITS.length) return false;
  let tokens = 1;
  let tokenLength = 0;
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code === DOT) {
      if (tokenLength === 0 || ++tokens > NAME_LIMITS.tokens) return false;
      tokenLength = 0;
    } else if (!isTokenCode(code) || ++tokenLength > NAME_LIMITS.tokenLength) {
      return false;
    }
  }
  return tokenLength > 0;
}

/** What is wrong with a name, as the end of a sentence; undefined when it is a valid name. */
export function nameProblem(name: unknown): string | undefined {
  if (isEventName(name)) return undefined;
  if (typeof name !== "string") return `${describeValue(name)} is not a string`;
  if (name === "") return "the name is empty";
  if (name.length > NAME_LIMITS.length) return `it has ${name.length} characters, ${NAME_LIMITS.length} are allowed`;
  const tokens = name.split(".");
  if (tokens.includes("")) return "it has an empty token: dots join tokens, they do not begin, end or double";
  if (tokens.length > NAME_LIMITS.tokens) return `it has ${tokens.length} tokens, ${NAME_LIMITS.tokens} are allowed`;
  const token = tokens.find((each) => !isToken(each)) ?? name;
  if (token.length > NAME_LIMITS.tokenLength) {
    return `the token ${describeValue(token)} has ${token.length} characters, ${NAME_LIMITS.tokenLength} are allowed`;
  }
  return `the token ${describeValue(token)} has characters other than A-Z, a-z, 0-9, "_" and "-"`;
}

/** Whether `token` is one token of a name: 1 to 64 characters of `[A-Za-z0-9_-]`. */
export function isToken(token: string): boolean {
  if (token.length === 0 || token.length > NAME_LIMITS.tokenLength) return false;
  for (let i = 0; i < token.length; i++) if (!isTokenCode(token.charCodeAt(i))) return false;
  return true;
}

function isTokenCode(code: number): boolean {
  return (
    (code >= 97 && code <= 122) || // a-z
    (code >= 65 && code <= 90) || // A-Z
    (code >= 48 && code <= 57) || // 0-9
    code === 95 || // _
    code === 45 // -
  );
}
