import type { CutDelivery } from "../bus/cut-delivery.ts";
import type { CancelledEvent, CloseReport, DrainReport } from "../bus/lifecycle.ts";
import type { StoppableBus } from "./stop-options.ts";
import type { CutWork } from "./stop-report.ts";
import { GRACE_MS, LATE, within } from "./within.ts";

/** How the drain of one bus went. */
export interface BusStop {
  readonly isComplete: boolean;
  readonly cut: readonly CutWork[];
  readonly cancelled: readonly CancelledEvent[];
  readonly drain: DrainReport;
}

/** Drains a bus and ends with the deadline, also where a drain with a later deadline is going on already. */
export async function drainBus(bus: StoppableBus, deadlineMs: number): Promise<BusStop> {
  const wasClosed = bus.describe().state === "closed";
  const draining = bus.drain({ deadlineMs });
  const isLate = (await within(draining, deadlineMs + GRACE_MS)) === LATE;
  if (isLate) await bus.close(); // which ends the drain
  const drain = await draining;
  const closed = drain.isComplete ? NOTHING : await bus.close(); // what another call of close() has cut
  const cut = [
    ...drain.aborted.map((each) => describe(each, "deadline")),
    ...closed.aborted.map((each) => describe(each, isLate ? "deadline" : "close")),
    ...drain.givenUp.map((each) => describe(each, "drain")),
  ];
  const cancelled = [...drain.cancelled, ...closed.cancelled];
  const isComplete = cut.length + cancelled.length === 0 && (drain.isComplete || wasClosed);
  return { isComplete, cut, cancelled, drain };
}

const NOTHING: CloseReport = { aborted: [], cancelled: [] };

function describe(delivery: CutDelivery, reason: CutWork["reason"]): CutWork {
  return { ...delivery, reason };
}
