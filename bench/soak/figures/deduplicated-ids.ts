import { loadSpanbus } from "../../measure/built-package.ts";
import { silentLogger } from "../../measure/silent-logger.ts";
import { count, type Figure } from "../figure.ts";
import { leftBehind } from "../heap.ts";

/** Each event comes twice, under one id; the ids remembered are bounded. */
export const deduplicatedIds: Figure = {
  size: 1_000_000,
  title: (size) => `${count(size)} ids, each published twice to a subscription that de-duplicates`,
  measure: async (size) => {
    const { EventBus } = await loadSpanbus();
    const bus = new EventBus({ source: "soak", logger: silentLogger });
    bus.subscribe("order.placed", () => undefined, { name: "billing", deduplicate: true });

    let ids = 0;
    const readings = await leftBehind(async (more) => {
      for (let i = 0; i < more; i++, ids++) {
        const event = { name: "order.placed", id: `order-${ids}`, data: ids } as const;
        await bus.publish(event);
        await bus.publish(event);
      }
    }, size);

    const { handled, deduplicated } = bus.stats();
    return [
      ...readings,
      { what: "handled", measured: handled, unit: "", limit: { exactly: ids } },
      { what: "de-duplicated", measured: deduplicated, unit: "", limit: { exactly: ids } },
    ];
  },
};
