import type { Lane } from "./lane.ts";
import type { LaneWork } from "./lane-work.ts";

/** A delivery that has, or waits for, a slot or a key of a lane, as far as deadlocks go. */
export interface LaneHolder extends LaneWork {
  readonly lane: Lane<LaneHolder> | undefined;
  /** The delivery whose handler published this one's event, of those that pass through lanes. */
  readonly holder: LaneHolder | undefined;
  /** Unsettled deliveries through lanes that its handler waits for. */
  readonly awaited: ReadonlySet<LaneHolder>;
  await(work: LaneHolder): void;
  forget(work: LaneHolder): void;
}

/** Past this many steps the search gives up, and lets the publish pass: no real program nests so deep. */
const MAX_STEPS = 10_000;

/**
 * Whether a work of this key, which the handler of `publisher` is about to wait for, could never start: whatever must end
 * before is itself waiting, directly or through others, for that handler to end.
 */
export function wouldDeadlock(lane: Lane<LaneHolder>, orderKey: unknown, publisher: LaneHolder): boolean {
  const stuck = new Set<LaneHolder>();
  for (let each: LaneHolder | undefined = publisher; each !== undefined; each = each.holder) {
    if (!each.isSettled) stuck.add(each);
  }
  if (stuck.size === 0) return false;
  return new Search(stuck).isBlocked(lane, orderKey);
}

/** Walks who waits for whom; a work that is met again while its own fate is open waits for itself. */
class Search {
  readonly #stuck: Set<LaneHolder>;
  readonly #free = new Set<LaneHolder>();
  #steps = 0;

  constructor(stuck: Set<LaneHolder>) {
    this.#stuck = stuck;
  }

  /** A slot comes free when any of those that have one ends. */
  isBlocked(lane: Lane<LaneHolder>, orderKey: unknown): boolean {
    const blockers = lane.blockers(orderKey);
    return blockers.length > 0 && blockers.every((each) => this.#isStuck(each));
  }

  #isStuck(work: LaneHolder): boolean {
    if (this.#stuck.has(work)) return true;
    if (work.isSettled || this.#free.has(work) || ++this.#steps > MAX_STEPS) return false;
    this.#stuck.add(work);
    const isStuck = this.#waits(work);
    this.#stuck.delete(work);
    if (!isStuck) this.#free.add(work);
    return isStuck;
  }

  /** A running handler ends when everything it waits for has; a queued work starts when something before it ends. */
  #waits(work: LaneHolder): boolean {
    if (work.place === "running") return [...work.awaited].some((each) => this.#isStuck(each));
    if (work.place === "none" || work.lane === undefined) return false; // its retry is only a matter of time
    if (work.holdsKey) return this.isBlocked(work.lane, NO_KEY);
    return this.isBlocked(work.lane, work.orderKey);
  }
}

/** A key that nobody has: what is left to wait for is a slot. */
const NO_KEY = Symbol("no key");
