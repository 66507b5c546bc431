import { defineEvents, EventBus } from "spanbus";
import { every, type Fault } from "./fault.ts";

const REFUSE_NUMBERS = {
  "~standard": {
    version: 1,
    vendor: "spanbus-stack-proof",
    validate: (value: unknown) => (typeof value === "number" ? { issues: [{ message: "not a number" }] } : { value }),
  },
} as const;

/** Two a second are refused, among so many that no budget is spent. */
export const refusedEvents: Fault = {
  name: "refused-events",
  story: "events that the bus refuses are told of",
  alerts: ["SpanbusEventsRefused"],
  prepare: () => {
    const events = defineEvents({ "order.placed": { schema: REFUSE_NUMBERS, spans: "off" } });
    const bus = new EventBus({ source: "refused-events", events });
    bus.subscribe("order.placed", () => undefined, { name: "billing" });
    const well = () => {
      for (let i = 0; i < 150; i++) void bus.publish("order.placed", "well");
    };
    const refused = every(20, () => bus.publish("order.placed", 7).catch(() => undefined));
    return { buses: [bus as unknown as EventBus], well, broken: () => [well(), refused()] };
  },
};

/** Nobody subscribed to what it publishes. */
export const unroutedEvents: Fault = {
  name: "unrouted-events",
  story: "events that nobody receives are told of",
  alerts: ["SpanbusEventsUnrouted"],
  prepare: () => {
    const bus = new EventBus({ source: "unrouted-events" });
    bus.subscribe("order.placed", () => undefined, { name: "billing" });
    const well = () => bus.publish("order.placed");
    return { buses: [bus], well, broken: () => [well(), bus.publish("order.lost")] };
  },
};

/** Publishes names that are none: counted, refused, and under no label of their own. */
export const namelessEvents: Fault = {
  name: "nameless-events",
  story: "names that are none have no label",
  alerts: ["SpanbusEventsRefused", "SpanbusPublishingBudgetBurn"],
  prepare: () => {
    const bus = new EventBus({ source: "nameless-events" });
    bus.subscribe("order.placed", () => undefined, { name: "billing" });
    const well = () => bus.publish("order.placed");
    return { buses: [bus], well, broken: () => bus.publish("not a name").catch(() => undefined) };
  },
};
