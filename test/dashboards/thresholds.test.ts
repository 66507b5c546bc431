import { describe, expect, it } from "vitest";
import { type Limits, thresholdsOf } from "../../dashboards/generator/grafana/panel.ts";

describe("thresholds", () => {
  it.each<[string, Limits | undefined, (readonly [number | null, string])[]]>([
    ["without limits are always green", undefined, [[null, "green"]]],
    [
      "turn orange, then red",
      { warning: 1, critical: 2 },
      [
        [null, "green"],
        [1, "orange"],
        [2, "red"],
      ],
    ],
    [
      "turn red at once, where nothing is a mere warning",
      { critical: 2 },
      [
        [null, "green"],
        [2, "red"],
      ],
    ],
    [
      "turn orange only, where nothing is bad",
      { warning: 1 },
      [
        [null, "green"],
        [1, "orange"],
      ],
    ],
    [
      "turn red below a low limit, and orange below a warning",
      { warning: 0.9, critical: 0.5, isLowBad: true },
      [
        [null, "red"],
        [0.5, "orange"],
        [0.9, "green"],
      ],
    ],
    [
      "turn red below the only low limit",
      { critical: 1, isLowBad: true },
      [
        [null, "red"],
        [1, "green"],
      ],
    ],
    [
      "turn orange below the only low warning",
      { warning: 1, isLowBad: true },
      [
        [null, "orange"],
        [1, "green"],
      ],
    ],
  ])("%s", (_what, limits, expected) => {
    const steps = thresholdsOf(limits).steps.map(({ value, color }) => [value, color]);

    expect(steps).toEqual(expected);
  });
});
