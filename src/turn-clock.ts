// taken at load time: a test's fake timers must neither stop nor freeze it
const { setImmediate: nextTurn } = globalThis;
const readClock = Date.now;

/** Readings of one millisecond before a burst is seen in them. */
const BURST = 16;
/** Readings that may share one while a burst lasts. */
const SHARED = 8;

/**
 * The time of day in milliseconds. Reading it costs as much as calling a handler, so in a burst, where readings follow
 * each other within microseconds, up to eight of one turn of the event loop share one; elsewhere each is its own.
 */
export class TurnClock {
  #at = 0;
  #burst = 0;
  #shared = 0;
  #isArmed = false;
  readonly #endTurn = (): void => {
    this.#isArmed = false;
    this.#shared = 0;
    this.#burst = 0;
  };

  now(): number {
    if (this.#shared > 0) {
      this.#shared--;
      return this.#at;
    }
    const at = readClock();
    if (at !== this.#at) {
      this.#at = at;
      this.#burst = 0;
    } else if (++this.#burst >= BURST) this.#share();
    return at;
  }

  #share(): void {
    this.#shared = SHARED - 1;
    if (this.#isArmed) return;
    this.#isArmed = true;
    nextTurn(this.#endTurn);
  }
}
