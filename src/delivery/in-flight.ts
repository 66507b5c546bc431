/** A work that can be in flight: it carries its own place in the list, so that coming and going allocates nothing. */
export interface InFlightWork<Work> {
  previousInFlight: Work | undefined;
  nextInFlight: Work | undefined;
}

/** The deliveries that outlived the turn they started in, oldest first: a list, because a Set rehashes as they come and go. */
export class InFlight<Work extends InFlightWork<Work>> {
  #first: Work | undefined;
  #last: Work | undefined;
  #size = 0;
  #onIdle: (() => void)[] = [];

  get size(): number {
    return this.#size;
  }

  /** Once for each work. */
  add(work: Work): void {
    work.previousInFlight = this.#last;
    if (this.#last === undefined) this.#first = work;
    else this.#last.nextInFlight = work;
    this.#last = work;
    this.#size++;
  }

  /** Once for each work that was added. */
  delete(work: Work): void {
    const { previousInFlight: previous, nextInFlight: next } = work;
    if (previous === undefined) this.#first = next;
    else previous.nextInFlight = next;
    if (next === undefined) this.#last = previous;
    else next.previousInFlight = previous;
    work.previousInFlight = undefined; // a work that somebody keeps must not keep others
    work.nextInFlight = undefined;
    if (--this.#size === 0) this.#wake();
  }

  /** A snapshot, oldest first. */
  list(): Work[] {
    const works: Work[] = [];
    for (let work = this.#first; work !== undefined; work = work.nextInFlight) works.push(work);
    return works;
  }

  /** Calls `listener` once, when nothing is in flight; at once if nothing is. */
  whenIdle(listener: () => void): void {
    if (this.#size === 0) listener();
    else this.#onIdle.push(listener);
  }

  #wake(): void {
    const listeners = this.#onIdle;
    if (listeners.length === 0) return;
    this.#onIdle = [];
    for (const listener of listeners) listener();
  }
}
