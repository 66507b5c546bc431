import type { RunRecord } from "./run-record.ts";
import type { Sheet, Style } from "./screen.ts";
import { count } from "./text.ts";

interface Outcome {
  readonly label: string;
  readonly times: number;
  readonly style: Style;
}

/** Deliveries by outcome and disposition, and what the bus refused. */
export function outcomeLines({ ledger, handlers }: RunRecord, { width, paint }: Sheet): string[] {
  const total = (field: "failed" | "timedOut" | "discarded" | "cut"): number =>
    handlers.reduce((sum, each) => sum + each[field], 0);
  const outcomes: readonly Outcome[] = [
    { label: "handled", times: ledger.handled, style: "green" },
    { label: "failed, dead-lettered", times: total("failed"), style: "red" },
    { label: "timed out, dead-lettered", times: total("timedOut"), style: "red" },
    { label: "failed, discarded on purpose", times: total("discarded"), style: "yellow" },
    { label: "cut short", times: total("cut"), style: "red" },
  ];
  const refused = Object.entries(ledger.refused).map(([reason, times]) => `${count(times)} ${reason}`);
  return [
    ...outcomes.filter(({ times }) => times > 0).map((outcome) => bar(outcome, ledger.matched, { width, paint })),
    `attempts retried  ${count(ledger.retries)}`,
    `refused by the bus  ${refused.length === 0 ? "nothing" : refused.join(", ")}`,
  ];
}

const LABEL_WIDTH = 28;
const FIGURES_WIDTH = 18;

function bar({ label, times, style }: Outcome, whole: number, { width, paint }: Sheet): string {
  const share = times / whole;
  const cells = Math.round(share * (width - LABEL_WIDTH - FIGURES_WIDTH - 2));
  const figures = `${count(times).padStart(8)} ${`${(share * 100).toFixed(1)} %`.padStart(FIGURES_WIDTH - 9)}`;
  return `${label.padEnd(LABEL_WIDTH)}${figures}  ${paint(style, "█".repeat(cells) || "▏")}`;
}
