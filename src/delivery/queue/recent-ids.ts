/** What a subscription remembers of the events it has taken, so as not to take one twice. */
export class RecentIds {
  readonly #capacity: number;
  readonly #ttlMs: number;
  /** When each is forgotten, in milliseconds on the monotonic clock; the oldest first. */
  readonly #expiries = new Map<string, number>();

  constructor(capacity: number, ttlMs: number) {
    this.#capacity = capacity;
    this.#ttlMs = ttlMs;
  }

  /** Remembers an id; false where it is remembered already. */
  add(id: string): boolean {
    const now = performance.now();
    const expiry = this.#expiries.get(id);
    if (expiry !== undefined && expiry > now) return false;
    this.#expiries.delete(id); // remembered anew, it is the youngest
    this.#forgetOld(now);
    this.#expiries.set(id, now + this.#ttlMs);
    return true;
  }

  /** Forgets an id: its event was not handled after all. */
  delete(id: string): void {
    this.#expiries.delete(id);
  }

  #forgetOld(now: number): void {
    for (const [id, expiry] of this.#expiries) {
      if (expiry > now && this.#expiries.size < this.#capacity) return;
      this.#expiries.delete(id);
    }
  }
}
