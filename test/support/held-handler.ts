import type { BusEvent } from "../../src/index.ts";
import { deferred, settleTurns } from "./test-bus.ts";

/** A handler whose calls last until the test ends them. */
export interface HeldHandler {
  (event: BusEvent): Promise<void>;
  /** The data of the events it was called with, in order. */
  readonly started: unknown[];
  /** Calls that have not been ended. */
  readonly running: number;
  /** The most that ran at once. */
  readonly most: number;
  /** Ends the oldest call, and lets what follows from that happen. */
  end(error?: unknown): Promise<void>;
  /** Ends every call, and those that come from now on at once. */
  release(): Promise<void>;
}

export function heldHandler(): HeldHandler {
  const started: unknown[] = [];
  const calls: ReturnType<typeof deferred<void>>[] = [];
  let most = 0;
  let isReleased = false;
  const handler = async (event: BusEvent): Promise<void> => {
    started.push(event.data);
    if (isReleased) return;
    const call = deferred();
    calls.push(call);
    most = Math.max(most, calls.length);
    await call.promise;
  };
  const end = async (error?: unknown): Promise<void> => {
    const call = calls.shift();
    if (error === undefined) call?.resolve();
    else call?.reject(error);
    await settleTurns();
  };
  const release = async (): Promise<void> => {
    isReleased = true;
    for (const call of calls.splice(0)) call.resolve();
    await settleTurns();
  };
  const numbers = { running: { get: () => calls.length }, most: { get: () => most } };
  return Object.defineProperties(Object.assign(handler, { started, end, release }), numbers) as unknown as HeldHandler;
}
