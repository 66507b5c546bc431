/** The time between two attempts of a delivery. */
export class RetryWait {
  #timer: NodeJS.Timeout | undefined;
  #dueAt = 0;

  /** Calls `wake` after `delayMs`, unless stopped before. */
  start(delayMs: number, wake: () => void): void {
    this.#dueAt = performance.now() + delayMs;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      wake();
    }, delayMs);
  }

  /** Ends the wait early; false when nothing was waiting. */
  stop(): boolean {
    if (this.#timer === undefined) return false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return true;
  }

  /** Whether it waits until later than `instant` on the monotonic clock, in milliseconds. */
  isDueAfter(instant: number): boolean {
    return this.#timer !== undefined && this.#dueAt > instant;
  }
}
