import type { DeliveryReport } from "../outcome.ts";

/** How a delivery ended. */
export type Settlement = Omit<DeliveryReport, "subscription" | "attempts" | "durationMs">;

/** The settlement of most deliveries, made once. */
export const HANDLED: Settlement = { outcome: "handled" };

/** Stands in for a settlement that is yet to come. */
export const IN_FLIGHT: Settlement = { outcome: "in_flight" };
