import type { Scope } from "../context.ts";
import type { EventRecord } from "../event/event.ts";
import type { PublishSpan, TraceContext } from "../telemetry/telemetry.ts";
import type { Leg } from "./leg.ts";
import type { LaneHolder } from "./queue/deadlock.ts";

/** What a delivery comes from: a publish, or the replay of a dead letter. */
export interface DeliveryOrigin<Settled> {
  readonly event: EventRecord;
  /** The context of the publish; handlers without a process span of their own run in it. */
  readonly context: TraceContext | undefined;
  readonly scope: Scope | undefined;
  /** Whether the code that starts deliveries runs in `context`, in `scope`, at this moment. */
  readonly isContextEntered: boolean;
  readonly isScopeEntered: boolean;
  readonly publishSpan: PublishSpan | undefined;
  /** The dead letter that this replays. */
  readonly replayOf?: string;
  /** The publish instant on the monotonic clock, in milliseconds; 0 where nothing needed a clock. */
  readonly startedAt: number;
  /** The instant on that clock at which the handler before ended, in the same turn; 0 where there is none. */
  readonly instant: number;
  /** The delivery whose handler caused it, of those that pass through lanes. */
  readonly holder: LaneHolder | undefined;
  /** Whether that handler waits until the delivery has settled. */
  readonly isAwaited: boolean;
  /** How a process span relates to the publish span; whether the delivery had to wait for its turn may decide. */
  relationOf(leg: Leg, wasQueued: boolean): "child" | "link";
  settled(delivery: Settled): void;
}
