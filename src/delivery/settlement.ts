import { BusError } from "../errors.ts";
import type { DeliveryReport } from "../outcome.ts";

/** How a delivery ended. */
export type Settlement = Omit<DeliveryReport, "subscription" | "attempts" | "durationMs">;

/** The settlement of most deliveries, made once. */
export const HANDLED: Settlement = { outcome: "handled" };

/** The settlement of deliveries whose subscription left before they started. */
export const SKIPPED: Settlement = { outcome: "skipped", reason: "unsubscribed" };

/** Stands in for a settlement that is yet to come. */
export const IN_FLIGHT: Settlement = { outcome: "in_flight" };

/** Why a delivery was cut short. */
export function abortError(label: "close" | "deadline"): BusError {
  const why = label === "close" ? "the bus was closed" : "the drain deadline passed";
  return new BusError("ABORTED", `the delivery was cut short: ${why}`);
}
