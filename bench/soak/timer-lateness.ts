import { setTimeout as sleep } from "node:timers/promises";
import type { Reading } from "./figure.ts";

/**
 * How much too late timers come: by the clock, which on a busy machine is also what others took, and by the CPU time that
 * this thread itself had used since the timer was made.
 */
export class TimerLateness implements Disposable {
  #worstMs = 0;
  #worstCpuMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor() {
    this.#arm();
  }

  readings(when: string): readonly Reading[] {
    const limit = { atMost: 25 };
    const lateness = { unit: "ms", limit, isTiming: true } as const;
    return [
      { what: `timers late by ${when}`, measured: this.#worstMs, ...lateness },
      { what: "… through this thread's own work", measured: this.#worstCpuMs, ...lateness },
    ];
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  #arm(): void {
    const dueAt = performance.now() + EVERY_MS;
    const cpu = process.threadCpuUsage();
    this.#timer = setTimeout(() => {
      const { user, system } = process.threadCpuUsage(cpu);
      this.#worstMs = Math.max(this.#worstMs, performance.now() - dueAt);
      this.#worstCpuMs = Math.max(this.#worstCpuMs, (user + system) / 1000 - EVERY_MS);
      this.#arm();
    }, EVERY_MS);
  }
}

const EVERY_MS = 5;

/** The same while nothing is published: what the machine alone does to timers. */
export async function idleLateness(): Promise<Reading> {
  using timers = new TimerLateness();
  await sleep(1000);
  const [byClock] = timers.readings("");
  return { what: "timers late by, before anything is published", measured: byClock?.measured ?? 0, unit: "ms" };
}
