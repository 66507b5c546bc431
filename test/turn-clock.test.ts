import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { TurnClock } from "../src/turn-clock.ts";

describe("TurnClock", () => {
  it("reads the system's clock", () => {
    const before = Date.now();

    const at = new TurnClock().now();

    expect(at).toBeGreaterThanOrEqual(before);
    expect(at).toBeLessThanOrEqual(Date.now());
  });

  it("never goes back within a burst, and is never ahead of the system's clock", () => {
    const clock = new TurnClock();

    const readings = Array.from({ length: 2_000 }, () => ({ at: clock.now(), system: Date.now() }));

    expect(readings.every(({ at }, index) => at >= (readings[index - 1]?.at ?? 0))).toBe(true);
    expect(readings.every(({ at, system }) => at <= system)).toBe(true);
  });

  it("shares no reading across turns of the event loop", async () => {
    const clock = new TurnClock();
    for (let i = 0; i < 2_000; i++) clock.now();
    const before = Date.now();
    while (Date.now() === before) await nextTurn();

    expect(clock.now()).toBeGreaterThan(before);
  });
});
