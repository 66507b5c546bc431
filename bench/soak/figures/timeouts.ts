import { loadSpanbus } from "../../measure/built-package.ts";
import { silentLogger } from "../../measure/silent-logger.ts";
import { count, type Figure } from "../figure.ts";
import { leftBehind } from "../heap.ts";

/** Every delivery has a time limit: one handler returns at once, one later, so that its timer is armed and cleared. */
export const timeouts: Figure = {
  size: 1_000_000,
  title: (size) => `${count(size)} publishes with timeouts on, to two handlers`,
  measure: async (size) => {
    const { EventBus } = await loadSpanbus();
    const bus = new EventBus({ source: "soak", logger: silentLogger });
    bus.subscribe("order.placed", () => undefined, { name: "sync", timeoutMs: 60_000 });
    bus.subscribe("order.placed", async () => undefined, { name: "async", timeoutMs: 60_000 });

    const readings = await leftBehind(async (publishes) => {
      for (let i = 0; i < publishes; i++) await bus.publish("order.placed", { orderId: i });
    }, size);

    const { matched, handled, queued, running } = bus.stats();
    return [
      ...readings,
      { what: "deliveries handled", measured: handled, unit: "", limit: { exactly: matched } },
      { what: "in flight", measured: queued + running, unit: "", limit: { exactly: 0 } },
    ];
  },
};
