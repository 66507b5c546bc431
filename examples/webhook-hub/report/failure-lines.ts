import type { DeadLetter } from "spanbus";
import { groupBy } from "./group-by.ts";
import type { Sheet } from "./screen.ts";
import { clip, count, plural } from "./text.ts";

const MAX_SHOWN = 12;
const ID_WIDTH = 36;
const SHORT_ID = 8;

/** Dead letters, by subscription and error. */
export function failureLines(deadLetters: readonly DeadLetter[], { width, paint }: Sheet): string[] {
  if (deadLetters.length === 0) return ["none"];
  const groups = groupBy(deadLetters, groupTitle);
  const nameWidth = width - 2 - ID_WIDTH - SHORT_ID - 16;
  let left = MAX_SHOWN;
  const lines: string[] = [];
  for (const [title, letters] of [...groups].sort(([, a], [, b]) => b.length - a.length)) {
    const shown = letters.slice(0, left);
    left -= shown.length;
    if (shown.length === 0) break;
    lines.push(paint("red", clip(title, width - 10)) + paint("dim", `  × ${count(letters.length)}`));
    for (const { id, event } of shown) {
      const name = clip(event.name.replace(/^github\./, ""), nameWidth).padEnd(nameWidth);
      const correlationId = clip(event.correlationId, ID_WIDTH).padEnd(ID_WIDTH);
      lines.push(`  ${name}  ${correlationId}  ${paint("dim", `dead letter ${id.slice(0, SHORT_ID)}`)}`);
    }
  }
  const rest = deadLetters.length - Math.min(deadLetters.length, MAX_SHOWN);
  return rest === 0 ? lines : [...lines, paint("dim", `and ${count(rest)} more`)];
}

function groupTitle({ subscription, errors, reason, attempts }: DeadLetter): string {
  const { type = reason, message } = errors.at(-1) ?? {};
  const isSaidByHandler = type === "handler_dead_lettered";
  const why = isSaidByHandler ? reason : type === "timeout" || message === undefined ? type : `${type}: ${message}`;
  return `${subscription}  ${why} (${plural(attempts, "attempt")})`;
}
