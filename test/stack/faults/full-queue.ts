import { setTimeout as sleep } from "node:timers/promises";
import { EventBus } from "spanbus";
import { every, type Fault } from "./fault.ts";

/** What {@link fullQueue} publishes; the proof's model lets it take ten seconds, for whoever waits in a queue is late. */
export const QUEUED_EVENT = "mail.requested";

const CAPACITY = 50;
/** One of them runs, the others fill nine tenths of the queue. */
const IN_FLIGHT = 46;
const WORK_MS = 100;

/** Works on one event at a time, and gets the next before it is done. */
export const fullQueue: Fault = {
  name: "full-queue",
  story: "a queue that is nearly full is told of",
  alerts: ["SpanbusQueueNearlyFull"],
  prepare: () => {
    const bus = new EventBus({ source: "full-queue" });
    let inFlight = 0;
    bus.subscribe(QUEUED_EVENT, (event) => (event.data === "slow" ? sleep(WORK_MS) : undefined), {
      name: "billing",
      concurrency: 1,
      queue: { capacity: CAPACITY },
    });
    const publishSlow = async (): Promise<void> => {
      inFlight++;
      await bus.publish(QUEUED_EVENT, "slow");
      inFlight--;
    };
    const later = every(20, () => bus.publish(QUEUED_EVENT, "later", { delayMs: 2_000 }));
    return {
      buses: [bus],
      well: () => bus.publish(QUEUED_EVENT, "well", { wait: "accepted" }),
      broken: () => {
        while (inFlight < IN_FLIGHT) void publishSlow();
        return later();
      },
    };
  },
};
