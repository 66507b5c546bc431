import { Rejection } from "./rejection.ts";

/** What a payload is read with: the media type it came as, and a JSON parser that refuses `__proto__`. */
export interface PayloadOptions {
  readonly isForm: boolean;
  /** @throws anything, when the text is no JSON or would poison a prototype */
  readonly parseJson: (text: string) => unknown;
}

/** GitHub's own payloads are nested up to ten deep. */
const MAX_DEPTH = 64;
/** GitHub's own have some thousands; 25 MiB of `{},` would be nine million, and as many objects. */
const MAX_VALUES = 1_000_000;

/**
 * The payload in a request body: JSON, or a form whose `payload` field is JSON.
 *
 * @throws Rejection 400, with the reason
 */
export function readPayload(
  body: Uint8Array,
  { isForm, parseJson }: PayloadOptions,
): Readonly<Record<string, unknown>> {
  const text = isForm ? formPayload(decodeUtf8(body)) : decodeUtf8(body);
  const { depth, values } = sizeOf(text);
  if (depth > MAX_DEPTH) {
    throw new Rejection(400, "nested_too_deep", `the payload is nested more than ${MAX_DEPTH} deep`);
  }
  if (values > MAX_VALUES) {
    throw new Rejection(413, "too_many_values", `the payload holds more than ${MAX_VALUES} values`);
  }
  const payload = parse(text, parseJson);
  if (isObject(payload)) return payload;
  throw new Rejection(400, "not_an_object", "the payload is not a JSON object");
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function decodeUtf8(body: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch {
    throw new Rejection(400, "not_utf8", "the body is not UTF-8");
  }
}

function formPayload(text: string): string {
  const [payload, ...more] = new URLSearchParams(text).getAll("payload");
  if (payload !== undefined && more.length === 0) return payload;
  throw new Rejection(400, "invalid_form", 'the form must have one field named "payload"');
}

function parse(text: string, parseJson: (text: string) => unknown): unknown {
  try {
    return parseJson(text);
  } catch {
    throw new Rejection(400, "invalid_json", 'the payload is no JSON, or has a key such as "__proto__"');
  }
}

const [QUOTE, COMMA, BACKSLASH] = [34, 44, 92];
const [OPEN_BRACKET, CLOSE_BRACKET, OPEN_BRACE, CLOSE_BRACE] = [91, 93, 123, 125];

/** How deep JSON is nested and about how many values it holds, told before anything is built from it. */
function sizeOf(json: string): { readonly depth: number; readonly values: number } {
  let depth = 0;
  let deepest = 0;
  let values = 1;
  let isInString = false;
  for (let i = 0; i < json.length; i++) {
    const code = json.charCodeAt(i);
    if (isInString && code === BACKSLASH) i++;
    else if (code === QUOTE) isInString = !isInString;
    else if (isInString) continue;
    else if (code === COMMA) values++;
    else if (code === OPEN_BRACKET || code === OPEN_BRACE) {
      values++;
      deepest = Math.max(deepest, ++depth);
    } else if (code === CLOSE_BRACKET || code === CLOSE_BRACE) depth--;
  }
  return { depth: deepest, values };
}
