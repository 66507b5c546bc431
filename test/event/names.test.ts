import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isEventName, isToken, nameProblem } from "../../src/event/names.ts";

const VALID = [
  "a",
  "order.placed",
  "A-Z_0-9.x",
  "__proto__",
  "constructor.prototype",
  "a".repeat(64),
  Array(32).fill("a").join("."),
  [..."abc"].map((letter) => letter.repeat(64)).join("."),
  `${[..."abc"].map((letter) => letter.repeat(64)).join(".")}.${"d".repeat(60)}`, // 255 characters
];

const INVALID: readonly (readonly [name: unknown, problem: RegExp])[] = [
  ["", /empty/],
  [".", /empty token/],
  ["a.", /empty token/],
  [".a", /empty token/],
  ["a..b", /empty token/],
  ["a b", /characters other than/],
  ["a*", /characters other than/],
  ["*", /characters other than/],
  ["**", /characters other than/],
  ["a.{id}", /characters other than/],
  ["é", /characters other than/],
  ["a\n", /characters other than/],
  ["a\u0000", /characters other than/],
  ["a/b", /characters other than/],
  ["a".repeat(65), /64 are allowed/],
  [Array(33).fill("a").join("."), /33 tokens/],
  [`${[..."abc"].map((letter) => letter.repeat(64)).join(".")}.${"d".repeat(61)}`, /256 characters/],
  [undefined, /not a string/],
  [null, /not a string/],
  [7, /not a string/],
  [Object("a"), /not a string/],
  [["a"], /not a string/],
];

describe("isEventName", () => {
  it.each(VALID)("accepts %s", (name) => {
    expect(isEventName(name)).toBe(true);
    expect(nameProblem(name)).toBeUndefined();
  });

  it.each(INVALID)("refuses %j", (name) => {
    expect(isEventName(name)).toBe(false);
  });

  it("blames the token, where number and length of tokens are just allowed", () => {
    const longest = "x".repeat(63);

    expect(nameProblem(`${"a.".repeat(31)}é`)).toContain('the token "é" has characters other than');
    expect(nameProblem(`${longest}é`)).toContain("has characters other than");
  });

  it("agrees with the words of the rule on any text", () => {
    const alphabet = fc.constantFrom(..."abcXYZ019_-", ".", ".", "*", "{", " ", "é", "\n");
    const text = fc.oneof(
      fc.string({ unit: alphabet, maxLength: 300 }),
      fc.string(),
      fc.array(fc.constantFrom("a", "b".repeat(64), "c".repeat(65)), { maxLength: 40 }).map((all) => all.join(".")),
    );
    const byTheWords = (name: string): boolean => {
      const tokens = name.split(".");
      const isLegal = tokens.every((token) => /^[A-Za-z0-9_-]{1,64}$/.test(token) && !token.endsWith("\n"));
      return isLegal && tokens.length <= 32 && name.length <= 255;
    };

    fc.assert(
      fc.property(text, (name) => {
        expect(isEventName(name)).toBe(byTheWords(name));
        expect(nameProblem(name) === undefined).toBe(byTheWords(name));
      }),
      { numRuns: 5000 },
    );
  });

  it("takes no longer over a hostile name than over a good one", () => {
    expect(isEventName(".".repeat(10_000_000))).toBe(false);
    expect(isEventName("a".repeat(10_000_000))).toBe(false);
  });
});

describe("nameProblem", () => {
  it.each(INVALID)("says of %j what is wrong", (name, problem) => {
    expect(nameProblem(name)).toMatch(problem);
  });

  it("stays short for a name of any length", () => {
    expect(nameProblem("x".repeat(1_000_000))?.length).toBeLessThan(200);
    expect(nameProblem(`${"é".repeat(200)}`)?.length).toBeLessThan(250);
  });
});

describe("isToken", () => {
  it.each([
    ["a", true],
    ["-", true],
    ["a".repeat(64), true],
    ["", false],
    ["a.b", false],
    ["*", false],
    ["a".repeat(65), false],
  ])("says of %s: %s", (token, expected) => {
    expect(isToken(token)).toBe(expected);
  });
});
