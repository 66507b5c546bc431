import { Fifo } from "./fifo.ts";

/** An id, and when it is forgotten, in milliseconds on the monotonic clock. */
interface Recent {
  readonly id: string;
  readonly expiry: number;
  isForgotten: boolean;
}

/** What a subscription remembers of the events it has taken, so as not to take one twice. */
export class RecentIds {
  readonly #capacity: number;
  readonly #ttlMs: number;
  readonly #byId = new Map<string, Recent>();
  /** The oldest first. Not the order of the map: finding the first of a map steps over all that was deleted before it. */
  readonly #byAge = new Fifo<Recent>((recent) => recent.isForgotten);

  constructor(capacity: number, ttlMs: number) {
    this.#capacity = capacity;
    this.#ttlMs = ttlMs;
  }

  /** Ids remembered. */
  get size(): number {
    return this.#byId.size;
  }

  /** Remembers an id; false where it is remembered already. */
  add(id: string): boolean {
    const now = performance.now();
    this.#forgetExpired(now);
    if (this.#byId.has(id)) return false;
    if (this.#byId.size >= this.#capacity) this.#forgetOldest();
    const recent: Recent = { id, expiry: now + this.#ttlMs, isForgotten: false };
    this.#byId.set(id, recent);
    this.#byAge.push(recent);
    return true;
  }

  #forgetExpired(now: number): void {
    while ((this.#byAge.first?.expiry ?? Infinity) <= now) this.#forgetOldest();
  }

  #forgetOldest(): void {
    const oldest = this.#byAge.shift();
    if (oldest !== undefined) this.#byId.delete(oldest.id);
  }

  /** Forgets an id: its event was not handled after all. */
  delete(id: string): void {
    const recent = this.#byId.get(id);
    if (recent === undefined) return;
    this.#byId.delete(id);
    recent.isForgotten = true;
    this.#byAge.noteGone();
  }
}
