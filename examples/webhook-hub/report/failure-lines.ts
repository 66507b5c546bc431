import { type DeadLetter, jaegerTraceUrl } from "spanbus";
import { groupBy } from "./group-by.ts";
import type { RunRecord } from "./run-record.ts";
import type { Sheet } from "./screen.ts";
import { clip, count, plural } from "./text.ts";

const MAX_SHOWN = 12;
const ID_WIDTH = 36;
const SHORT_ID = 8;

/** Dead letters, by subscription and error, each with the way to its trace where there is one. */
export function failureLines(run: Pick<RunRecord, "deadLetters" | "links">, { width, paint }: Sheet): string[] {
  const { deadLetters, links } = run;
  if (deadLetters.length === 0) return ["none"];
  const groups = [...groupBy(deadLetters, groupTitle)].sort(([, a], [, b]) => b.length - a.length);
  const shown = firstOfEach(groups.map(([, letters]) => letters));
  const nameWidth = width - 2 - ID_WIDTH - SHORT_ID - 16;
  const lines: string[] = [];
  for (const [title, letters] of groups) {
    if (!letters.some((letter) => shown.has(letter))) break;
    lines.push(paint("red", clip(title, width - 10)) + paint("dim", `  × ${count(letters.length)}`));
    for (const { id, event, errors } of letters.filter((letter) => shown.has(letter))) {
      const name = clip(event.name.replace(/^github\./, ""), nameWidth).padEnd(nameWidth);
      const correlationId = clip(event.correlationId, ID_WIDTH).padEnd(ID_WIDTH);
      lines.push(`  ${name}  ${correlationId}  ${paint("dim", `dead letter ${id.slice(0, SHORT_ID)}`)}`);
      const traceId = errors.at(-1)?.traceId;
      if (links === undefined || traceId === undefined) continue;
      lines.push(`    ${paint("cyan", jaegerTraceUrl(traceId, { baseUrl: links.baseUrl }))}`);
    }
  }
  const rest = deadLetters.length - shown.size;
  return rest === 0 ? lines : [...lines, paint("dim", `and ${count(rest)} more`)];
}

/** Taken from all groups in turn, so that no kind of failure hides behind a frequent one. */
function firstOfEach(groups: readonly (readonly DeadLetter[])[]): ReadonlySet<DeadLetter> {
  const longest = Math.max(...groups.map((letters) => letters.length));
  const inTurn = Array.from({ length: Math.min(longest, MAX_SHOWN) }, (_, i) => groups.map((letters) => letters[i]));
  return new Set(
    inTurn
      .flat()
      .filter((letter) => letter !== undefined)
      .slice(0, MAX_SHOWN),
  );
}

function groupTitle({ subscription, errors, reason, attempts }: DeadLetter): string {
  const { type = reason, message } = errors.at(-1) ?? {};
  const isSaidByHandler = type === "handler_dead_lettered";
  const why = isSaidByHandler ? reason : type === "timeout" || message === undefined ? type : `${type}: ${message}`;
  return `${subscription}  ${why} (${plural(attempts, "attempt")})`;
}
