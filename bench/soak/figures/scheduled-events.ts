import { loadSpanbus } from "../../measure/built-package.ts";
import { silentLogger } from "../../measure/silent-logger.ts";
import { count, type Figure } from "../figure.ts";
import { leftBehind } from "../heap.ts";

/** As many as may wait at once. */
const AT_ONCE = 10_000;

/** Events that wait for their time. */
export const scheduledEvents: Figure = {
  size: 1_000_000,
  title: (size) => `${count(size)} scheduled events, up to ${count(AT_ONCE)} waiting at once`,
  measure: async (size) => {
    const { EventBus } = await loadSpanbus();
    const bus = new EventBus({ source: "soak", logger: silentLogger });
    bus.subscribe("order.placed", () => undefined, { name: "billing" });

    let published = 0;
    const readings = await leftBehind(async (more) => {
      const end = published + more;
      while (published < end) {
        const batch = Math.min(AT_ONCE, end - published);
        await Promise.all(
          Array.from({ length: batch }, () => bus.publish("order.placed", published++, { delayMs: 1 })),
        );
      }
    }, size);

    const { handled, scheduled } = bus.stats();
    return [
      ...readings,
      { what: "handled", measured: handled, unit: "", limit: { exactly: published } },
      { what: "still scheduled", measured: scheduled, unit: "", limit: { exactly: 0 } },
    ];
  },
};
