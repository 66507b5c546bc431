import { loadSpanbus } from "../../measure/built-package.ts";
import { silentLogger } from "../../measure/silent-logger.ts";
import { CountedTelemetry } from "../counted-telemetry.ts";
import { count, type Figure } from "../figure.ts";
import { idleLateness, TimerLateness } from "../timer-lateness.ts";

/** A loop that does nothing but `await bus.publish()`, sampled, exported. */
export const awaitedStorm: Figure = {
  size: 5000,
  title: (ms) => `an \`await publish\` storm of ${count(ms / 1000)} s`,
  measure: async (ms) => {
    const { EventBus } = await loadSpanbus();
    using telemetry = await CountedTelemetry.start();
    const bus = new EventBus({ source: "soak", logger: silentLogger });
    bus.subscribe("order.placed", () => undefined, { name: "billing" });
    const idle = await idleLateness();
    using timers = new TimerLateness();

    let published = 0;
    const end = performance.now() + ms;
    for (; performance.now() < end; published++) await bus.publish("order.placed", published);

    const lateness = timers.readings("while it lasts");
    const { readings } = await telemetry.account(bus.stats());
    return [
      ...lateness,
      idle,
      { what: "publishes", measured: published, unit: "" },
      ...readings,
      ...telemetry.warning(),
    ];
  },
};
