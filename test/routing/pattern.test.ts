import { describe, expect, it } from "vitest";
import { BusError } from "../../src/errors.ts";
import { matchesPattern, overlapsTemplate, parsePattern, templateProblem } from "../../src/routing/pattern.ts";

function refusalOf(text: unknown): unknown {
  try {
    return parsePattern(text);
  } catch (error) {
    return error;
  }
}

function matches(pattern: string, name: string): boolean {
  return matchesPattern(parsePattern(pattern), name);
}

describe("parsePattern", () => {
  it("takes a name for a pattern that matches itself only", () => {
    const pattern = parsePattern("order.placed");

    expect(pattern).toEqual({
      text: "order.placed",
      tokens: ["order", "placed"],
      canonical: "order.placed",
      isExact: true,
    });
  });

  it.each([
    ["order.*", ["order", "*"]],
    ["*.placed", ["*", "placed"]],
    ["order.**", ["order", "**"]],
    ["*.*.**", ["*", "*", "**"]],
    ["__proto__.*", ["__proto__", "*"]],
  ])("cuts %s into tokens", (text, tokens) => {
    const pattern = parsePattern(text);

    expect(pattern.tokens).toEqual(tokens);
    expect(pattern.isExact).toBe(false);
  });

  it("reads the bare * as every event, like **", () => {
    const everything = parsePattern("*");

    expect(everything.canonical).toBe(parsePattern("**").canonical);
    expect(everything.text).toBe("*");
  });

  it("reads a template's parameters as *", () => {
    const template = parsePattern("report.{report_Name2}.ready");

    expect(template.canonical).toBe(parsePattern("report.*.ready").canonical);
    expect(template.text).toBe("report.{report_Name2}.ready");
    expect(template.isExact).toBe(false);
  });

  it("reads a template of one parameter as one token, not as every event", () => {
    const template = parsePattern("{any}");

    expect(matchesPattern(template, "ping")).toBe(true);
    expect(matchesPattern(template, "order.placed")).toBe(false);
  });

  it.each([
    [undefined, "undefined is not a string"],
    [Object("order.*"), "an object is not a string"],
    ["", "the name is empty"],
    [".", "it has an empty token"],
    ["order.", "it has an empty token"],
    ["order..*", "it has an empty token"],
    ["order.**.placed", '"**" may only be the last token'],
    ["**.placed", '"**" may only be the last token'],
    ["**.**", '"**" may only be the last token'],
    ["order.***", 'the token "***" has characters other than'],
    ["or*", 'the token "or*" has characters other than'],
    ["order placed", 'the token "order placed" has characters other than'],
    ["report.{}.ready", 'the token "{}" has characters other than'],
    ["report.{2nd}.ready", 'the token "{2nd}" has characters other than'],
    ["report.{0th}.ready", 'the token "{0th}" has characters other than'],
    ["report.{9th}.ready", 'the token "{9th}" has characters other than'],
    ["report.{name.ready", 'the token "{name" has characters other than'],
    ["report.name}.ready", 'the token "name}" has characters other than'],
    ["report.{a-b}.ready", 'the token "{a-b}" has characters other than'],
    ["report.{a.b}.ready", 'the token "{a" has characters other than'],
    ["report.x{a}.ready", 'the token "x{a}" has characters other than'],
    ["report.{a}{b}.ready", 'the token "{a}{b}" has characters other than'],
    ["order.plаced", 'the token "plаced" has characters other than'], // the second a is Cyrillic
    [`${"x".repeat(65)}.*`, "has 65 characters, 64 are allowed"],
    [`{${"x".repeat(63)}}.*`, "has 65 characters, 64 are allowed"],
    [`${"a.".repeat(32)}*`, "it has 33 tokens, 32 are allowed"],
    [`${"abcdefg.".repeat(31)}abcdefgh`, "it has 256 characters, 255 are allowed"],
    ["*".repeat(100_000), "it has 100000 characters, 255 are allowed"],
  ])("refuses %j", (text, problem) => {
    const refusal = refusalOf(text);

    expect(refusal).toBeInstanceOf(BusError);
    expect(refusal).toMatchObject({ code: "INVALID_PATTERN", message: expect.stringContaining(problem) });
  });

  it("names the pattern, what is wrong and the remedy when it refuses", () => {
    const refusal = refusalOf("order.**.placed");

    expect(refusal).toMatchObject({
      message:
        'cannot use the pattern "order.**.placed": "**" may only be the last token; ' +
        'write a name, "order.*" (one token), "order.**" (one or more) or "*" (every event)',
    });
  });

  it.each([`${"a.".repeat(31)}*`, `${"a.".repeat(31)}**`, `{${"x".repeat(62)}}`, `${"abcdefg.".repeat(31)}abcdefg`])(
    "accepts %s, which is at a limit",
    (text) => {
      const pattern = parsePattern(text);

      expect(pattern.text).toBe(text);
    },
  );
});

describe("matchesPattern", () => {
  it.each([
    ["order.placed", "order.placed"],
    ["order.*", "order.placed"],
    ["*.placed", "order.placed"],
    ["*.*", "order.placed"],
    ["order.**", "order.placed"],
    ["order.**", "order.item.added"],
    ["order.*.**", "order.item.added"],
    ["**", "order"],
    ["**", "order.item.added"],
    ["*", "order"],
    ["*", "order.item.added"],
    ["report.{name}.ready", "report.weekly.ready"],
  ])("%s matches %s", (pattern, name) => {
    const matched = matches(pattern, name);

    expect(matched).toBe(true);
  });

  it.each([
    ["order.placed", "order.paid"],
    ["order.placed", "order"],
    ["order.placed", "order.placed.twice"],
    ["order.*", "order"],
    ["order.*", "order.item.added"],
    ["order.*", "orders.placed"],
    ["order.**", "order"],
    ["order.*.**", "order.placed"],
    ["*.*", "order"],
    ["*.placed", "order.paid"],
    ["report.{name}.ready", "report.ready"],
  ])("%s does not match %s", (pattern, name) => {
    const matched = matches(pattern, name);

    expect(matched).toBe(false);
  });
});

describe("overlapsTemplate", () => {
  it.each([
    ["report.*.ready", "report.{name}.ready", true],
    ["report.weekly.*", "report.{name}.ready", true],
    ["*.weekly.*", "report.{name}.ready", true],
    ["report.**", "report.{name}.ready", true],
    ["*", "report.{name}.ready", true],
    ["report.*", "report.{name}.ready", false],
    ["report.*.failed", "report.{name}.ready", false],
    ["report.*.ready.**", "report.{name}.ready", false],
  ])("of %s and %s is %s", (pattern, template, expected) => {
    const overlaps = overlapsTemplate(parsePattern(pattern), parsePattern(template));

    expect(overlaps).toBe(expected);
  });
});

describe("templateProblem", () => {
  it.each(["order", "order.placed", "report.{name}.ready", "{tenant}.{_user}"])("finds none in %s", (text) => {
    const problem = templateProblem(text);

    expect(problem).toBeUndefined();
  });

  it.each(["", "order.*", "**", "report.{}.ready", "a..b", `{${"x".repeat(63)}}`, `${"{a}.".repeat(64)}b`])(
    "finds one in %j",
    (text) => {
      const problem = templateProblem(text);

      expect(problem).toEqual(expect.any(String));
    },
  );
});
