import { loadSpanbus } from "../../measure/built-package.ts";
import { silentLogger } from "../../measure/silent-logger.ts";
import { count, type Figure } from "../figure.ts";
import { leftBehind, liveObjects } from "../heap.ts";
import { largestTelemetryMap, MAX_SERIES } from "../telemetry-maps.ts";

/** Subscriptions that come and go, each under a name and a pattern of its own, with a queue, and with one event. */
export const subscriptions: Figure = {
  size: 1_000_000,
  title: (size) => `${count(size)} subscriptions of unique names and patterns, each published to and unsubscribed`,
  measure: async (size) => {
    const { EventBus } = await loadSpanbus();
    const bus = new EventBus({ source: "soak", logger: silentLogger });
    const { constructor: type } = bus.subscribe("order.placed", () => undefined);

    let made = 0;
    const readings = await leftBehind(async (subscribed) => {
      for (let i = 0; i < subscribed; i++, made++) {
        const name = `order.number-${made}`;
        const pattern = made % 2 === 0 ? name : `${name}.*`;
        using _ = bus.subscribe(pattern, () => undefined, { name: `billing-${made}`, concurrency: 1 });
        await bus.publish(made % 2 === 0 ? name : `${name}.placed`);
      }
    }, size);

    return [
      ...readings,
      { what: "deliveries handled", measured: bus.stats().handled, unit: "", limit: { exactly: made } },
      { what: "subscriptions in memory", measured: liveObjects(type), unit: "", limit: { atMost: 2 } },
      {
        what: "entries of the largest map of telemetry",
        measured: largestTelemetryMap(),
        unit: "",
        limit: { atMost: MAX_SERIES },
      },
    ];
  },
};
