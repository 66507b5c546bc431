// taken at load time: a test's fake timers must not stop what waits for the test
const { setTimeout, clearTimeout, setImmediate } = globalThis;
const now = performance.now.bind(performance);

/** Whether a test has replaced the timers. */
export function areTimersFaked(): boolean {
  return globalThis.setTimeout !== setTimeout;
}

/** Real milliseconds, whatever the test did to the clock. */
export function realNow(): number {
  return now();
}

/** Lets everything that is ready run, timers that are due included. */
export async function letTurnsPass(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setTimeout(resolve, 2)); // a timer of 0 is one of 1 ms
  await new Promise((resolve) => setImmediate(resolve));
}

/** When something last happened on a bus, and a way to wait for more. */
export class Activity {
  #waiting = new Set<() => void>();
  #count = 0;
  #lastAt = now();

  /** Grows whenever something happens. */
  get count(): number {
    return this.#count;
  }

  /** The real instant of the last time, in milliseconds. */
  get lastAt(): number {
    return this.#lastAt;
  }

  /** Something happened. */
  touch(): void {
    this.#count++;
    this.#lastAt = now();
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const wake of waiting) wake();
  }

  /** Resolves when something happens, or after `ms` real milliseconds. */
  async next(ms: number): Promise<void> {
    const { promise, resolve } = withResolvers();
    this.#waiting.add(resolve);
    const timer = setTimeout(resolve, Math.max(0, ms));
    await promise;
    clearTimeout(timer);
    this.#waiting.delete(resolve);
  }
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
