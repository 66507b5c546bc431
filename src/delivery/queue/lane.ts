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
  /** Whether whatever waits is to run, paused or not. */
  readonly isDraining: () => boolean;
  readonly pacer: { isTurnOver(): boolean; afterTurn(resume: () => void): void };
}

/** The works of one key: one holds it until it settles, the others wait behind. */
interface Line<Work> {
  holder: Work;
  readonly waiting: Fifo<Work>;
}

/** What of a lane has yet to start. */
export interface LaneWaiting<Work> {
  readonly readyCount: number;
  /** By key: who has it, and how many wait behind. */
  readonly lines: ReadonlyMap<unknown, { readonly holder: Work; readonly waiting: { readonly size: number } }>;
  /** In the order in which they will have room. */
  readonly blocked: readonly Work[];
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
  readonly #due = new Fifo<Work>(isSettled);
  readonly #ready = new Fifo<Work>(isSettled);
  readonly #lines = new Map<unknown, Line<Work>>();
  readonly #blocked = new Fifo<Work>(isSettled);
  /** Everything queued, in order of arrival: for the policy that drops the oldest. */
  readonly #arrivals = new Fifo<Work>((work) => work.place !== "queued");
  #queuedCount = 0;
  #isPaused = false;
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

  get #isFull(): boolean {
    return this.#queuedCount >= this.#init.capacity;
  }

  /** Whether a new work of this key would have to wait for room before it is queued. */
  isBlocking(orderKey: unknown): boolean {
    const { policy, capacity } = this.#init;
    return policy === "block" && this.#isFull && this.#blocked.size < capacity && !this.#isNext(orderKey);
  }

  get #hasSlot(): boolean {
    return !this.#isPaused && this.hasFreeSlot && this.#init.isOpen();
  }

  /** Whether one more may run, paused or not. */
  get hasFreeSlot(): boolean {
    return this.#running.size < this.#init.concurrency;
  }

  /** Whether a new work of this key has nobody to wait for. */
  #isNext(orderKey: unknown): boolean {
    const waitingCount = this.#due.size + this.#ready.size + this.#blocked.size;
    return waitingCount === 0 && this.#hasSlot && !this.#lines.has(orderKey);
  }

  /** Takes a new work: it runs now, waits, or is dropped. */
  offer(work: Work): void {
    this.#admit(); // who waits for room came first
    if (this.#isNext(work.orderKey)) {
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
    } else if (!this.isBlocking(work.orderKey)) work.drop("queue_full", undefined);
    else {
      work.place = "blocked";
      this.#blocked.push(work);
      work.queued();
    }
    return policy === "drop-oldest";
  }

  #dropOldest(): void {
    const wasPumping = this.#isPumping;
    this.#isPumping = true; // the room is for the new work, not for what others would publish
    this.#arrivals.first?.drop("drop_oldest", undefined);
    this.#isPumping = wasPumping;
  }

  #enqueue(work: Work): void {
    work.place = "queued";
    this.#queuedCount++;
    if (this.#init.policy === "drop-oldest") this.#arrivals.push(work);
    const line = this.#lines.get(work.orderKey);
    if (line !== undefined) line.waiting.push(work);
    else {
      this.#takeKey(work);
      this.#ready.push(work);
    }
  }

  #takeKey(work: Work): void {
    if (!this.#init.isOrdered) return;
    work.holdsKey = true;
    this.#lines.set(work.orderKey, { holder: work, waiting: new Fifo<Work>(isSettled) });
  }

  #passKey(work: Work): void {
    work.holdsKey = false;
    const line = this.#lines.get(work.orderKey);
    const next = line?.waiting.shift();
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
    const queue = this.#queueOf(work);
    this.#stepOut(work);
    queue?.noteGone();
    if (work.holdsKey) this.#passKey(work);
    this.#pump();
  }

  #queueOf({ place, holdsKey, orderKey }: Work): Fifo<Work> | undefined {
    if (place === "due") return this.#due;
    if (place === "blocked") return this.#blocked;
    if (place !== "queued") return undefined;
    return holdsKey ? this.#ready : (this.#lines.get(orderKey)?.waiting ?? this.#ready);
  }

  /** A work waits for its retry: it gives its slot to others, but keeps its key. */
  rest(work: Work): void {
    this.#stepOut(work);
    this.#pump();
  }

  /** The retry of a work is due. */
  rejoin(work: Work): void {
    if (this.#hasSlot && this.#due.size === 0) {
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
    else if (place === "queued") {
      this.#queuedCount--;
      if (this.#init.policy === "drop-oldest") this.#arrivals.noteGone();
    }
  }

  #run(work: Work): void {
    this.#stepOut(work);
    work.place = "running";
    this.#running.add(work);
    this.#admit(); // first: the handler may publish, after whoever waits for room
    work.run();
  }

  /** Starts what may start; works that end at once are gone through in a loop, however many wait. */
  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    for (;;) {
      this.#admit();
      if (!this.#hasSlot) break;
      const next = this.#due.shift() ?? this.#ready.shift();
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
    while (this.#blocked.size > 0 && !this.#isFull) {
      const work = this.#blocked.shift();
      if (work === undefined) return;
      this.#enqueue(work);
      work.admitted();
    }
  }

  /** Starts nothing from now on; not while draining, which it would hold up. */
  pause(): void {
    this.#isPaused = !this.#init.isDraining();
  }

  resume(): void {
    this.#isPaused = false;
    this.#pump();
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
      this.#stepOut(work);
      work.skip();
    }
  }

  /** Works that have a slot. */
  get running(): ReadonlySet<Work> {
    return this.#running;
  }

  /** The work that has this key, if any has. */
  holderOf(orderKey: unknown): Work | undefined {
    return this.#lines.get(orderKey)?.holder;
  }

  /** What has yet to start: works that need only a slot, those behind the holders of their keys, and who waits for room. */
  get waiting(): LaneWaiting<Work> {
    return { readyCount: this.#ready.size, lines: this.#lines, blocked: this.#blocked.list() };
  }
}

function isSettled(work: LaneWork): boolean {
  return work.isSettled;
}
