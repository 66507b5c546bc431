import { describe, expect, it } from "vitest";
import { promqlDuration, scaled, secondsOf } from "../../../dashboards/generator/rules/durations.ts";

describe("scaled", () => {
  it("leaves a duration as it is at scale 1", () => {
    expect(scaled("1h", 1)).toBe("1h");
  });

  it("turns minutes into seconds, and seconds into milliseconds", () => {
    expect(scaled("5m", 1 / 60)).toBe("5s");
    expect(scaled("1h", 1 / 60)).toBe("1m");
    expect(scaled("2m", 1 / 600)).toBe("200ms");
  });
});

describe("promqlDuration", () => {
  it("takes the largest unit that stays whole, and at least a millisecond", () => {
    expect(promqlDuration(172_800)).toBe("2d");
    expect(promqlDuration(900)).toBe("15m");
    expect(promqlDuration(90)).toBe("90s");
    expect(promqlDuration(0)).toBe("1ms");
  });
});

describe("secondsOf", () => {
  it("reads seconds, minutes, hours and days", () => {
    expect((["30s", "5m", "6h", "3d"] as const).map(secondsOf)).toEqual([30, 300, 21_600, 259_200]);
  });
});
