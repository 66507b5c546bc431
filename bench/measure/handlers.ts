import type { Handler } from "../contestant.ts";
import type { Scenario } from "../scenario.ts";

/** The handlers of a run, and how often they were called. */
export interface CountedHandlers {
  readonly handlers: readonly Handler[];
  /** Calls that came to an end, by handler. */
  readonly calls: number[];
}

/** A closure for each handler, as an application has. */
export function countedHandlers({ kind, handlers: count }: Scenario): CountedHandlers {
  const calls: number[] = new Array(count).fill(0);
  const make = (index: number): Handler => {
    const hear = (): void => {
      calls[index] = (calls[index] ?? 0) + 1;
    };
    if (kind === "sync") return () => hear();
    if (kind === "async") {
      return async () => {
        await undefined;
        hear();
      };
    }
    return () => {
      hear();
      throw new Error("refused");
    };
  };
  return { handlers: calls.map((_, index) => make(index)), calls };
}

/**
 * Handlers of three kinds for a second bus of the same contestant. Published to before anything is measured, they make
 * the code see several handlers, as in any application; else the optimiser inlines an emitter and its only handler into
 * the loop, and the figure is one that nobody will see.
 */
export const DECOYS: readonly Handler[] = [
  (event) => {
    seen = event;
  },
  async () => {
    await undefined;
    heard++;
  },
  () => heard,
];
let seen: unknown;
let heard = 0;

/** Whether the decoys did anything, so that they cannot be optimised away. */
export function decoysRan(): boolean {
  return heard > 0 && seen !== undefined;
}

/** Throws unless each handler ran once for each publish. */
export function checkCalls(calls: readonly number[], publishes: number): void {
  for (const [index, count] of calls.entries()) {
    if (count !== publishes) throw new Error(`handler ${index} ran ${count} times for ${publishes} publishes`);
  }
}
