import type { PublishSpan, TraceContext } from "../telemetry/telemetry.ts";

/** What telemetry keeps of a publish; there is none where nothing listens. */
export interface Watched {
  readonly span: PublishSpan | undefined;
  /** The instant of publishing, or when a scheduled event was due, on the monotonic clock, in milliseconds. */
  startedAt: number;
  /** The context the event is published in. */
  context: TraceContext | undefined;
  isContextEntered: boolean;
  /** When the handler that ran last ended, on the same clock; 0 where none did. */
  instant: number;
}
