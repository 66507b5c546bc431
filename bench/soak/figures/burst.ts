import { loadSpanbus } from "../../measure/built-package.ts";
import { silentLogger } from "../../measure/silent-logger.ts";
import { CountedTelemetry } from "../counted-telemetry.ts";
import { count, type Figure } from "../figure.ts";
import { idleLateness, TimerLateness } from "../timer-lateness.ts";

/** Publishes in one turn, more than the queue for export holds; timers count from when the caller lets go of the turn. */
export const burst: Figure = {
  size: 10_000,
  title: (size) => `a synchronous burst of ${count(size)} publishes`,
  measure: async (size) => {
    const { EventBus } = await loadSpanbus();
    using telemetry = await CountedTelemetry.start();
    const bus = new EventBus({ source: "soak", logger: silentLogger });
    bus.subscribe("order.placed", () => undefined, { name: "billing" });
    const idle = await idleLateness();

    const startedAt = performance.now();
    const results: Promise<unknown>[] = [];
    for (let i = 0; i < size; i++) results.push(bus.publish("order.placed", i));
    const burstMs = performance.now() - startedAt;
    using timers = new TimerLateness();
    await Promise.all(results);
    const { readings } = await telemetry.account(bus.stats());

    return [
      { what: "the caller's own turn", measured: burstMs, unit: "ms" },
      ...timers.readings("once it is over"),
      idle,
      ...readings,
      ...telemetry.warning(),
    ];
  },
};
