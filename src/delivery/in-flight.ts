/** The place of one work in flight: what `delete` takes. */
export interface InFlightPlace<Work> {
  readonly work: Work;
  previous: InFlightPlace<Work> | undefined;
  next: InFlightPlace<Work> | undefined;
}

/** The deliveries that outlived the turn they started in: a list of places, because a Set rehashes as they come and go. */
export class InFlight<Work> {
  #first: InFlightPlace<Work> | undefined;
  #last: InFlightPlace<Work> | undefined;
  #size = 0;
  #onIdle: (() => void)[] = [];

  get size(): number {
    return this.#size;
  }

  add(work: Work): InFlightPlace<Work> {
    const place = { work, previous: this.#last, next: undefined };
    if (this.#last === undefined) this.#first = place;
    else this.#last.next = place;
    this.#last = place;
    this.#size++;
    return place;
  }

  /** Once for each place. */
  delete(place: InFlightPlace<Work>): void {
    const { previous, next } = place;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    place.previous = undefined; // a place that was kept must not keep others
    place.next = undefined;
    if (--this.#size === 0) this.#wake();
  }

  /** A snapshot, oldest first. */
  list(): Work[] {
    const works: Work[] = [];
    for (let place = this.#first; place !== undefined; place = place.next) works.push(place.work);
    return works;
  }

  /** Calls `listener` once, when nothing is in flight; at once if nothing is. */
  whenIdle(listener: () => void): void {
    if (this.#size === 0) listener();
    else this.#onIdle.push(listener);
  }

  #wake(): void {
    const listeners = this.#onIdle;
    this.#onIdle = [];
    for (const listener of listeners) listener();
  }
}
