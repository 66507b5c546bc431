import { BusError } from "../../errors.ts";
import type { QueuePolicy } from "../../options.ts";
import { Fifo } from "./fifo.ts";
import type { LaneWork } from "./lane-work.ts";

export interface LaneInit {
  /** The name of the subscription. */
  readonly name: string;
  /** Attempts that may run at once. */
  readonly concurrency: number;
  readonly isOrdered: boolean;
  /** Works that may wait for their first attempt; under the policy "block", as many again wait for room. */
  readonly capacity: number;
  readonly policy: QueuePolicy;
  /** Whether anything may start at all. */
  readonly isOpen: () => boolean;
  readonly pacer: { isTurnOver(): boolean; afterTurn(resume: () => void): void };
}

/** The works of one key: one holds it until it settles, the others wait behind. */
interface Line<Work> {
  holder: Work;
  readonly waiting: Fifo<Work>;
}

/**
 * What stands between the deliveries of one subscription and its handler: slots, the order within each key, and a
 * bounded queue. A work has a slot while an attempt of it runs, and its key until it settles: a retry that waits lets
 * others run, but nobody of its key overtake it.
 */
export class Lane<Work extends LaneWork> {
  readonly #init: LaneInit;
  readonly #running = new Set<Work>();
  /** Works that wait for nothing but a slot: due retries, and the rest in order of arrival. */
  readonly #due = new Fifo<Work>();
  readonly #ready = new Fifo<Work>();
  readonly #lines = new Map<unknown, Line<Work>>();
  readonly #blocked = new Fifo<Work>();
  /** Everything queued in order of arrival, and some that has left: for the policy that drops the oldest. */
  #arrivals: Work[] = [];
  #queuedCount = 0;
  #blockedCount = 0;
  #isPaused = false;
  #isDraining = false;
  #isPumping = false;
  #isPumpDue = false;

  constructor(init: LaneInit) {
    this.#init = init;
  }

  get capacity(): number {
    return this.#init.capacity;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  get isOrdered(): boolean {
    return this.#init.isOrdered;
  }

  /** Whether a work would have to wait for room before it is queued. */
  get isBlocking(): boolean {
    return this.#init.policy === "block" && this.#isFull;
  }

  get #isFull(): boolean {
    return this.#queuedCount >= this.#init.capacity;
  }

  get #hasSlot(): boolean {
    const { concurrency, isOpen } = this.#init;
    return !this.#isPaused && this.#running.size < concurrency && isOpen();
  }

  /** Takes a new work: it runs now, waits, or is dropped. */
  offer(work: Work): void {
    const isNext = this.#hasSlot && this.#due.size + this.#ready.size + this.#blockedCount === 0;
    if (isNext && !this.#lines.has(work.orderKey)) {
      this.#takeKey(work);
      this.#run(work);
    } else if (!this.#isFull || this.#makeRoom(work)) {
      this.#enqueue(work);
      work.queued();
      this.#pump();
    }
  }

  /** True if the work may join the full queue after all. */
  #makeRoom(work: Work): boolean {
    const { name, capacity, policy } = this.#init;
    if (policy === "drop-oldest") this.#dropOldest();
    else if (policy === "drop-newest") work.drop("drop_newest", undefined);
    else if (policy === "reject") {
      const text = `the queue of "${name}" is full: ${capacity} events wait; raise queue.capacity or concurrency, or publish slower`;
      work.drop("reject", new BusError("QUEUE_FULL", text));
    } else if (this.#blockedCount >= capacity) work.drop("queue_full", undefined);
    else {
      work.place = "blocked";
      this.#blockedCount++;
      this.#blocked.push(work);
      work.queued();
    }
    return policy === "drop-oldest";
  }

  #dropOldest(): void {
    const index = this.#arrivals.findIndex((each) => each.place === "queued");
    const oldest = this.#arrivals[index];
    this.#arrivals.splice(0, index + 1);
    oldest?.drop("drop_oldest", undefined);
  }

  #enqueue(work: Work): void {
    work.place = "queued";
    this.#queuedCount++;
    if (this.#init.policy === "drop-oldest") this.#noteArrival(work);
    const line = this.#lines.get(work.orderKey);
    if (line !== undefined) line.waiting.push(work);
    else {
      this.#takeKey(work);
      this.#ready.push(work);
    }
  }

  #noteArrival(work: Work): void {
    if (this.#arrivals.length > 2 * this.#init.capacity + 16) {
      this.#arrivals = this.#arrivals.filter((each) => each.place === "queued");
    }
    this.#arrivals.push(work);
  }

  #takeKey(work: Work): void {
    if (!this.#init.isOrdered) return;
    work.holdsKey = true;
    this.#lines.set(work.orderKey, { holder: work, waiting: new Fifo() });
  }

  #passKey(work: Work): void {
    work.holdsKey = false;
    const line = this.#lines.get(work.orderKey);
    const next = line && nextUnsettled(line.waiting);
    if (line === undefined || next === undefined) {
      this.#lines.delete(work.orderKey);
      return;
    }
    line.holder = next;
    next.holdsKey = true;
    this.#ready.push(next);
  }

  /** A work has settled, wherever it stood. */
  leave(work: Work): void {
    this.#stepOut(work);
    if (work.holdsKey) this.#passKey(work);
    this.#pump();
  }

  /** A work waits for its retry: it gives its slot to others, but keeps its key. */
  rest(work: Work): void {
    this.#stepOut(work);
    this.#pump();
  }

  /** The retry of a work is due. */
  rejoin(work: Work): void {
    if (this.#hasSlot) {
      this.#run(work);
      return;
    }
    work.place = "due";
    this.#due.push(work);
    work.queued();
  }

  #stepOut(work: Work): void {
    const { place } = work;
    work.place = "none";
    if (place === "running") this.#running.delete(work);
    else if (place === "queued") this.#queuedCount--;
    else if (place === "blocked") this.#blockedCount--;
  }

  #run(work: Work): void {
    this.#stepOut(work);
    work.place = "running";
    this.#running.add(work);
    work.run();
  }

  /** Starts what may start; works that end at once are gone through in a loop, however many wait. */
  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    for (;;) {
      this.#admit();
      if (!this.#hasSlot) break;
      const next = nextUnsettled(this.#due) ?? nextUnsettled(this.#ready);
      if (next === undefined) break;
      this.#run(next);
      if (this.#init.pacer.isTurnOver()) {
        this.#pumpLater();
        break;
      }
    }
    this.#isPumping = false;
  }

  /** Long queues of quick handlers must not starve the event loop. */
  #pumpLater(): void {
    if (this.#isPumpDue) return;
    this.#isPumpDue = true;
    this.#init.pacer.afterTurn(() => {
      this.#isPumpDue = false;
      this.#pump();
    });
  }

  #admit(): void {
    while (this.#blockedCount > 0 && !this.#isFull) {
      const work = nextUnsettled(this.#blocked);
      if (work === undefined) return;
      this.#stepOut(work);
      this.#enqueue(work);
      work.admitted();
    }
  }

  pause(): void {
    this.#isPaused = !this.#isDraining;
  }

  resume(): void {
    this.#isPaused = false;
    this.#pump();
  }

  /** Lets everything run from now on, paused or not. */
  drain(): void {
    this.#isDraining = true;
    this.resume();
  }

  /** Settles whatever has not started: the subscription has gone. */
  unsubscribed(): void {
    this.#isPaused = false; // what has started may finish
    this.#skipAll();
    this.#pump();
  }

  #skipAll(): void {
    const lines = [...this.#lines.values()].map((line) => line.waiting);
    // all of them first: one that leaves would pass its key to the next
    const works = [this.#ready, ...lines, this.#blocked].flatMap((each) => each.clear());
    for (const work of works) {
      if (!work.isSettled) work.skip();
    }
  }

  /** The works of which one must end before a new work of this key can start: the holder of the key, else whoever runs. */
  blockers(orderKey: unknown): readonly Work[] {
    if (this.#isPaused) return []; // whoever paused it may resume it
    const line = this.#lines.get(orderKey);
    if (line !== undefined) return [line.holder];
    return this.#hasSlot ? [] : [...this.#running];
  }
}

/** The first item that has not been settled while it waited. */
function nextUnsettled<Work extends LaneWork>(line: Fifo<Work>): Work | undefined {
  for (;;) {
    const work = line.shift();
    if (work === undefined || !work.isSettled) return work;
  }
}
