/** What happens to what does not fit into a queue. */
type Policy = "block" | "drop-oldest" | "drop-newest" | "reject";

export interface LanePlan {
  readonly concurrency: number | undefined;
  readonly isOrdered: boolean;
  readonly capacity: number;
  readonly policy: Policy;
}

/** What a lane needs to know of a delivery. */
export interface LaneEntry {
  readonly orderKey: string;
}

/** What becomes of a delivery that its lane is done with. */
export interface LaneEnds<Entry> {
  start(entry: Entry): void;
  drop(entry: Entry): void;
  skip(entry: Entry): void;
}

type Place = "waiting" | "blocked" | "running" | "resting" | "due";

interface Present<Entry> {
  readonly entry: Entry;
  place: Place;
  /** When it came to wait for nothing but a slot, in order; 0 while something of its key stands before it. */
  ready: number;
}

/**
 * What stands between a subscription and its handler, as one list: of everything that has come and not settled, in the
 * order it came. Looks through it from the start whenever something changes.
 */
export class LaneModel<Entry extends LaneEntry> {
  isPaused = false;
  isOpenForGood = false;
  readonly #plan: LanePlan;
  readonly #ends: LaneEnds<Entry>;
  readonly #present: Present<Entry>[] = [];
  #ready = 0;
  #isPumping = false;

  constructor(plan: LanePlan, ends: LaneEnds<Entry>) {
    this.#plan = plan;
    this.#ends = ends;
  }

  offer(entry: Entry): void {
    const { capacity, policy } = this.#plan;
    const nobodyWaits = !this.#in("due", "blocked").length && !this.#in("waiting").some((each) => each.ready > 0);
    if (this.#hasSlot && nobodyWaits && this.#isFree(entry)) {
      this.#present.push({ entry, place: "running", ready: 0 });
      this.#ends.start(entry);
      return;
    }
    const isFull = this.#in("waiting").length >= capacity;
    if (isFull && policy === "drop-oldest") this.#leave(this.#in("waiting")[0]!.entry, "drop");
    if (!isFull || policy === "drop-oldest") this.#enqueue(entry);
    else if (policy === "block" && this.#in("blocked").length < capacity) {
      this.#present.push({ entry, place: "blocked", ready: 0 });
    } else this.#ends.drop(entry);
    this.#pump();
  }

  #enqueue(entry: Entry): void {
    this.#present.push({ entry, place: "waiting", ready: this.#isFree(entry) ? ++this.#ready : 0 });
  }

  /** A delivery has settled, or waits for its retry and lets others run; all the same to one that never came here. */
  left(entry: Entry): void {
    this.#leave(entry, undefined);
    this.#pump();
  }

  rest(entry: Entry): void {
    const found = this.#present.find((each) => each.entry === entry);
    if (found !== undefined) found.place = "resting";
    this.#pump();
  }

  /** The retry of a delivery is due. */
  rejoin(entry: Entry): void {
    const found = this.#present.find((each) => each.entry === entry);
    if (found === undefined) return;
    found.place = this.#hasSlot ? "running" : "due";
    found.ready = ++this.#ready;
    if (found.place === "running") this.#ends.start(entry);
  }

  pause(): void {
    this.isPaused = !this.isOpenForGood;
  }

  resume(): void {
    this.isPaused = false;
    this.#pump();
  }

  unsubscribed(): void {
    this.isPaused = false;
    const gone = this.#in("waiting", "blocked");
    for (const { entry } of gone) this.#leave(entry, "skip");
    this.#pump();
  }

  get #hasSlot(): boolean {
    return !this.isPaused && this.#in("running").length < (this.#plan.concurrency ?? Number.POSITIVE_INFINITY);
  }

  /** Whether nothing of its key stands before it. */
  #isFree({ orderKey }: Entry): boolean {
    const others = this.#in("waiting", "running", "resting", "due");
    return !this.#plan.isOrdered || others.every((each) => each.entry.orderKey !== orderKey);
  }

  #in(...places: Place[]): Present<Entry>[] {
    return this.#present.filter(({ place }) => places.includes(place));
  }

  #leave(entry: Entry, how: "drop" | "skip" | undefined): void {
    const index = this.#present.findIndex((each) => each.entry === entry);
    if (index !== -1) this.#present.splice(index, 1);
    if (how !== undefined) this.#ends[how](entry);
    if (index !== -1) this.#freeNext(entry);
  }

  #freeNext({ orderKey }: Entry): void {
    const ofKey = this.#in("waiting", "running", "resting", "due").filter((each) => each.entry.orderKey === orderKey);
    const next = ofKey[0];
    if (this.#plan.isOrdered && next?.place === "waiting" && next.ready === 0) next.ready = ++this.#ready;
  }

  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    for (;;) {
      this.#admit();
      if (!this.#hasSlot) break;
      const next = this.#nextOf("due") ?? this.#nextOf("waiting");
      if (next === undefined) break;
      next.place = "running";
      this.#ends.start(next.entry);
    }
    this.#isPumping = false;
  }

  #nextOf(place: Place): Present<Entry> | undefined {
    const able = this.#in(place).filter((each) => each.ready > 0);
    return able.toSorted((one, other) => one.ready - other.ready)[0];
  }

  #admit(): void {
    while (this.#in("waiting").length < this.#plan.capacity) {
      const next = this.#in("blocked")[0];
      if (next === undefined) return;
      this.#present.splice(this.#present.indexOf(next), 1);
      this.#enqueue(next.entry);
    }
  }
}
