import { partnersOf } from "../bus/drain-partners.ts";
import type { BusStop } from "./drain-bus.ts";
import { type DrainTime, drainInTime, LEAST_MS } from "./drain-in-time.ts";
import type { StoppableBus } from "./stop-options.ts";
import { volatileTransportsOf } from "./volatile-transports.ts";

/** What a drain of several buses needs to know. */
export interface Draining extends Pick<DrainTime, "problems"> {
  readonly buses: readonly StoppableBus[];
  readonly timeLeft: () => number;
}

/**
 * Drains buses that may send to each other, and back: each begins when those before it are idle for the first time, and
 * none closes before all of them are, and what the transports between them hold has been handled, or the deadline has
 * passed. Meanwhile their links go on, and their handlers may publish on each other.
 */
export async function drainTogether({ buses, timeLeft, problems }: Draining): Promise<(BusStop | undefined)[]> {
  const rounds = new Rounds(buses);
  const stops: Promise<BusStop | undefined>[] = [];
  for (const bus of buses) {
    const wasIdle = rounds.add(bus);
    const stop = drainInTime(bus, { deadlineMs: Math.max(timeLeft(), LEAST_MS), problems });
    stops.push(stop);
    await Promise.race([wasIdle, stop]);
  }
  return Promise.all(stops);
}

/** Knows when all of the buses are idle at once. */
class Rounds {
  readonly #buses: readonly StoppableBus[];
  readonly #companions: ReadonlySet<object>;
  #begun = 0;
  #areOver = false;

  constructor(buses: readonly StoppableBus[]) {
    this.#buses = buses;
    this.#companions = new Set(buses);
  }

  /** To be called as the drain of this bus begins; resolves when the bus is idle for the first time. */
  add(bus: StoppableBus): Promise<void> {
    this.#begun++;
    return new Promise((resolve) => {
      const partners = partnersOf(bus);
      if (partners === undefined) return;
      partners.companions = this.#companions;
      partners.areOthersIdle = () => {
        resolve();
        this.#areOver ||= this.#begun === this.#buses.length && this.#isAllIdle();
        return this.#areOver;
      };
    });
  }

  /** An event on its way is in flight on a bus, or held by a transport: nothing is on its way when neither has any. */
  #isAllIdle(): boolean {
    if (!this.#buses.every(isIdle)) return false;
    const held = volatileTransportsOf(this.#buses).flatMap((transport) => transport.unsettled());
    return !held.some(({ hasReceiver }) => hasReceiver); // what nobody is there to take is not worth a wait
  }
}

function isIdle(bus: StoppableBus): boolean {
  const { queued, running, waitingForRetry, validating } = bus.stats();
  return queued + running + waitingForRetry + validating === 0 || bus.describe().state === "closed";
}
