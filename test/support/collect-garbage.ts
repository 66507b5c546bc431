import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { settleTurns } from "./test-bus.ts";

/** Collects what nothing holds any more. */
export async function collectGarbage(): Promise<void> {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  for (let round = 0; round < 3; round++) {
    await settleTurns(); // a WeakRef that was read keeps its target until the turn is over
    collect();
  }
}
