import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RecentIds } from "../../../src/delivery/queue/recent-ids.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => void vi.useRealTimers());

describe("RecentIds", () => {
  it("takes an id once", () => {
    const ids = new RecentIds(10, 1000);

    expect([ids.add("a"), ids.add("a"), ids.add("b")]).toEqual([true, false, true]);
  });

  it("forgets an id after its time, counted from when it was taken", () => {
    const ids = new RecentIds(10, 1000);
    ids.add("a");
    vi.advanceTimersByTime(999);
    const within = ids.add("a");
    vi.advanceTimersByTime(1);

    const after = ids.add("a");

    expect([within, after]).toEqual([false, true]);
  });

  it("forgets the oldest beyond its capacity, and never holds more", () => {
    const ids = new RecentIds(2, 1000);
    for (const id of ["a", "b", "c"]) ids.add(id);

    expect(ids.size).toBe(2);
    expect([ids.add("b"), ids.add("c"), ids.add("a")]).toEqual([false, false, true]);
  });

  it("takes an id anew that was given back, as the youngest", () => {
    const ids = new RecentIds(2, 1000);
    ids.add("a");
    ids.add("b");
    ids.delete("a");

    const again = ids.add("a");
    ids.add("c");

    expect(again).toBe(true);
    expect([ids.add("a"), ids.add("b")]).toEqual([false, true]);
  });

  it("forgets everything whose time is over at once, however much there is", () => {
    const ids = new RecentIds(100_000, 1000);
    for (let i = 0; i < 100_000; i++) ids.add(`id-${i}`);
    vi.advanceTimersByTime(1000);

    ids.add("new");

    expect(ids.size).toBe(1);
  });

  it("takes as long for an id when it is full as when it is not", () => {
    vi.useRealTimers();
    const ids = new RecentIds(50_000, 600_000);
    const secondsOf = (from: number, to: number): number => {
      const startedAt = performance.now();
      for (let i = from; i < to; i++) ids.add(`id-${i}`);
      return (performance.now() - startedAt) / 1000;
    };

    const filling = secondsOf(0, 50_000);
    const full = secondsOf(50_000, 100_000);

    expect(full).toBeLessThan(10 * filling + 0.5); // where each walks past what was deleted, it is a hundred times
  });
});
