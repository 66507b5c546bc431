import { setTimeout as sleep } from "node:timers/promises";
import { chance } from "./chance.ts";

/** How a {@link Remote} behaves; the rates are shares of calls, from 0 to 1. */
export interface RemoteOptions {
  readonly name: string;
  /** The shortest and the longest answer time. */
  readonly latencyMs: readonly [shortest: number, longest: number];
  /** Calls that fail, and may succeed when repeated. */
  readonly failureRate?: number;
  /** Keys whose calls fail however often they are repeated. */
  readonly outageRate?: number;
  /** Keys whose calls are never answered. */
  readonly hangRate?: number;
}

/** One call. The same key and attempt are answered the same way, in every run. */
export interface RemoteCall {
  readonly key: string;
  readonly attempt: number;
  readonly signal: AbortSignal;
}

/** A service beyond the network, simulated: slow, now and then unavailable, sometimes silent. */
export class Remote {
  readonly #options: RemoteOptions;

  constructor(options: RemoteOptions) {
    this.#options = options;
  }

  /** @throws RemoteError, or the signal's reason */
  async call({ key, attempt, signal }: RemoteCall): Promise<void> {
    const { name, latencyMs, failureRate = 0, outageRate = 0, hangRate = 0 } = this.#options;
    const [shortest, longest] = latencyMs;
    const isSilent = chance(name, "hang", key) < hangRate;
    const answerMs = shortest + (longest - shortest) * chance(name, "latency", key, attempt);
    await sleep(isSilent ? SILENCE_MS : answerMs, undefined, { signal });
    const isDown = chance(name, "outage", key) < outageRate;
    if (isDown || chance(name, "failure", key, attempt) < failureRate) throw new RemoteError(`${name} answered 503`);
  }
}

const SILENCE_MS = 60_000;

/** The remote answered, but not with a success. */
export class RemoteError extends Error {
  override readonly name = "RemoteError";
}
