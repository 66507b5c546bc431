import { describe, expect, it } from "vitest";
import { compile } from "../support/compile.ts";

const COMPILER_TIMEOUT_MS = 60_000;

/** What the compiler may instantiate for one more event: it did 1,493 when this was set, on TypeScript 7.0.2. */
const INSTANTIATIONS_PER_EVENT = 1_600;

describe("a catalog of zod schemas, and a bus over it", () => {
  it(
    "costs the compiler little for each event",
    async () => {
      const [few, many] = await Promise.all([instantiations(20), instantiations(120)]);

      expect((many - few) / 100).toBeGreaterThan(0);
      expect((many - few) / 100).toBeLessThan(INSTANTIATIONS_PER_EVENT);
    },
    COMPILER_TIMEOUT_MS,
  );
});

/** As the compiler counts them for a program with a catalog of so many events: the same at each run. */
async function instantiations(events: number): Promise<number> {
  const { exitCode, stdout } = await compile({ "shop.ts": shop(events) }, ["--extendedDiagnostics"]);
  if (exitCode !== 0) throw new Error(stdout);
  return Number(/^Instantiations:\s+(\d+)$/m.exec(stdout)?.[1]);
}

function shop(events: number): string {
  const entries = Array.from({ length: events }, (_, i) => {
    const schema = `z.object({ id${i}: z.string(), total: z.number() })`;
    const attributes = `{ "thing.id": (data) => data.id${i} }`;
    return `"area${i % 10}.thing${i}.done": { schema: ${schema}, attributes: ${attributes}, sensitive: ["id${i}"] },`;
  });
  return `
    import { defineEvents, EventBus } from "spanbus";
    import { z } from "zod";
    export const events = defineEvents({ ${entries.join("\n")} });
    const bus = new EventBus({ source: "shop", events });
    bus.subscribe("area1.*.done", (event) => event.data.total);
    bus.subscribe("area2.thing2.done", (event) => event.data.id2, { orderBy: (event) => event.data.id2 });
    await bus.publish("area1.thing1.done", { id1: "t-1", total: 12 });
  `;
}
