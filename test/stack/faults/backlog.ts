import { EventBus } from "spanbus";
import { type Fault, makeGate } from "./fault.ts";

/** What {@link growingBacklog} publishes; the proof's model lets it promise no latency, which a backlog ruins. */
export const BACKLOG_EVENT = "report.requested";

/** Half of the events wait until the fault is gone. */
export const growingBacklog: Fault = {
  name: "growing-backlog",
  story: "work that comes in faster than it is done is a growing backlog",
  alerts: ["SpanbusBacklogGrowing"],
  prepare: () => {
    const bus = new EventBus({ source: "growing-backlog" });
    const gate = makeGate();
    bus.subscribe(BACKLOG_EVENT, (event) => (event.data === "slow" ? gate.opened : undefined), { name: "reports" });
    const publish = (data?: string) => bus.publish(BACKLOG_EVENT, data, { wait: "accepted" });
    return {
      buses: [bus],
      well: () => publish(),
      broken: () => Promise.all([publish("slow"), publish()]),
      mend: () => gate.open(),
    };
  },
};
