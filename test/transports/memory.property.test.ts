import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { testEvent } from "../../src/testing/test-event.ts";
import { MemoryBroker, MemoryTransport } from "../../src/transports/memory.ts";
import type { Settlement, TransportSubscription } from "../../src/transports/transport.ts";
import { eventually } from "./link/station.ts";

type Step =
  | { readonly kind: "publish"; readonly count: number }
  | { readonly kind: "open"; readonly group: number; readonly maxInFlight: number; readonly seed: number }
  | { readonly kind: "close" | "drain"; readonly which: number }
  | { readonly kind: "turn" };

const STEP: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("publish" as const), count: fc.integer({ min: 1, max: 4 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("open" as const),
      group: fc.integer({ min: 0, max: 1 }),
      maxInFlight: fc.integer({ min: 1, max: 3 }),
      seed: fc.integer({ min: 0, max: 99 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("close" as const, "drain" as const), which: fc.nat(9) }) },
  { weight: 3, arbitrary: fc.constant({ kind: "turn" as const }) },
);

const GROUPS = ["billing", "shipping"];

describe("what a memory transport took over", () => {
  it("is settled by each group, whatever its subscriptions do", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(STEP, { maxLength: 25 }), async (steps) => {
        const { taken, settled } = await play(steps);

        for (const group of GROUPS) expect(settled.get(group)).toEqual(new Set(taken));
      }),
      { numRuns: 150 },
    );
  });
});

/** Plays the steps, then gives each group a subscription that finishes everything. */
async function play(steps: readonly Step[]): Promise<{ taken: string[]; settled: Map<string, Set<string>> }> {
  const broker = new MemoryBroker({ capacity: 8 });
  await using transport = new MemoryTransport({ broker });
  const taken: string[] = [];
  const settled = new Map<string, Set<string>>(GROUPS.map((group) => [group, new Set()]));
  const open: TransportSubscription[] = [];
  const publishing: Promise<void>[] = [];
  const subscribe = async (group: string, maxInFlight: number, draw: () => number): Promise<void> => {
    const subscription = await transport.subscribe({
      pattern: "order.*",
      group,
      maxInFlight,
      onEnvelope: async ({ envelope, signal }): Promise<Settlement> => {
        const number = draw();
        for (let turn = 0; turn < number % 3; turn++) await new Promise((resolve) => setImmediate(resolve));
        if (number % 5 === 1) return { settle: "retry" };
        if (!signal.aborted) settled.get(group)?.add(envelope.id);
        return number % 5 === 2 ? { settle: "dead-letter", reason: "drawn" } : { settle: "ack" };
      },
    });
    open.push(subscription);
  };
  for (const group of GROUPS) await subscribe(group, 1, () => 0); // the groups exist from the start

  for (const step of steps) {
    if (step.kind === "turn") await new Promise((resolve) => setImmediate(resolve));
    else if (step.kind === "open") await subscribe(GROUPS[step.group]!, step.maxInFlight, drawing(step.seed));
    else if (step.kind === "publish") {
      const batch = Array.from({ length: step.count }, () => testEvent({ name: "order.placed" }).toJSON());
      const note = (): void => void taken.push(...batch.map(({ id }) => id));
      publishing.push(transport.publish(batch).then(note, () => undefined)); // a refusal is fine: nothing was taken
    } else void open[step.which % open.length]?.[step.kind]();
  }
  for (const group of GROUPS) await subscribe(group, 2, () => 0);
  await Promise.all(publishing);
  await eventually(() => GROUPS.every((group) => (settled.get(group)?.size ?? 0) >= taken.length), "the end");
  return { taken, settled };
}

function drawing(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 7 + 3) % 101;
    return state;
  };
}
