import { describe, expect, it } from "vitest";
import { bytesPerPublish } from "../../bench/bytes.ts";

const SAMPLING_TIMEOUT_MS = 60_000;

/**
 * What a publish may allocate: what it did when the budget was set, and 5 % on top (counts do not depend on the machine,
 * other versions of Node differ a little). A change that saves bytes lowers its budget: `node bench/bytes.ts <scenario>`.
 */
const BUDGETS: readonly Budget[] = [
  { scenario: "silent/sync/exact/1", contestant: "spanbus", bytes: 795 },
  { scenario: "silent/sync/exact/1", contestant: "spanbus ambient:false", bytes: 365 },
  { scenario: "silent/sync/exact/5", contestant: "spanbus", bytes: 795 },
  { scenario: "silent/async/exact/5", contestant: "spanbus", bytes: 6_250 },
  { scenario: "unsampled/sync/exact/5", contestant: "spanbus", bytes: 4_740 },
  { scenario: "batch/sync/exact/5", contestant: "spanbus", bytes: 19_370 },
];

interface Budget {
  readonly scenario: string;
  readonly contestant: string;
  readonly bytes: number;
}

describe("a publish of the built package", () => {
  it.each(BUDGETS)(
    "allocates no more than $bytes bytes: $scenario, $contestant",
    async ({ scenario, contestant, bytes }) => {
      const measured = await bytesPerPublish(scenario, contestant);

      expect(measured).toBeGreaterThan(0);
      expect(measured).toBeLessThanOrEqual(bytes);
    },
    SAMPLING_TIMEOUT_MS,
  );
});
