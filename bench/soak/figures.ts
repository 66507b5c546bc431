import type { Figure } from "./figure.ts";
import { awaitedStorm } from "./figures/awaited-storm.ts";
import { blackHole } from "./figures/black-hole.ts";
import { burst } from "./figures/burst.ts";
import { deadLetters } from "./figures/dead-letters.ts";
import { deduplicatedIds } from "./figures/deduplicated-ids.ts";
import { hostileNames } from "./figures/hostile-names.ts";
import { lane } from "./figures/lane.ts";
import { pacedPublishes } from "./figures/paced-publishes.ts";
import { scheduledEvents } from "./figures/scheduled-events.ts";
import { subscriptions } from "./figures/subscriptions.ts";
import { timeouts } from "./figures/timeouts.ts";

export type FigureName =
  | "awaited-storm"
  | "burst"
  | "paced-publishes"
  | "black-hole"
  | "timeouts"
  | "subscriptions"
  | "hostile-names"
  | "lane"
  | "deduplicated-ids"
  | "scheduled-events"
  | "dead-letters";

/** Every figure, by the name that `--filter` goes by. */
export const FIGURES: Readonly<Record<FigureName, Figure>> = {
  "awaited-storm": awaitedStorm,
  burst,
  "paced-publishes": pacedPublishes,
  "black-hole": blackHole,
  timeouts,
  subscriptions,
  "hostile-names": hostileNames,
  lane,
  "deduplicated-ids": deduplicatedIds,
  "scheduled-events": scheduledEvents,
  "dead-letters": deadLetters,
};
