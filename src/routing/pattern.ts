import { BusError, describeValue } from "../errors.ts";
import { isToken, NAME_LIMITS, nameProblem } from "../event/names.ts";

/** A subscription pattern, checked and cut into tokens. */
export interface Pattern {
  /** As it was written. */
  readonly text: string;
  /** Names' tokens, `*` for any one token, and as the last `**` for one or more. */
  readonly tokens: readonly string[];
  /** The tokens joined: equal for patterns that match the same names, such as `a.{id}` and `a.*`. */
  readonly canonical: string;
  /** Whether it matches one name only, itself. */
  readonly isExact: boolean;
}

/**
 * Reads a pattern: a name whose tokens may be `*` or a template's `{param}` (exactly one token), the last one also `**`
 * (one or more tokens). The bare pattern `*` means every event, as `**` does.
 *
 * @throws BusError `INVALID_PATTERN`, saying what is wrong with it
 */
export function parsePattern(text: unknown): Pattern {
  const problem = patternProblem(text);
  if (problem !== undefined) {
    const remedy = `write a name, "order.*" (one token), "order.**" (one or more) or "*" (every event)`;
    throw new BusError("INVALID_PATTERN", `cannot use the pattern ${describeValue(text)}: ${problem}; ${remedy}`);
  }
  const written = text as string; // patternProblem saw to it
  const tokens = written === "*" ? ["**"] : written.split(".").map((token) => (isParameter(token) ? "*" : token));
  const isExact = !written.includes("*") && !written.includes("{");
  return { text: written, tokens, canonical: tokens.join("."), isExact };
}

/** Whether `name`, a valid event name, is one the pattern means. */
export function matchesPattern(pattern: Pattern, name: string): boolean {
  return pattern.isExact ? name === pattern.text : tokensMatch(pattern.tokens, name.split("."));
}

/** Whether some name matches both the pattern and the template; a template is a pattern without `**`. */
export function overlapsTemplate(pattern: Pattern, template: Pattern): boolean {
  return tokensMatch(pattern.tokens, template.tokens);
}

/** What is wrong with a name or template, as the end of a sentence; undefined when it is a valid one. */
export function templateProblem(text: string): string | undefined {
  if (text.length > NAME_LIMITS.length) return nameProblem(text);
  return nameProblem(replaceTokens(text, isParameter));
}

function patternProblem(text: unknown): string | undefined {
  if (typeof text !== "string" || text.length > NAME_LIMITS.length) return nameProblem(text);
  const openEnd = text.split(".").indexOf("**");
  if (openEnd !== -1 && openEnd !== text.split(".").length - 1) return `"**" may only be the last token`;
  return nameProblem(replaceTokens(text, (token) => token === "*" || token === "**" || isParameter(token)));
}

/** Puts a plain token in the place of special ones, so that what is left can be judged as a name. */
function replaceTokens(text: string, isSpecial: (token: string) => boolean): string {
  const tokens = text.split(".").map((token) => (isSpecial(token) ? "x" : token));
  return tokens.join(".");
}

/** Whether a token is `{param}`: braces around a letter or `_`, then letters, digits and `_`. */
function isParameter(token: string): boolean {
  if (token.length > NAME_LIMITS.tokenLength || !token.startsWith("{") || !token.endsWith("}")) return false;
  const parameter = token.slice(1, -1);
  const first = parameter.charCodeAt(0); // NaN for "{}", which no comparison accepts
  const startsWithDigit = first >= 48 && first <= 57;
  return isToken(parameter) && !startsWithDigit && !parameter.includes("-");
}

/** Whether tokens of a pattern, and those of a name or template, mean a common name. */
export function tokensMatch(pattern: readonly string[], tokens: readonly string[]): boolean {
  const isOpenEnded = pattern.at(-1) === "**";
  if (isOpenEnded ? tokens.length < pattern.length : tokens.length !== pattern.length) return false;
  const compared = isOpenEnded ? pattern.length - 1 : pattern.length;
  for (let i = 0; i < compared; i++) {
    if (pattern[i] !== "*" && pattern[i] !== tokens[i] && tokens[i] !== "*") return false;
  }
  return true;
}
