import fc from "fast-check";
import type { LedgerSnapshot } from "../support/conservation.ts";
import { settleTurns } from "../support/test-bus.ts";
import { BusModel } from "./bus-model.ts";
import { history } from "./commands.ts";
import { RealBus } from "./real-bus.ts";

/** What a history left behind when its bus is closed. */
export interface Aftermath {
  readonly ledger: LedgerSnapshot;
  /** Breaches of the conservation law, and numbers that the model says otherwise. */
  readonly disagreements: readonly string[];
  /** Promises of the bus that have not settled. */
  readonly pending: number;
}

/** Plays any history on a bus and on the model, which must agree after each command; needs fake timers. */
export function playHistory(judge: (aftermath: Aftermath) => void): fc.IAsyncProperty<unknown> {
  return fc.asyncProperty(history, fc.constantFrom(1, 1000), async (commands, deadLetterCapacity) => {
    const model = new BusModel(deadLetterCapacity);
    const real = new RealBus(deadLetterCapacity);
    await fc.asyncModelRun(() => ({ model, real }), commands);
    model.close();
    real.close();
    await real.advance(0);
    await settleTurns(); // results that wait for a real turn, so that publishing does not starve the event loop
    judge({ ledger: real.ledger, disagreements: real.disagreements(model.predict()), pending: real.pending });
  }) as fc.IAsyncProperty<unknown>;
}
