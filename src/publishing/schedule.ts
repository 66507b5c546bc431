import type { EventRecord } from "../event/event.ts";

/** An event that waits for its time. */
interface Scheduled {
  readonly event: EventRecord;
  readonly timer: NodeJS.Timeout;
  readonly cancel: () => void;
}

/** Events published to be delivered later: timers of this process, which survive nothing. */
export class Schedule {
  readonly #capacity: number;
  readonly #waiting = new Set<Scheduled>();
  #cancelled: EventRecord[] = [];
  #isStopped = false;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get capacity(): number {
    return this.#capacity;
  }

  get isFull(): boolean {
    return this.#waiting.size >= this.#capacity;
  }

  /** Calls `due` after `delayMs`, unless everything is cancelled before, and `cancel` then. */
  add(event: EventRecord, delayMs: number, { due, cancel }: { due: () => void; cancel: () => void }): void {
    if (this.#isStopped) {
      this.#cancelled.push(event);
      cancel();
      return;
    }
    const timer = setTimeout(() => {
      this.#waiting.delete(scheduled);
      due();
    }, Math.ceil(delayMs)); // a timer of 1.5 ms would be one of 1 ms
    const scheduled: Scheduled = { event, timer, cancel };
    this.#waiting.add(scheduled);
  }

  /** Cancels everything, also what comes later, and returns the events cancelled since the last call. */
  cancelAll(): readonly EventRecord[] {
    this.#isStopped = true;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const { timer } of waiting) clearTimeout(timer);
    for (const { cancel } of waiting) cancel();
    const cancelled = [...this.#cancelled, ...waiting.map(({ event }) => event)];
    this.#cancelled = [];
    return cancelled;
  }
}
