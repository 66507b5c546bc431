import type { Parameters } from "fast-check";

/** How many cases of a property are tried: in `npm test`, and as a share of what the nightly command is asked for. */
interface Budget {
  readonly usual: number;
  readonly nightlyShare: number;
}

/** The properties, by the name their budget goes under. */
type PropertyName =
  | "any program"
  | "any history"
  | "any history, traced"
  | "any schedule"
  | "any queue"
  | "any data"
  | "any arguments"
  | "anything thrown"
  | "any name"
  | "any pattern"
  | "any headers"
  | "any text";

/** Every property that the nightly command tries harder; the shares add up to 1. */
export const BUDGETS: Readonly<Record<PropertyName, Budget>> = {
  "any program": { usual: 2500, nightlyShare: 0.2 },
  "any history": { usual: 1200, nightlyShare: 0.15 },
  "any history, traced": { usual: 150, nightlyShare: 0.05 },
  "any schedule": { usual: 300, nightlyShare: 0.1 },
  "any queue": { usual: 3000, nightlyShare: 0.1 },
  "any data": { usual: 500, nightlyShare: 0.05 },
  "any arguments": { usual: 500, nightlyShare: 0.05 },
  "anything thrown": { usual: 500, nightlyShare: 0.1 },
  "any name": { usual: 2000, nightlyShare: 0.05 },
  "any pattern": { usual: 1000, nightlyShare: 0.05 },
  "any headers": { usual: 500, nightlyShare: 0.05 },
  "any text": { usual: 150, nightlyShare: 0.05 },
};

/** Cases in all, and the seed and path of a run to repeat; `scripts/nightly.ts` sets them. */
const { SPANBUS_CASES, SPANBUS_SEED, SPANBUS_PATH } = process.env;

/** Long enough for the cases of this run, not for a promise that never settles. */
export const CASES_TIMEOUT_MS: number = SPANBUS_CASES === undefined ? 60_000 : 5_000 + Number(SPANBUS_CASES) * 20;

/** What `fc.assert` takes: its failures print the seed and the path that repeat them. */
export function cases(property: PropertyName): Parameters<unknown> {
  const { usual, nightlyShare } = BUDGETS[property];
  return {
    numRuns: SPANBUS_CASES === undefined ? usual : Math.max(1, Math.round(Number(SPANBUS_CASES) * nightlyShare)),
    ...(SPANBUS_SEED === undefined ? {} : { seed: Number(SPANBUS_SEED) }),
    ...(SPANBUS_PATH === undefined ? {} : { path: SPANBUS_PATH }),
  };
}
