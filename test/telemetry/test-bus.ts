import type { AnyCatalog } from "../../src/catalog/catalog-types.ts";
import { type BusOptions, type DefaultCatalog, EventBus, type Ledger } from "../../src/index.ts";
import type { LedgerSnapshot } from "../support/conservation.ts";
import { createRecordingLogger } from "../support/recording-logger.ts";

const made = new Set<{ stats(): Readonly<Ledger> }>();

/** A bus of the source "shop" that writes nothing to the console. */
export function testBus<Events extends AnyCatalog = DefaultCatalog>(
  options: BusOptions<Events> = {},
): EventBus<Events> {
  const bus = new EventBus<Events>({ source: "shop", logger: createRecordingLogger(), ...options });
  made.add(bus);
  return bus;
}

/** Throws where a bus made since the last call has started spans that it has not ended; for `afterEach`. */
export function failOnOpenSpans(): void {
  const open = [...made].map((bus) => bus.stats()).filter((ledger) => ledger.spansStarted !== ledger.spansEnded);
  made.clear();
  const [first] = open;
  if (first === undefined) return;
  throw new Error(`${first.spansStarted} spans were started and ${first.spansEnded} ended`);
}

/** The sum of two ledgers. */
export function addLedgers(one: LedgerSnapshot, other: LedgerSnapshot): LedgerSnapshot {
  const refused: Record<string, number> = { ...one.refused };
  for (const [code, count] of Object.entries(other.refused)) refused[code] = (refused[code] ?? 0) + count;
  const sums = Object.entries(one).map(([term, value]) => {
    return [term, typeof value === "number" ? value + (other[term as keyof LedgerSnapshot] as number) : value];
  });
  return { ...(Object.fromEntries(sums) as LedgerSnapshot), refused };
}
