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

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get capacity(): number {
    return this.#capacity;
  }

  get isFull(): boolean {
    return this.#waiting.size >= this.#capacity;
  }

  /** Calls `due` after `delayMs`, unless everything is cancelled before. */
  add(event: EventRecord, delayMs: number, { due, cancel }: { due: () => void; cancel: () => void }): void {
    const timer = setTimeout(() => {
      this.#waiting.delete(scheduled);
      due();
    }, delayMs);
    const scheduled: Scheduled = { event, timer, cancel };
    this.#waiting.add(scheduled);
  }

  /** Cancels everything, and returns the events it was. */
  cancelAll(): EventRecord[] {
    const cancelled = [...this.#waiting];
    this.#waiting.clear();
    for (const { timer } of cancelled) clearTimeout(timer);
    for (const { cancel } of cancelled) cancel();
    return cancelled.map(({ event }) => event);
  }
}
