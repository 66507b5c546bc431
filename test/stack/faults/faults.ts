import { growingBacklog } from "./backlog.ts";
import { evictedDeadLetters, fewDeadLetters, manyDeadLetters } from "./dead-letters.ts";
import type { Fault } from "./fault.ts";
import { fullQueue } from "./full-queue.ts";
import { failingHandler } from "./handling.ts";
import { slowHandler } from "./latency.ts";
import { namelessEvents, refusedEvents, unroutedEvents } from "./publish-faults.ts";
import { publishingWhileDraining } from "./publishing.ts";
import { retryStorm } from "./retries.ts";
import { stuckHandler } from "./stalled.ts";
import { droppedSpans, fullSpanQueue, guardTrips, killedService } from "./telemetry-faults.ts";
import { handlerTimeouts } from "./timeouts.ts";

/** One fault for each alert about a service. */
export const FAULTS: readonly Fault[] = [
  failingHandler,
  publishingWhileDraining,
  slowHandler,
  stuckHandler,
  handlerTimeouts,
  retryStorm,
  growingBacklog,
  fullQueue,
  fewDeadLetters,
  manyDeadLetters,
  evictedDeadLetters,
  refusedEvents,
  unroutedEvents,
  killedService,
  droppedSpans,
  fullSpanQueue,
  guardTrips,
];

/** These, and one that no alert is for: of each kind of trouble that a panel shows. */
export const ALL_FAULTS: readonly Fault[] = [...FAULTS, namelessEvents];
