// taken at load time: a test's fake timers must not stop publishing
const { setImmediate: nextTurn } = globalThis;
const now = performance.now.bind(performance);

const CHECK_EVERY = 8;
const MAX_TURN_MS = 10;

/**
 * Keeps a loop of `await publish` from starving timers and exporters: microtasks alone never let them run. Every few
 * publishes it reads the clock, and past 10 ms of continuous work the next result waits for a macrotask.
 */
export class Pacer {
  #count = 0;
  #turnStartedAt = now();
  #isYielding = false;

  /** Whether the result at hand should wait for the next turn. */
  isTurnOver(): boolean {
    if (this.#isYielding) return true;
    if (++this.#count % CHECK_EVERY !== 0) return false;
    if (now() - this.#turnStartedAt < MAX_TURN_MS) return false;
    this.#isYielding = true;
    nextTurn(() => {
      this.#isYielding = false;
      this.#turnStartedAt = now();
    });
    return true;
  }

  /** Calls `resume` in the next turn. */
  afterTurn(resume: () => void): void {
    nextTurn(resume);
  }
}
