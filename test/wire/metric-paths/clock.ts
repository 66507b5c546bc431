/** Milliseconds that both clocks of this process are ahead of where they began; nothing but `pass` moves them. */
let ms = 0;

const MONOTONIC_START_MS = 1_000;
const EPOCH_MS = 1_700_000_000_000;

performance.now = () => MONOTONIC_START_MS + ms;
Date.now = () => EPOCH_MS + ms;

/** Lets time pass for everything that was loaded after this module; timers go by the real clock. */
export function pass(durationMs: number): void {
  ms += durationMs;
}
