import { describe, expect, it } from "vitest";
import { BUDGETS } from "./cases.ts";

describe("the nightly cases", () => {
  it("are all given to some property", () => {
    const shares = Object.values(BUDGETS).map(({ nightlyShare }) => nightlyShare);

    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
  });
});
