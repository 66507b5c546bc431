// taken at load time: a test's fake timers must not stop publishing
const { setImmediate: nextTurn } = globalThis;
const now = performance.now.bind(performance);

const CHECK_EVERY = 8;
const MAX_TURN_MS = 5;

/**
 * Keeps a loop of `await publish` from starving timers and exporters: microtasks alone never let them run. Every few
 * publishes it reads the clock, and past 5 ms of continuous work the results wait for a macrotask, all for the same one.
 */
export class Pacer {
  #count = 0;
  #turnStartedAt = now();
  #waiting: (() => void)[] | undefined;

  /** Whether the result at hand should wait for the next turn. */
  isTurnOver(): boolean {
    if (this.#waiting !== undefined) return true;
    if (++this.#count % CHECK_EVERY !== 0) return false;
    return now() - this.#turnStartedAt >= MAX_TURN_MS;
  }

  /** Calls `resume` in the next turn. */
  afterTurn(resume: () => void): void {
    if (this.#waiting === undefined) {
      this.#waiting = [];
      nextTurn(() => this.#resume());
    }
    this.#waiting.push(resume);
  }

  /** Calls `resume` now, or in the next turn. */
  pace(resume: () => void): void {
    if (this.isTurnOver()) this.afterTurn(resume);
    else resume();
  }

  /** A rejection, at once or in the next turn. */
  reject(error: unknown): Promise<never> {
    if (!this.isTurnOver()) return Promise.reject(error);
    return new Promise((_, reject) => this.afterTurn(() => reject(error)));
  }

  #resume(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    this.#turnStartedAt = now();
    for (const resume of waiting) resume();
  }
}
