/** What the sender of an accepted webhook is told. */
export interface Receipt {
  readonly event: string;
  readonly eventId: string;
  readonly correlationId: string;
  readonly traceId: string | undefined;
}

/**
 * The receipts of the latest deliveries, so that one that arrives twice is published once. GitHub sends a delivery again
 * under the same id when someone presses "Redeliver"; what failed here is replayed from the dead letters instead.
 */
export class RecentDeliveries {
  readonly #receipts = new Map<string, Promise<Receipt>>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  find(key: string): Promise<Receipt> | undefined {
    return this.#receipts.get(key);
  }

  /** Remembers a delivery from its first moment; one that is refused is forgotten, so that it can be sent again. */
  add(key: string, receipt: Promise<Receipt>): void {
    this.#receipts.set(key, receipt);
    receipt.catch(() => this.#receipts.delete(key));
    const [oldest] = this.#receipts.keys();
    if (this.#receipts.size > this.#capacity && oldest !== undefined) this.#receipts.delete(oldest);
  }
}
