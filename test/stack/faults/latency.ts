import { setTimeout as sleep } from "node:timers/promises";
import { EventBus } from "spanbus";
import { every, type Fault } from "./fault.ts";

/** Takes 400 ms where a quarter of a second is promised. */
export const slowHandler: Fault = {
  name: "slow-handler",
  story: "a handler that is slow spends its latency budget",
  alerts: ["SpanbusLatencyBudgetBurn"],
  prepare: () => {
    const bus = new EventBus({ source: "slow-handler" });
    let isBroken = false;
    bus.subscribe("order.placed", () => (isBroken ? sleep(400) : undefined), { name: "billing" });
    const beat = (broken: boolean) =>
      every(2, () => {
        isBroken = broken;
        return bus.publish("order.placed", undefined, { wait: "accepted" });
      });
    return { buses: [bus], well: beat(false), broken: beat(true) };
  },
};
