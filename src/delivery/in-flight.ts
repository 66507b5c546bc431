/** The deliveries that outlived the turn they started in. */
export class InFlight<Work> {
  readonly #work = new Set<Work>();
  #onIdle: (() => void)[] = [];

  get size(): number {
    return this.#work.size;
  }

  add(work: Work): void {
    this.#work.add(work);
  }

  delete(work: Work): void {
    if (this.#work.delete(work) && this.#work.size === 0) this.#wake();
  }

  /** A snapshot, oldest first. */
  list(): Work[] {
    return [...this.#work];
  }

  /** Calls `listener` once, when nothing is in flight; at once if nothing is. */
  whenIdle(listener: () => void): void {
    if (this.#work.size === 0) listener();
    else this.#onIdle.push(listener);
  }

  #wake(): void {
    const listeners = this.#onIdle;
    this.#onIdle = [];
    for (const listener of listeners) listener();
  }
}
