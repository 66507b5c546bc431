import { EventBus } from "spanbus";
import { every, type Fault, makeGate } from "./fault.ts";

/** Takes two events, and never comes back from them. */
export const stuckHandler: Fault = {
  name: "stuck-handler",
  story: "a handler that settles nothing any more is stalled",
  alerts: ["SpanbusConsumerStalled"],
  prepare: () => {
    const bus = new EventBus({ source: "stuck-handler" });
    const gate = makeGate();
    let taken = 0;
    bus.subscribe("order.placed", (event) => (event.data === "stuck" ? gate.opened : undefined), { name: "billing" });
    const publish = (data?: string) => bus.publish("order.placed", data, { wait: "accepted" });
    return {
      buses: [bus],
      well: every(4, () => publish()),
      broken: () => (taken++ < 2 ? publish("stuck") : undefined),
      mend: () => gate.open(),
    };
  },
};
