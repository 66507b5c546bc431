import type { Lane } from "./lane.ts";
import type { LanePlace, LaneWork } from "./lane-work.ts";

/** What a handler waits for: a delivery through a lane, or one that is scheduled. */
export interface AwaitedWork {
  readonly lane: Lane<LaneHolder>;
  readonly orderKey: unknown;
  readonly isSettled: boolean;
  readonly place: LanePlace | "scheduled";
  readonly holdsKey: boolean;
  /** Whether whoever published it waits until it has settled, and not only until it has a place in the queue. */
  readonly isAwaited: boolean;
  /** What its own handler waits for. */
  readonly awaited: ReadonlySet<AwaitedWork>;
}

/** A delivery that has, or waits for, a slot or a key of a lane, as far as deadlocks go. */
export interface LaneHolder extends LaneWork, AwaitedWork {
  place: LanePlace;
  holdsKey: boolean;
  /** The delivery whose handler published this one's event, of those that pass through lanes. */
  readonly holder: LaneHolder | undefined;
  await(work: AwaitedWork): void;
  forget(work: AwaitedWork): void;
}

/** Past so many steps, or so deep, the search gives up, and lets the publish pass: no real program nests so deep. */
const MAX_STEPS = 10_000;
const MAX_DEPTH = 500;

/**
 * Whether what the handler of `publisher` is about to wait for could never come: whatever must end before is itself
 * waiting, directly or through others, for that handler to end.
 */
export function wouldDeadlock(
  { lane, orderKey, isAwaited }: Pick<AwaitedWork, "lane" | "orderKey" | "isAwaited">,
  publisher: LaneHolder,
): boolean {
  if (publisher.isSettled) return false;
  const search = new Search(publisher);
  return (lane.isBlocking && search.isShutOut(lane)) || (isAwaited && search.isBlocked(lane, orderKey));
}

/**
 * Walks who waits for whom. A work that is met again while its own fate is open waits for itself: it is taken to be stuck,
 * together with what follows from that, until something shows that it is not.
 */
class Search {
  readonly #stuck = new Set<AwaitedWork>();
  readonly #free = new Set<AwaitedWork>();
  /** The stuck ones of this walk, in the order they were taken to be. */
  readonly #trail: AwaitedWork[] = [];
  #steps = 0;
  #depth = 0;

  constructor(publisher: LaneHolder) {
    let each: LaneHolder | undefined = publisher;
    while (each !== undefined) {
      this.#stuck.add(each);
      const { holder }: LaneHolder = each;
      each = holder?.awaited.has(each) ? holder : undefined;
    }
  }

  /** Whether a new work of this key could never start. */
  isBlocked(lane: Lane<LaneHolder>, orderKey: unknown): boolean {
    return this.#areStuck(lane.blockers(orderKey));
  }

  /** Whether a new work could never have a place in the queue. */
  isShutOut(lane: Lane<LaneHolder>): boolean {
    return this.#areStuck(lane.roomMakers());
  }

  /** It is enough that one of them ends. */
  #areStuck(works: readonly AwaitedWork[]): boolean {
    return works.length > 0 && works.every((each) => this.#isStuck(each));
  }

  #isStuck(work: AwaitedWork): boolean {
    if (this.#stuck.has(work)) return true;
    if (work.isSettled || this.#free.has(work)) return false;
    if (++this.#steps > MAX_STEPS || this.#depth === MAX_DEPTH) return false;
    const mark = this.#trail.length;
    this.#stuck.add(work);
    this.#trail.push(work);
    this.#depth++;
    const isStuck = this.#waits(work);
    this.#depth--;
    if (isStuck) return true;
    for (const each of this.#trail.splice(mark)) this.#stuck.delete(each); // they may have been so only because it was
    this.#free.add(work);
    return false;
  }

  /** A running handler ends when everything it waits for has come; what has yet to start does when something ends. */
  #waits({ lane, place, orderKey, holdsKey, isAwaited, awaited }: AwaitedWork): boolean {
    if (place === "running") return [...awaited].some((each) => this.#isStuck(each));
    if (place === "blocked" && this.isShutOut(lane)) return true;
    if (place === "blocked" && !isAwaited) return false;
    return this.isBlocked(lane, holdsKey || place === "none" ? NO_KEY : orderKey);
  }
}

/** A key that nobody has: what is left to wait for is a slot. */
const NO_KEY = Symbol("no key");
