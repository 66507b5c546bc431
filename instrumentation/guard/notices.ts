import { onOneLine } from "../../src/errors.ts";
import type { Logger } from "../../src/logger.ts";

const INTERVAL_MS = 60_000;
/** Different notices kept apart; beyond it they share one. */
const MAX_SUBJECTS = 50;
const OTHER_SUBJECTS = "other";

interface Subject {
  toldAt: number;
  untold: number;
}

/** What the telemetry has to say about itself: each subject at once, then at most once a minute. Never throws. */
export class Notices {
  readonly #logger: Logger;
  readonly #subjects = new Map<string, Subject>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Warns with `message`, unless `subject` was warned about in the last minute: then the next warning says how many were left out. */
  warn(subject: string, message: () => string): void {
    const key = this.#subjects.has(subject) || this.#subjects.size < MAX_SUBJECTS ? subject : OTHER_SUBJECTS;
    const { toldAt, untold } = this.#subjects.get(key) ?? { toldAt: Number.NEGATIVE_INFINITY, untold: 0 };
    const now = performance.now();
    if (now - toldAt < INTERVAL_MS) {
      this.#subjects.set(key, { toldAt, untold: untold + 1 });
      return;
    }
    this.#subjects.set(key, { toldAt: now, untold: 0 });
    try {
      this.#logger.warn(untold === 0 ? message() : `${message()} (and ${untold} more like it before)`);
    } catch {
      // the logger is what is broken: there is nowhere left to say it
    }
  }
}

/** An error in one line, whatever was thrown; at most 300 characters. */
export function describeFailure(error: unknown): string {
  try {
    return onOneLine(textOf(error).slice(0, 1_000)).slice(0, 300);
  } catch {
    return "an error that cannot be read";
  }
}

/** Node joins the failures of several addresses in an AggregateError without a message; exporters put the HTTP status into `code`. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.message === "") {
    return error.errors.map(textOf).join(", ");
  }
  const { code } = error as { code?: unknown };
  if (typeof code === "number") return `HTTP ${code} ${error.message}`;
  return error.message === "" ? error.name : error.message;
}

/** "1 span", "2 spans". */
export function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}
