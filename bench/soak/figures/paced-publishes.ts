import { loadSpanbus } from "../../measure/built-package.ts";
import { publishPaced } from "../../measure/loop.ts";
import { silentLogger } from "../../measure/silent-logger.ts";
import { CountedTelemetry } from "../counted-telemetry.ts";
import { count, type Figure } from "../figure.ts";

const PER_MS = 10;

/** A steady load, two spans for each publish. */
export const pacedPublishes: Figure = {
  size: 5000,
  title: (ms) => `${count(PER_MS * 1000)} publishes a second for ${count(ms / 1000)} s`,
  measure: async (ms) => {
    const { EventBus } = await loadSpanbus();
    using telemetry = await CountedTelemetry.start();
    const bus = new EventBus({ source: "soak", logger: silentLogger });
    bus.subscribe("order.placed", () => undefined, { name: "billing" });

    const published = await publishPaced(() => bus.publish("order.placed"), PER_MS, ms);

    const { readings, exportedShare } = await telemetry.account(bus.stats());
    return [
      { what: "spans exported", measured: exportedShare * 100, unit: "%", limit: { atLeast: 99 } },
      { what: "publishes", measured: published, unit: "" },
      ...readings,
    ];
  },
};
