import type { Ledger } from "../delivery/ledger.ts";
import { total } from "./conservation.ts";
import type { RecordLists } from "./records.ts";

/** Where a bus that is quiet counted other than what was seen of it; empty when both agree. */
export function recordMismatches(ledger: Readonly<Ledger>, lists: RecordLists): string[] {
  const expected: readonly (readonly [what: string, seen: number, counted: number])[] = [
    ["published", lists.published.length, ledger.accepted],
    ["refused", lists.refused.length, total(ledger, ["refused"])],
    ["unrouted", lists.unrouted.length, ledger.unrouted],
    ["delivered", lists.delivered.length, ledger.handled],
    ["retried", lists.retried.length, ledger.retries],
    ["deadLettered", lists.deadLettered.length, ledger.deadLettered],
  ];
  return expected
    .filter(([, seen, counted]) => seen !== counted)
    .map(([what, seen, counted]) => `${what}: ${seen} were seen, the bus counted ${counted}`);
}
