import type { RunRecord } from "./run-record.ts";
import type { Sheet } from "./screen.ts";
import { clip, count } from "./text.ts";

/** How the service answered, and whether that was what the senders should have got. */
export function answerLines({ answers, surprises }: RunRecord, { width, paint }: Sheet): string[] {
  const lines = answers.map(({ status, reason, count: times }) => {
    const style = status < 300 ? "green" : "yellow";
    return `${paint(style, String(status))}  ${reason.padEnd(REASON_WIDTH)} ${count(times).padStart(COUNT_WIDTH)}`;
  });
  if (lines.length === 0) return ["nobody asked for anything"];
  const shown = surprises.slice(0, MAX_SURPRISES).map(({ what, expected, answer }) => {
    const got = answer.status === 0 ? "no answer" : String(answer.status);
    return paint("red", clip(`✗ ${what}: expected ${expected}, got ${got}: ${answer.text}`, width));
  });
  const rest = surprises.length - shown.length;
  return [...lines, ...shown, ...(rest > 0 ? [paint("red", `✗ and ${count(rest)} more`)] : [])];
}

const REASON_WIDTH = 24;
const COUNT_WIDTH = 7;
const MAX_SURPRISES = 8;
