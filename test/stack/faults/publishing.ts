import { EventBus } from "spanbus";
import { type Fault, makeGate } from "./fault.ts";

/**
 * Goes on publishing to a bus that drains, and drains for long. Only a refusal for stopping is no alert of its own; the
 * other bus keeps the handler's deliveries coming, for one that settles none would be.
 */
export const publishingWhileDraining: Fault = {
  name: "publishing-while-draining",
  story: "publish calls that fail spend the publishing budget",
  alerts: ["SpanbusPublishingBudgetBurn"],
  prepare: () => {
    const bus = new EventBus({ source: "shop" });
    const leaving = new EventBus({ source: "shop" });
    const gate = makeGate();
    bus.subscribe("order.placed", () => undefined, { name: "billing" });
    leaving.subscribe("order.placed", () => gate.opened, { name: "billing" });
    const well = () => bus.publish("order.placed");
    let draining: Promise<unknown> | undefined;
    const drain = async (): Promise<void> => {
      await leaving.publish("order.placed", undefined, { wait: "accepted" });
      draining = leaving.drain({ deadlineMs: 600_000 });
    };
    return {
      buses: [bus],
      well,
      broken: async () => {
        await well();
        if (draining === undefined) await drain();
        await leaving.publish("order.placed").catch(() => undefined);
      },
      mend: async () => {
        gate.open();
        await draining;
      },
    };
  },
};
