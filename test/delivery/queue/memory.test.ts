import { describe, expect, it } from "vitest";
import type { BusEvent } from "../../../src/index.ts";
import { collectGarbage } from "../../support/collect-garbage.ts";
import { heldHandler } from "../../support/held-handler.ts";
import { createBus } from "../../support/test-bus.ts";

const MILLION = 1_000_000;

describe("the memory of a lane", () => {
  it.each([
    ["plain", {}],
    ["ordered", { orderBy: () => "key" }],
  ] as const)("that drops the oldest for ever is no more than its queue (%s)", async (_, options) => {
    const { bus } = createBus();
    const handler = heldHandler();
    const queue = { capacity: 2, policy: "drop-oldest" } as const;
    bus.subscribe("a", handler, { name: "lane", concurrency: 1, queue, ...options });
    const refs: WeakRef<object>[] = [];
    for (let n = 0; n < 500; n++) {
      const data = { n };
      refs.push(new WeakRef(data));
      void bus.publish("a", data);
    }

    await collectGarbage();

    expect(bus.stats()).toMatchObject({ queued: 2, running: 1, dropped: 497 });
    expect(refs.filter((ref) => ref.deref() !== undefined).length).toBeLessThan(100);
    await bus.close();
  });

  it("is what it was before, after a million deliveries through slots, keys and remembered ids", async () => {
    const { bus } = createBus();
    const keyed = { orderBy: ({ data }: BusEvent) => data, deduplicate: true };
    bus.subscribe("a", () => undefined, { name: "lane", concurrency: 2, ...keyed });
    const round = async (count: number): Promise<number> => {
      for (let n = 0; n < count; n += 500) {
        await Promise.all(Array.from({ length: 500 }, (_unused, i) => bus.publish("a", (n + i) % 1000)));
      }
      await collectGarbage();
      return process.memoryUsage().heapUsed;
    };
    const before = await round(MILLION / 20);

    const after = await round(MILLION);

    expect(after - before).toBeLessThan(2_000_000);
    expect(bus.stats()).toMatchObject({ queued: 0, running: 0, handled: MILLION + MILLION / 20 });
  }, 120_000);
});
