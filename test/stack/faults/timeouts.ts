import { EventBus } from "spanbus";
import type { Fault } from "./fault.ts";

/** Every tenth event is answered only at the second attempt: too late at the first, but handled in time all the same. */
export const handlerTimeouts: Fault = {
  name: "handler-timeouts",
  story: "attempts that run into their timeout are told of",
  alerts: ["SpanbusHandlerTimeouts"],
  prepare: () => {
    const bus = new EventBus({ source: "handler-timeouts" });
    let events = 0;
    const isSilent = (data: unknown, attempt: number): boolean => data === "silent" && attempt === 1;
    bus.subscribe(
      "order.placed",
      (event, { attempt, signal }) => (isSilent(event.data, attempt) ? untilAborted(signal) : undefined),
      { name: "billing", timeoutMs: 20, retry: { maxAttempts: 2, backoff: { initialMs: 0 } } },
    );
    const publish = (data?: string) => bus.publish("order.placed", data, { wait: "accepted" });
    return { buses: [bus], well: () => publish(), broken: () => publish(events++ % 10 === 0 ? "silent" : undefined) };
  },
};

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}
