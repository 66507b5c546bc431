import type { HandlerRecord } from "../hub/journal.ts";
import type { Sheet } from "./screen.ts";
import { type Column, tableLines } from "./table.ts";
import { count, milliseconds } from "./text.ts";

/** One row for each subscription. */
export function handlerLines(handlers: readonly HandlerRecord[], { width, paint }: Sheet): string[] {
  if (handlers.length === 0) return ["no handler was called"];
  const tables = [
    tableLines(handlers, columnsFor(handlers, WORDS)),
    tableLines(handlers, columnsFor(handlers, SHORT_WORDS)),
    tableLines(handlers, columnsFor(handlers, SHORT_WORDS), " "),
  ];
  const fitting = tables.find((lines) => lines.every((line) => line.length <= width)) ?? tables.at(-1);
  const [heading = "", ...rows] = fitting ?? [];
  return [paint("dim", heading), ...rows];
}

const WORDS = ["handled", "failed", "timed out", "discarded", "cut", "retries"] as const;
const SHORT_WORDS = ["ok", "fail", "late", "disc", "cut", "rtry"] as const;

function columnsFor(
  handlers: readonly HandlerRecord[],
  [handled, failed, timedOut, discarded, cut, retries]: typeof WORDS | typeof SHORT_WORDS,
): readonly Column<HandlerRecord>[] {
  const isCut = handlers.some((each) => each.cut > 0);
  return [
    { heading: "handler", align: "left", cell: (row) => row.name },
    { heading: "calls", cell: (row) => count(row.calls) },
    { heading: handled, cell: (row) => count(row.handled) },
    { heading: failed, cell: (row) => orDot(row.failed) },
    { heading: timedOut, cell: (row) => orDot(row.timedOut) },
    { heading: discarded, cell: (row) => orDot(row.discarded) },
    ...(isCut ? [{ heading: cut, cell: (row: HandlerRecord) => orDot(row.cut) }] : []),
    { heading: retries, cell: (row) => orDot(row.retries) },
    ...[0.5, 0.95, 0.99].map((share) => ({
      heading: `p${share * 100}`,
      cell: (row: HandlerRecord) => percentile(row.durationsMs, share),
    })),
  ];
}

function orDot(value: number): string {
  return value === 0 ? "·" : count(value);
}

/** The nearest rank: a duration that was measured, never one in between. */
function percentile(values: readonly number[], share: number): string {
  const value = values.toSorted((a, b) => a - b)[Math.ceil(values.length * share) - 1];
  return value === undefined ? "·" : milliseconds(value);
}
