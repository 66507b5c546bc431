import { EventBus } from "spanbus";
import { type Fault, PaymentError } from "./fault.ts";

/** Succeeds at the third attempt, always. */
export const retryStorm: Fault = {
  name: "retry-storm",
  story: "a handler that mostly repeats itself is a retry storm",
  alerts: ["SpanbusRetryStorm"],
  prepare: () => {
    const bus = new EventBus({ source: "retry-storm" });
    let isBroken = false;
    bus.subscribe(
      "order.placed",
      (_event, { attempt }) => {
        if (isBroken && attempt < 3) throw new PaymentError("come again");
      },
      { name: "billing", retry: { maxAttempts: 3, backoff: { initialMs: 1 } } },
    );
    const beat = (broken: boolean) => () => {
      isBroken = broken;
      return bus.publish("order.placed", undefined, { wait: "accepted" });
    };
    return { buses: [bus], well: beat(false), broken: beat(true) };
  },
};
