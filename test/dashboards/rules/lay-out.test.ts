import { describe, expect, it } from "vitest";
import { GENERIC_MODEL } from "../../../dashboards/generator/model.ts";
import { layOut } from "../../../dashboards/generator/rules/lay-out.ts";
import { ruleGroups } from "../../../dashboards/generator/rules/rule-files.ts";

const LONG = "a_metric_with_a_long_name";

describe("layOut", () => {
  it("leaves a short expression on its line", () => {
    expect(layOut("a / b > 0 and c")).toBe("a / b > 0 and c");
  });

  it("breaks before the loosest operators, then inside of the parentheses of what is still too long", () => {
    const expression = `sum by (x) (${LONG} unless ${LONG} and ${LONG}_b and ${LONG}_c) > 0 and ${LONG} > 1 or ${LONG}`;

    const lines = layOut(expression).split("\n");

    expect(lines).toEqual([
      "sum by (x) (",
      `  ${LONG}`,
      `  unless ${LONG}`,
      `  and ${LONG}_b`,
      `  and ${LONG}_c`,
      ")",
      "> 0",
      `and ${LONG} > 1`,
      `or ${LONG}`,
    ]);
  });

  it("does not look into strings, escaped quotes included", () => {
    const expression = String.raw`${LONG}{event="a \" and b) or (c"} and ${LONG}{event=" or "} > 0.123456789012345`;

    const lines = layOut(expression).split("\n");

    expect(lines).toHaveLength(2);
    expect(lines[1]).toBe(`and ${LONG}{event=" or "} > 0.123456789012345`);
  });

  it("changes nothing but white space in any rule", () => {
    const expressions = ruleGroups(GENERIC_MODEL).flatMap(({ rules }) => rules.map(({ expr }) => expr));

    const differing = expressions.filter((each) => withoutSpace(layOut(each)) !== withoutSpace(each));

    expect(differing).toEqual([]);
  });
});

function withoutSpace(text: string): string {
  return text.replaceAll(/\s/g, "");
}
