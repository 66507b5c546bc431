import type { BusError } from "../../errors.ts";

/** Why a queue did not keep a delivery, as a metric label. */
export type DropReason = "drop_oldest" | "drop_newest" | "reject" | "queue_full";

/** Where a work stands: nowhere (new, waiting for its retry, or settled), outside for want of room, in the queue, running. */
export type LanePlace = "none" | "blocked" | "queued" | "due" | "running";

/** A delivery, as far as its lane needs to know it. */
export interface LaneWork {
  /** What it must neither overtake nor be overtaken by. */
  readonly orderKey: unknown;
  readonly isSettled: boolean;
  /** The lane's own notes. */
  place: LanePlace;
  holdsKey: boolean;
  /** Starts the next attempt: it has a slot. Never throws. */
  run(): void;
  /** It has to wait. */
  queued(): void;
  /** It waited for room in the queue, and has it. */
  admitted(): void;
  /** Settles it: there is no room. */
  drop(reason: DropReason, error: BusError | undefined): void;
  /** Settles it: its subscription has gone before it started. */
  skip(): void;
}
