import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { isBroken } from "../../bench/soak/figure.ts";
import { leftBehind } from "../../bench/soak/heap.ts";

setFlagsFromString("--expose-gc");
globalThis.gc ??= runInNewContext("gc") as NonNullable<typeof globalThis.gc>;

// counting objects is experimental, says Node
beforeAll(() => void vi.spyOn(process, "emitWarning").mockImplementation(() => undefined));
afterAll(() => void vi.restoreAllMocks());

describe("what is left behind", () => {
  it("is told of objects that somebody keeps, a hundred bytes for each event", async () => {
    const kept: unknown[] = [];
    const leak = async (events: number) => {
      for (let i = 0; i < events; i++) kept.push({ i, error: { at: i } });
    };

    const readings = await leftBehind(leak, 50_000);

    expect(kept).toHaveLength(75_000);
    expect(readings.filter(isBroken).map(({ what }) => what)).toContain("heap growth after GC");
  });

  it("is told of timers that were cleared, where somebody keeps them", async () => {
    const kept: NodeJS.Timeout[] = [];
    const leak = async () => {
      for (let i = 0; i < 100; i++) kept.push(setTimeout(() => undefined, 60_000));
      for (const timer of kept) clearTimeout(timer);
    };

    const readings = await leftBehind(leak, 100);

    expect(kept).toHaveLength(200);
    expect(readings.filter(isBroken).map(({ what }) => what)).toContain("timers left");
  });
});
