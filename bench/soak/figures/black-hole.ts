import { setTimeout as sleep } from "node:timers/promises";
import { loadInstrumentation, loadSpanbus } from "../../measure/built-package.ts";
import { silentLogger } from "../../measure/silent-logger.ts";
import { startSink } from "../../measure/sink-client.ts";
import { count, type Figure } from "../figure.ts";

const ROUNDS = 6;
const PER_MS = 2;
const WARM_UP_MS = 500;

/** How long a publish takes while the collector takes everything and answers nothing, and while it is well, in turns. */
export const blackHole: Figure = {
  size: 4000,
  title: (ms) => `a collector that is a black hole, ${ROUNDS} rounds of ${count(ms / 1000)} s beside a healthy one`,
  measure: async (ms) => {
    using healthy = await startSink();
    using hole = await startSink("black hole");
    await p99Ms(healthy.endpoint, ms); // code that is not optimised yet would count against the first

    const rounds: { readonly healthy: number; readonly hole: number }[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const first = await p99Ms(round % 2 === 0 ? healthy.endpoint : hole.endpoint, ms);
      const second = await p99Ms(round % 2 === 0 ? hole.endpoint : healthy.endpoint, ms);
      rounds.push(round % 2 === 0 ? { healthy: first, hole: second } : { healthy: second, hole: first });
    }

    const ratio = median(rounds.map((each) => each.hole / each.healthy));
    return [
      { what: "p99 of publish, per healthy p99", measured: ratio, unit: "×", limit: { atMost: 1.1 }, isTiming: true },
      { what: "p99, healthy", measured: median(rounds.map((each) => each.healthy)) * 1000, unit: "µs" },
      { what: "p99, black hole", measured: median(rounds.map((each) => each.hole)) * 1000, unit: "µs" },
    ];
  },
};

async function p99Ms(endpoint: string, ms: number): Promise<number> {
  const { EventBus } = await loadSpanbus();
  const { startTelemetry } = await loadInstrumentation();
  const telemetry = startTelemetry({ serviceName: "soak", endpoint, logger: silentLogger });
  const bus = new EventBus({ source: "soak", logger: silentLogger });
  bus.subscribe("order.placed", () => undefined, { name: "billing" });
  await publishTimed(() => bus.publish("order.placed"), WARM_UP_MS);
  const durations = await publishTimed(() => bus.publish("order.placed"), ms);
  await telemetry.shutdown({ deadlineMs: 100 });
  await bus.close();
  return durations.sort((a, b) => a - b)[Math.floor(durations.length * 0.99)] ?? Number.NaN;
}

/** Publishes at a steady rate; how long each took. */
async function publishTimed(publish: () => Promise<unknown>, windowMs: number): Promise<number[]> {
  const durations: number[] = [];
  const start = performance.now();
  for (let elapsed = 0; elapsed < windowMs; elapsed = performance.now() - start) {
    while (durations.length < Math.floor(elapsed * PER_MS)) {
      const begunAt = performance.now();
      await publish();
      durations.push(performance.now() - begunAt);
    }
    await sleep(1);
  }
  return durations;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle) - 1] ?? 0)) / 2;
}
