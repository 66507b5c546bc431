/** One answer of the service. */
export interface ServiceAnswer {
  readonly status: number;
  /** `accepted`, `duplicate`, or why it was refused. */
  readonly reason: string;
  /** The name of the event that was published. */
  readonly event?: string | undefined;
  /** The delivery id of a request that was refused may be anything a header can hold. */
  readonly correlationId?: string | undefined;
}

/** How often the service answered in one way. */
export interface AnswerCount extends Pick<ServiceAnswer, "status" | "reason"> {
  readonly count: number;
}

/** Counts the answers of the service by status and reason, and tells who listens about each. */
export class Answers {
  readonly #counts = new Map<string, { status: number; reason: string; count: number }>();
  readonly #listeners = new Set<(answer: ServiceAnswer) => void>();

  add(answer: ServiceAnswer): void {
    const { status, reason } = answer;
    const key = `${status} ${reason}`;
    const entry = this.#counts.get(key) ?? { status, reason, count: 0 };
    entry.count++;
    this.#counts.set(key, entry);
    for (const listener of this.#listeners) listener(answer);
  }

  listen(listener: (answer: ServiceAnswer) => void): void {
    this.#listeners.add(listener);
  }

  list(): readonly AnswerCount[] {
    return [...this.#counts.values()].sort((a, b) => a.status - b.status || (a.reason < b.reason ? -1 : 1));
  }
}
