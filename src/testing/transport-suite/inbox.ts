import { AssertionError } from "node:assert";
import type {
  Envelope,
  Settlement,
  TransportDelivery,
  TransportSubscribeRequest,
  TransportSubscription,
} from "../../transports/transport.ts";
import { pause, within } from "./deadline.ts";

/** How an inbox settles; `count` is how many deliveries it has seen, this one included. */
export type Settle = (delivery: TransportDelivery, count: number) => Settlement | PromiseLike<Settlement>;

/** What an inbox is opened with: a subscription, and how it settles. @default ack */
export type InboxRequest = Omit<TransportSubscribeRequest, "onEnvelope"> & { readonly settle?: Settle };

export const ACK: Settlement = { settle: "ack" };

/** A subscription that remembers what was handed over to it. */
export class Inbox {
  /** Every delivery, redeliveries included, oldest first. */
  readonly deliveries: TransportDelivery[] = [];
  readonly #waitMs: number;
  readonly #settle: Settle;
  readonly #listeners = new Set<() => void>();
  #subscription: TransportSubscription | undefined;

  constructor(waitMs: number, settle: Settle = () => ACK) {
    this.#waitMs = waitMs;
    this.#settle = settle;
  }

  /** The handler to subscribe. */
  readonly onEnvelope = (delivery: TransportDelivery): Settlement | PromiseLike<Settlement> => {
    this.deliveries.push(delivery);
    for (const listener of [...this.#listeners]) listener();
    return this.#settle(delivery, this.deliveries.length);
  };

  opened(subscription: TransportSubscription): this {
    this.#subscription = subscription;
    return this;
  }

  get subscription(): TransportSubscription {
    if (this.#subscription === undefined) throw new AssertionError({ message: "the inbox is not subscribed" });
    return this.#subscription;
  }

  get envelopes(): readonly Envelope[] {
    return this.deliveries.map((each) => each.envelope);
  }

  /** The ids in the order of their first delivery, each once. */
  get ids(): readonly string[] {
    return [...new Set(this.envelopes.map((each) => each.id))];
  }

  /** Resolves when `condition` holds, which is looked at after each delivery. */
  async until(condition: () => boolean, what: string): Promise<void> {
    if (condition()) return;
    let listener: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      listener = (): void => {
        if (condition()) resolve();
      };
    });
    this.#listeners.add(listener);
    const describe = (): string => `expected ${what}; ${this.deliveries.length} deliveries came`;
    try {
      await within(held, this.#waitMs, describe);
    } finally {
      this.#listeners.delete(listener);
    }
  }

  /** Resolves when each of these envelopes has come at least once. */
  async received(envelopes: readonly Envelope[]): Promise<void> {
    const missing = new Set(envelopes.map((each) => each.id));
    let seen = 0;
    const allCame = (): boolean => {
      for (; seen < this.deliveries.length; seen++) missing.delete(this.deliveries[seen]?.envelope.id ?? "");
      return missing.size === 0;
    };
    try {
      await this.until(allCame, `${envelopes.length} envelopes`);
    } catch (error) {
      const lost = `${missing.size} of ${envelopes.length} envelopes did not come, the first is ${[...missing][0]}`;
      throw new AssertionError({ message: `${lost}: ${(error as Error).message}` });
    }
  }

  /** Resolves when there have been `count` deliveries, redeliveries included. */
  delivered(count: number): Promise<void> {
    return this.until(() => this.deliveries.length >= count, `${count} deliveries`);
  }

  /** Fails when anything comes within `quietMs`. */
  async staysQuiet(quietMs: number, why: string): Promise<void> {
    const before = this.deliveries.length;
    await pause(quietMs);
    const after = this.deliveries.length;
    if (after === before) return;
    throw new AssertionError({ message: `${after - before} deliveries came although ${why}` });
  }
}
