import { Delivery } from "../delivery/deliver.ts";
import type { Leg } from "../delivery/leg.ts";
import { HANDLED, IN_FLIGHT } from "../delivery/settlement.ts";
import type { DeliveryReport } from "../outcome.ts";

/** How a delivery went: at once and handled (undefined, or how long it took in milliseconds), else the delivery itself. */
export type Slot = Delivery | number | undefined;

/** The slots of a publication, one for each of its legs; none at all while every delivery was handled at once. */
export type Slots = readonly Slot[] | undefined;

/** What the publish result says of each delivery. */
export function reportsOf(slots: Slots, legs: readonly Leg[]): readonly DeliveryReport[] {
  return legs.map(({ subscription: { name } }, index) => {
    const slot = slots?.[index];
    if (slot instanceof Delivery) return slot.report();
    const timed = slot === undefined ? undefined : { durationMs: slot };
    return { subscription: name, ...HANDLED, ...timed, attempts: 1 };
  });
}

/** What the publish result says of the deliveries of an event that waits for its time, should nobody come or go till then. */
export function foreseenReports(legs: readonly Leg[]): readonly DeliveryReport[] {
  return legs.map(({ subscription: { name } }) => ({ subscription: name, ...IN_FLIGHT, attempts: 0 }));
}

/** The deliveries that failed for good, in subscription order. */
export function failedOf(slots: Slots): Delivery[] {
  return (slots ?? []).filter((slot) => slot instanceof Delivery).filter(isFailed);
}

/** Resolves when every delivery has a place in its queue; undefined if all have, or need none. */
export function admissionOf(slots: Slots): Promise<unknown> | undefined {
  const waits = (slots ?? []).map((slot) => (slot instanceof Delivery ? slot.whenAdmitted() : undefined));
  return waits.some((each) => each !== undefined) ? Promise.all(waits) : undefined;
}

function isFailed({ settlement }: Delivery): boolean {
  return settlement?.outcome === "failed" || settlement?.outcome === "timed_out";
}
