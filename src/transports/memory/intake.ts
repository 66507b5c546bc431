import { BusError } from "../../errors.ts";
import type { Envelope } from "../transport.ts";
import type { Channel } from "./channel.ts";

/** A publish that waits for room. */
export interface WaitingPublish {
  readonly done: Promise<void>;
  /** Takes it out, where it still waits; `done` rejects with `error`. */
  cancel(error: BusError): void;
}

export interface IntakeInit {
  /** How many envelopes a channel may hold, and how many may wait in all. */
  readonly capacity: number;
  /** The channels of an event name. */
  readonly route: (name: string) => readonly Channel[];
  /** Takes an envelope over, for good. */
  readonly admit: (envelope: Envelope) => void;
}

/**
 * Lets envelopes in while every channel they go to has room. The others wait, in order: one publish overtakes another
 * only where they have no channel in common.
 */
export class Intake {
  readonly #init: IntakeInit;
  readonly #waiting: Waiting[] = [];
  #waitingEnvelopes = 0;

  constructor(init: IntakeInit) {
    this.#init = init;
  }

  /**
   * Takes the envelopes over now, all of them, or returns what waits.
   *
   * @throws BusError `TRANSPORT_FULL` when waiting would be in vain, or too many wait
   */
  offer(envelopes: readonly Envelope[]): WaitingPublish | undefined {
    const blocked = new Set<Channel>();
    for (const each of this.#waiting) for (const channel of this.#demandOf(each.envelopes).keys()) blocked.add(channel);
    if (this.#canAdmit(this.#demandOf(envelopes), blocked)) {
      for (const envelope of envelopes) this.#init.admit(envelope);
      return undefined;
    }
    const { capacity } = this.#init;
    if (this.#waitingEnvelopes + envelopes.length > capacity) {
      throw full(`${this.#waitingEnvelopes} envelopes wait for room already, ${capacity} may`);
    }
    const waiting = new Waiting(envelopes, (each) => this.#remove(each));
    this.#waiting.push(waiting);
    this.#waitingEnvelopes += envelopes.length;
    return waiting;
  }

  /** Looks again: a channel has more room, or is gone. */
  scan(): void {
    const blocked = new Set<Channel>();
    for (const waiting of this.#waiting.slice()) {
      const demand = this.#demandOf(waiting.envelopes);
      try {
        if (this.#canAdmit(demand, blocked)) {
          this.#remove(waiting);
          for (const envelope of waiting.envelopes) this.#init.admit(envelope);
          waiting.resolve();
        } else for (const channel of demand.keys()) blocked.add(channel);
      } catch (error) {
        waiting.cancel(error as BusError);
      }
    }
  }

  /** How many of the envelopes go to each channel. */
  #demandOf(envelopes: readonly Envelope[]): Map<Channel, number> {
    const demand = new Map<Channel, number>();
    for (const { name } of envelopes) {
      for (const channel of this.#init.route(name)) demand.set(channel, (demand.get(channel) ?? 0) + 1);
    }
    return demand;
  }

  #canAdmit(demand: Map<Channel, number>, blocked: ReadonlySet<Channel>): boolean {
    const { capacity } = this.#init;
    let fits = true;
    for (const [channel, count] of demand) {
      if (count > capacity) throw full(`${count} envelopes at once for ${describe(channel)}, which holds ${capacity}`);
      if (channel.held + count > capacity) {
        if (!channel.hasMembers)
          throw full(`${describe(channel)} holds ${channel.held} envelopes and nobody to take them`);
        fits = false;
      } else if (blocked.has(channel)) fits = false;
    }
    return fits;
  }

  #remove(waiting: Waiting): boolean {
    const index = this.#waiting.indexOf(waiting);
    if (index === -1) return false;
    this.#waiting.splice(index, 1);
    this.#waitingEnvelopes -= waiting.envelopes.length;
    return true;
  }
}

class Waiting implements WaitingPublish {
  readonly envelopes: readonly Envelope[];
  readonly done: Promise<void>;
  resolve: () => void = () => undefined;
  #reject: (error: BusError) => void = () => undefined;
  readonly #remove: (waiting: Waiting) => boolean;

  constructor(envelopes: readonly Envelope[], remove: (waiting: Waiting) => boolean) {
    this.envelopes = envelopes;
    this.#remove = remove;
    this.done = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.#reject = reject;
    });
  }

  cancel(error: BusError): void {
    if (this.#remove(this)) this.#reject(error);
  }
}

function describe({ pattern, group }: Channel): string {
  return group === undefined ? `a subscription to "${pattern.text}"` : `the group "${group}" of "${pattern.text}"`;
}

function full(why: string): BusError {
  return new BusError("TRANSPORT_FULL", `cannot publish: ${why}`);
}
