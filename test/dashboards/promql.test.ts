import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyOf, equal, escapeRegex, matches, quote, select, shareOf } from "../../dashboards/generator/promql.ts";
import { readExpression } from "./expression.ts";

const HOSTILE = [
  'a"b',
  "a\\b",
  "a\nb",
  "action.{name}.start",
  "a|b",
  "(a",
  "a*",
  "[[x]]",
  "$x",
  "é☃",
  '"} or vector(1) #',
];

describe("a selector", () => {
  it.each(HOSTILE)("takes the value %j literally", (value) => {
    const text = select("metric", [equal("label", value), anyOf("other", [value, "b"])]);

    expect(readExpression(text)).toEqual({
      errors: [],
      selectors: [{ metric: "metric", labels: ["label", "other"] }],
      grouping: [],
    });
  });

  it("is one selector whatever the value is, and the value is in it whole", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (value) => {
        const { errors, selectors } = readExpression(select("metric", [equal("label", value)]));

        expect(errors).toEqual([]);
        expect(selectors).toEqual([{ metric: "metric", labels: ["label"] }]);
        expect(JSON.parse(quote(value))).toBe(value); // PromQL's escapes in strings are a superset of JSON's
      }),
    );
  });

  it("takes a regular expression as it is", () => {
    expect(select("metric", [matches("label", "a|b.+")])).toBe('metric{label=~"a|b.+"}');
  });
});

describe("escapeRegex", () => {
  it("matches its text and nothing else", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (text, other) => {
        const regex = new RegExp(`^(?:${escapeRegex(text)})$`);

        expect(regex.test(text)).toBe(true);
        expect(regex.test(other)).toBe(other === text);
      }),
    );
  });
});

describe("a share", () => {
  it("parses as one quotient", () => {
    const text = shareOf("sum by (a) (b)", "sum by (a) (c)");

    expect(text).toBe("(sum by (a) (b) or 0 * sum by (a) (c)) / (sum by (a) (c) > 0)");
    expect(readExpression(text).errors).toEqual([]);
  });
});
