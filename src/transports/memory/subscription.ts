import { MAX_TIMER_MS } from "../../check.ts";
import { isThenable } from "../../thenable.ts";
import { runOutside } from "../outside.ts";
import type { Envelope, Settlement, TransportDelivery, TransportReport, TransportSubscription } from "../transport.ts";
import type { Channel, Entry, Member } from "./channel.ts";
import { HandOver } from "./hand-over.ts";

/** How long an envelope waits whose handler threw, against its contract: a loop of throws must not fill a processor. */
const AFTER_THROW_MS = 100;

export interface MemorySubscriptionInit {
  readonly channel: Channel;
  readonly maxInFlight: number;
  readonly onEnvelope: (delivery: TransportDelivery) => unknown;
  readonly onDeadLetter: (envelope: Envelope, reason: string) => void;
  /** Called once, when nothing more is to come in for it. */
  readonly onDraining: () => void;
  /** Called once, when it is closed, before its entries go back. */
  readonly onClosed: (subscription: MemorySubscription) => void;
}

/** One subscription: takes entries from its channel while it has room, and settles them. */
export class MemorySubscription implements TransportSubscription, Member {
  readonly #init: MemorySubscriptionInit;
  readonly #running = new Set<HandOver>();
  readonly #retries = new Map<Entry, NodeJS.Timeout>();
  #state: "open" | "draining" | "closed" = "open";
  /** Where a drain stops: what came into the channel from here on is not for this subscription. */
  #endsBefore = Number.POSITIVE_INFINITY;
  readonly closed: Promise<TransportReport>;
  #report: (report: TransportReport) => void = () => undefined;

  constructor(init: MemorySubscriptionInit) {
    this.#init = init;
    this.closed = new Promise((resolve) => {
      this.#report = resolve;
    });
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  takes(entry: Entry): boolean {
    const { channel, maxInFlight } = this.#init;
    if (this.#state === "closed" || this.#running.size + this.#retries.size >= maxInFlight) return false;
    return this.isOpen || (entry.sequence < this.#endsBefore && !channel.hasOpenMember);
  }

  take(entry: Entry): void {
    const handOver = new HandOver(entry);
    this.#running.add(handOver);
    let returned: unknown;
    try {
      returned = runOutside(this.#init.onEnvelope, handOver as TransportDelivery);
      if (isThenable(returned)) {
        void Promise.resolve(returned).then(
          (settlement) => this.#settle(handOver, settlement),
          () => this.#settle(handOver, undefined),
        );
        return;
      }
    } catch {
      returned = undefined; // a throw is a retry, as the contract says
    }
    this.#settle(handOver, returned);
  }

  /** Everything is settled before user code hears of it: an abort listener may close this subscription. */
  #settle(handOver: HandOver, returned: unknown): void {
    if (!this.#running.delete(handOver)) return; // taken back meanwhile
    const { channel, onDeadLetter } = this.#init;
    const { entry } = handOver;
    const settlement = readSettlement(returned);
    if (settlement.settle === "retry") this.#retry(entry, settlement.delayMs ?? 0);
    else {
      if (settlement.settle === "dead-letter") onDeadLetter(entry.envelope, settlement.reason);
      channel.settled(entry);
    }
    handOver.end();
  }

  /** The entry keeps its place among those at work, so that what came later cannot overtake it. */
  #retry(entry: Entry, delayMs: number): void {
    if (this.#state !== "open" && this.#init.channel.hasOpenMember) {
      this.#init.channel.giveBack(entry);
      this.look();
      return;
    }
    const again = (): void => {
      this.#retries.delete(entry);
      this.take(entry);
    };
    this.#retries.set(entry, setTimeout(again, delayMs));
  }

  async drain(): Promise<void> {
    if (this.#state === "open") {
      const { channel, onDraining } = this.#init;
      this.#state = "draining";
      this.#endsBefore = channel.sequence;
      onDraining();
      channel.offer();
    }
    await this.closed;
  }

  /** Closes when the drain is done: what is left of its share is settled, or in the hands of others. */
  look(): void {
    if (this.#state !== "draining") return;
    const { channel } = this.#init;
    const hasOthers = channel.hasOpenMember;
    if (hasOthers) this.#giveBackRetries();
    if (this.#running.size + this.#retries.size > 0) return;
    if (hasOthers || !channel.hasWaitingBefore(this.#endsBefore)) void this.close();
  }

  async close(): Promise<void> {
    if (this.#state === "closed") return;
    this.#state = "closed";
    const { channel, onClosed } = this.#init;
    onClosed(this);
    this.#giveBackRetries();
    const cut = [...this.#running];
    this.#running.clear();
    for (const { entry } of cut) channel.giveBack(entry);
    this.#report({ unsettled: channel.hasMembers ? [] : channel.unsettled() });
    for (const handOver of cut) handOver.end();
  }

  #giveBackRetries(): void {
    const waiting = [...this.#retries];
    this.#retries.clear();
    for (const [entry, timer] of waiting) {
      clearTimeout(timer);
      this.#init.channel.giveBack(entry);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
  }
}

const AFTER_THROW: Settlement = { settle: "retry", delayMs: AFTER_THROW_MS };

/** What a handler returned; anything that is no settlement is treated like a throw. */
function readSettlement(returned: unknown): Settlement {
  try {
    const { settle, delayMs, reason } = (returned ?? {}) as Record<string, unknown>;
    if (settle === "ack") return { settle };
    if (settle === "dead-letter") return { settle, reason: String(reason) };
    if (settle === "retry") return { settle, delayMs: isDelay(delayMs) ? Math.min(delayMs, MAX_TIMER_MS) : 0 };
  } catch {
    // a hostile getter: as good as a throw
  }
  return AFTER_THROW;
}

function isDelay(value: unknown): value is number {
  return typeof value === "number" && value > 0;
}
