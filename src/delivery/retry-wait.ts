import type { Accounts } from "./accounts.ts";

/** The time between two attempts of a delivery, in the books as long as it lasts. */
export class RetryWait {
  readonly #accounts: Accounts;
  #timer: NodeJS.Timeout | undefined;
  #dueAt = 0;

  constructor(accounts: Accounts) {
    this.#accounts = accounts;
  }

  /** Calls `wake` after `delayMs`, unless stopped before. */
  start(delayMs: number, wake: () => void): void {
    this.#accounts.waiting(1);
    this.#dueAt = performance.now() + delayMs;
    this.#timer = setTimeout(() => {
      this.stop();
      wake();
    }, delayMs);
  }

  /** Ends the wait, where there is one. */
  stop(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#accounts.waiting(-1);
  }

  /** Whether it waits until later than `instant` on the monotonic clock, in milliseconds. */
  isDueAfter(instant: number): boolean {
    return this.#timer !== undefined && this.#dueAt > instant;
  }
}
