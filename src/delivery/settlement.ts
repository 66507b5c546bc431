import { BusError } from "../errors.ts";
import type { DeliveryReport } from "../outcome.ts";

/** How a delivery ended. */
export type Settlement = Omit<DeliveryReport, "subscription" | "attempts" | "durationMs">;

/** The settlement of most deliveries, made once. */
export const HANDLED: Settlement = { outcome: "handled" };

/** The settlement of deliveries whose subscription left before they started. */
export const SKIPPED: Settlement = { outcome: "skipped", reason: "unsubscribed" };

/** The settlement of deliveries of an event that their subscription had taken already. */
export const DEDUPLICATED: Settlement = { outcome: "deduplicated" };

/** Whether an event that comes again is to be left out: it was handled, or failed in a way that others look after. */
export function isTaken(settlement: Settlement | undefined): boolean {
  const outcome = settlement?.outcome;
  return outcome === "handled" || outcome === "deduplicated" || settlement?.disposition !== undefined;
}

/** Stands in for a settlement that is yet to come. */
export const IN_FLIGHT: Settlement = { outcome: "in_flight" };

/** Why a delivery was cut short. */
export function abortError(label: "close" | "deadline"): BusError {
  const why = label === "close" ? "the bus was closed" : "the drain deadline passed";
  return new BusError("ABORTED", `the delivery was cut short: ${why}`);
}
