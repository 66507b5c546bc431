import { loadSpanbus } from "../../measure/built-package.ts";
import { silentLogger } from "../../measure/silent-logger.ts";
import { count, type Figure } from "../figure.ts";
import { leftBehind } from "../heap.ts";

/** How many a bus keeps unless told otherwise. */
const KEPT = 1000;

/** Deliveries that fail, each kept as a dead letter until the next thousand push it out. */
export const deadLetters: Figure = {
  size: 250_000,
  title: (size) => `${count(size)} deliveries that fail and become dead letters`,
  measure: async (size) => {
    const { EventBus } = await loadSpanbus();
    const bus = new EventBus({ source: "soak", logger: silentLogger });
    const fail = (): never => {
      throw new Error("no box");
    };
    bus.subscribe("order.placed", fail, { name: "packing" });

    const readings = await leftBehind(async (publishes) => {
      for (let i = 0; i < publishes; i++) await bus.publish("order.placed", { orderId: i });
    }, size);

    const { failed, deadLettered } = bus.stats();
    return [
      ...readings,
      { what: "dead letters made", measured: deadLettered, unit: "", limit: { exactly: failed } },
      { what: "dead letters kept", measured: bus.deadLetters.size, unit: "", limit: { exactly: KEPT } },
    ];
  },
};
