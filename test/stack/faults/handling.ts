import { EventBus } from "spanbus";
import { type Fault, PaymentError, removeDeadLetters } from "./fault.ts";

/** Fails every delivery. The dead letters are removed at once, for they would be an alert of their own. */
export const failingHandler: Fault = {
  name: "failing-handler",
  story: "a handler that fails spends its handling budget",
  alerts: ["SpanbusHandlingBudgetBurn"],
  prepare: () => {
    const bus = new EventBus({ source: "failing-handler" });
    let isBroken = false;
    bus.onError(() => removeDeadLetters(bus));
    bus.subscribe(
      "order.placed",
      () => {
        if (isBroken) throw new PaymentError("no credit");
      },
      { name: "billing" },
    );
    const beat = (broken: boolean) => async () => {
      isBroken = broken;
      await bus.publish("order.placed");
      removeDeadLetters(bus);
    };
    return { buses: [bus], well: beat(false), broken: beat(true) };
  },
};
