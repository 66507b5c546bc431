import { Gate, type GateCause } from "./gate.ts";
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

/** Past so many steps, some milliseconds, the search gives up, and lets the publish pass. */
const MAX_STEPS = 100_000;

/**
 * Whether what the handler of `publisher` is about to wait for could never come: whatever must end before is itself
 * waiting, directly or through others, for that handler to end.
 */
export function wouldDeadlock(
  { lane, orderKey, isAwaited }: Pick<AwaitedWork, "lane" | "orderKey" | "isAwaited">,
  publisher: LaneHolder,
): boolean {
  if (publisher.isSettled) return false;
  const isBlocked = lane.isBlocking(orderKey);
  if (!isBlocked && (!isAwaited || (lane.hasFreeSlot && lane.holderOf(orderKey) === undefined))) return false;
  return new Search(publisher).isInVain({ lane, orderKey, isAwaited, isBlocked });
}

/** A work that is not yet there: as far as a place in the queue and a start go. */
interface NewWork extends Pick<AwaitedWork, "lane" | "orderKey" | "isAwaited"> {
  /** Whether it would have to wait for room in the queue. */
  readonly isBlocked: boolean;
}

/**
 * Finds out what can come about at all while one handler goes on waiting. Each work that ends, each slot that becomes
 * free, is a gate; those that open by themselves open others, and what is closed in the end waits in a circle.
 */
class Search {
  readonly #ends = new Map<AwaitedWork, Gate>();
  readonly #slots = new Map<Lane<LaneHolder>, Gate>();
  /** Works whose own causes have yet to be read. */
  readonly #unread: AwaitedWork[] = [];
  #steps = 0;

  /** Whatever waits for the end of `publisher`, up to who waits for it, does not come about. */
  constructor(publisher: LaneHolder) {
    let each: LaneHolder | undefined = publisher;
    while (each !== undefined) {
      this.#ends.set(each, new Gate());
      const { holder }: LaneHolder = each;
      each = holder?.awaited.has(each) ? holder : undefined;
    }
  }

  isInVain({ lane, orderKey, isAwaited, isBlocked }: NewWork): boolean {
    const causes = isBlocked ? [this.#roomIn(lane, undefined)] : [];
    if (isAwaited) causes.push(this.#startOf(lane, orderKey));
    const goal = gateOf(causes.length, weighed(causes));
    while (!goal.isOpen) {
      const work = this.#unread.pop();
      if (work === undefined) return true;
      if (this.#steps > MAX_STEPS) return false;
      this.#read(work);
    }
    return false;
  }

  /** A running handler ends when everything it waits for has come; what has yet to start does when it has started. */
  #read(work: AwaitedWork): void {
    const { lane, place, orderKey, holdsKey, isAwaited, awaited } = work;
    const causes: Gate[] = [];
    if (place === "running") for (const each of awaited) causes.push(this.#endOf(each));
    if (place === "blocked") causes.push(this.#roomIn(lane, work));
    if (place !== "running" && (place !== "blocked" || isAwaited)) {
      causes.push(this.#startOf(lane, holdsKey || place === "none" ? NO_KEY : orderKey));
    }
    this.#steps += causes.length + 1;
    this.#endOf(work).opensAfter(causes.length, weighed(causes));
  }

  /** That a work ends, or is no longer waited for. */
  #endOf(work: AwaitedWork): Gate {
    const known = this.#ends.get(work);
    if (known !== undefined) return known;
    const gate = new Gate();
    this.#ends.set(work, gate);
    if (work.isSettled || (work.place === "running" && work.awaited.size === 0)) gate.open();
    else this.#unread.push(work);
    return gate;
  }

  /** That a work of this key can start: the holder of the key ends, else whoever runs. */
  #startOf(lane: Lane<LaneHolder>, orderKey: unknown): Gate {
    const holder = lane.holderOf(orderKey);
    return holder === undefined ? this.#slotOf(lane) : this.#endOf(holder);
  }

  #slotOf(lane: Lane<LaneHolder>): Gate {
    const known = this.#slots.get(lane);
    if (known !== undefined) return known;
    const gate = new Gate();
    this.#slots.set(lane, gate);
    if (lane.hasFreeSlot)
      gate.open(); // paused or not: whoever paused it may resume it
    else gate.opensAfter(1, this.#endsOf(lane.running));
    return gate;
  }

  *#endsOf(works: Iterable<AwaitedWork>): Iterable<GateCause> {
    for (const work of works) {
      this.#steps++;
      yield { gate: this.#endOf(work), weight: 1 };
    }
  }

  /** That there is room for a work: fewer of those before it are left than the queue holds, when all have started that can. */
  #roomIn(lane: Lane<LaneHolder>, work: AwaitedWork | undefined): Gate {
    const { readyCount, lines, blocked } = lane.waiting;
    if (lines.size === 0) return this.#slotOf(lane); // without keys any of them can start when anything ends
    const index = blocked.indexOf(work as LaneHolder);
    const before = index < 0 ? blocked : blocked.slice(0, index);
    const causes = [{ gate: this.#slotOf(lane), weight: readyCount }];
    for (const { holder, waiting } of lines.values()) {
      if (waiting.size > 0) causes.push({ gate: this.#endOf(holder), weight: waiting.size });
    }
    for (const each of before) causes.push({ gate: this.#startOf(lane, each.orderKey), weight: 1 });
    this.#steps += causes.length;
    const count = causes.reduce((sum, { weight }) => sum + weight, 0);
    return gateOf(count - lane.capacity + 1, causes);
  }
}

/** A key that nobody has: what is left to wait for is a slot. */
const NO_KEY = Symbol("no key");

function gateOf(needed: number, causes: readonly GateCause[]): Gate {
  const gate = new Gate();
  gate.opensAfter(needed, causes);
  return gate;
}

function weighed(gates: readonly Gate[]): readonly GateCause[] {
  return gates.map((gate) => ({ gate, weight: 1 }));
}
