import { describe, expect, it } from "vitest";
import { keepBuiltPackage } from "../../bench/measure/built-package.ts";
import { isBroken, isWithin } from "../../bench/soak/figure.ts";
import type { FigureName } from "../../bench/soak/figures.ts";
import { runFigure } from "../../bench/soak/run-figure.ts";

const FIGURE_TIMEOUT_MS = 120_000;

/** The figures of `npm run soak` whose limits do not depend on the machine, each asked for a small part of its size. */
const FIGURES: readonly (readonly [name: FigureName, size: number])[] = [
  ["awaited-storm", 1000], // milliseconds
  ["burst", 10_000],
  ["timeouts", 50_000],
  ["subscriptions", 50_000],
  ["hostile-names", 40_000],
  ["lane", 50_000],
  ["deduplicated-ids", 50_000],
  ["scheduled-events", 50_000],
  ["dead-letters", 10_000],
];

describe("what must stay fair and flat, of the built package", () => {
  it.each(FIGURES)(
    "%s",
    async (name, size) => {
      const readings = await runFigure(name, size, keepBuiltPackage());

      expect(readings.filter((reading) => reading.limit !== undefined && reading.isTiming !== true)).not.toEqual([]);
      expect(readings.filter(isBroken)).toEqual([]);
    },
    FIGURE_TIMEOUT_MS,
  );
});

describe("a limit", () => {
  const reading = { what: "anything", unit: "" };

  it.each([
    [{ atMost: 5 }, [4, 5], [6, Number.NaN]],
    [{ atLeast: 5 }, [5, 6], [4, Number.NaN]],
    [{ exactly: 5 }, [5], [4, 6, Number.NaN]],
  ])("%j is kept, or broken", (limit, kept, broken) => {
    const answers = [...kept, ...broken].map((measured) => isWithin({ ...reading, measured, limit }));

    expect(answers).toEqual([...kept.map(() => true), ...broken.map(() => false)]);
  });

  it("is broken by no timing, nor by a reading that has none", () => {
    const late = { ...reading, measured: 6, limit: { atMost: 5 } };

    const answers = [isBroken(late), isBroken({ ...late, isTiming: true }), isBroken({ ...reading, measured: 6 })];

    expect(answers).toEqual([true, false, false]);
  });
});
