import { describe, expect, it } from "vitest";
import { type Backoff, backoffMs } from "../../src/delivery/backoff.ts";

const BACKOFF: Backoff = { initialMs: 100, factor: 2, maxMs: 1000, jitter: "none" };

function unused(): never {
  throw new Error("random was not to be called");
}

describe("backoffMs", () => {
  it("grows by the factor and stays at the maximum", () => {
    const delays = [1, 2, 3, 4, 5, 6].map((attempt) => backoffMs(BACKOFF, attempt, unused));

    expect(delays).toEqual([100, 200, 400, 800, 1000, 1000]);
  });

  it("stays constant with a factor of 1", () => {
    const delays = [1, 2, 9].map((attempt) => backoffMs({ ...BACKOFF, factor: 1 }, attempt, unused));

    expect(delays).toEqual([100, 100, 100]);
  });

  it("never begins above the maximum", () => {
    expect(backoffMs({ ...BACKOFF, initialMs: 5000 }, 1, unused)).toBe(1000);
  });

  it.each([
    [0, 0],
    [0.25, 100],
    [0.999, 399.6],
  ])("waits the random share %s of the time with full jitter", (share, expected) => {
    expect(backoffMs({ ...BACKOFF, jitter: "full" }, 3, () => share)).toBeCloseTo(expected, 9);
  });

  it("stays at the maximum where the power overflows", () => {
    expect(backoffMs(BACKOFF, 1_000_000, unused)).toBe(1000);
  });

  it("stays 0 where it begins at 0, also where the power overflows", () => {
    expect([1, 2, 5000].map((attempt) => backoffMs({ ...BACKOFF, initialMs: 0 }, attempt, unused))).toEqual([0, 0, 0]);
  });
});
