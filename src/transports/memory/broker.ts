import { OptionCheck } from "../../check.ts";
import { BusError } from "../../errors.ts";
import { matchesPattern, type Pattern } from "../../routing/pattern.ts";
import { Router } from "../../routing/router.ts";
import type { Envelope, UnsettledEnvelope } from "../transport.ts";
import { Channel } from "./channel.ts";
import { Intake, type WaitingPublish } from "./intake.ts";
import { MemorySubscription } from "./subscription.ts";

/** Options of `new MemoryBroker()`. */
export interface MemoryBrokerOptions {
  /**
   * How many envelopes a group, or a subscription without a group, holds until they are settled; as many publishes wait
   * for room in all, and as many dead letters are kept. @default 1000
   */
  readonly capacity?: number | undefined;
  /** How many envelopes are kept for subscriptions that start with old ones, the newest; 0 for none. @default 1000 */
  readonly retain?: number | undefined;
}

/** An envelope that a subscription set aside for good. */
export interface MemoryDeadLetter {
  readonly envelope: Envelope;
  readonly reason: string;
  readonly pattern: string;
  readonly group: string | undefined;
}

/** The inside of a broker, for the transports connected to it. */
export let coreOf: (broker: MemoryBroker) => BrokerCore;

/**
 * The engine that memory transports are connected to: queues and groups in the memory of this process. Groups live as
 * long as the broker; nothing survives the process.
 */
export class MemoryBroker {
  readonly #core: BrokerCore;

  /** @throws BusError `INVALID_OPTION` */
  constructor(options: MemoryBrokerOptions = {}) {
    const check = new OptionCheck("new MemoryBroker", options, ["capacity", "retain"]);
    check.number("capacity", { min: 1, max: 1_000_000, integer: true });
    check.number("retain", { min: 0, max: 1_000_000, integer: true });
    this.#core = new BrokerCore({ capacity: options.capacity ?? 1000, retain: options.retain ?? 1000 });
  }

  /** What was set aside, oldest first; beyond `capacity` the oldest are gone. */
  get deadLetters(): readonly MemoryDeadLetter[] {
    return [...this.#core.deadLetters];
  }

  static {
    coreOf = (broker) => broker.#core;
  }
}

/** What a transport asks its broker for, checked. */
export interface BrokerSubscribe {
  readonly pattern: Pattern;
  readonly group: string | undefined;
  readonly from: "new" | "oldest";
  readonly maxInFlight: number;
  readonly onEnvelope: ConstructorParameters<typeof MemorySubscription>[0]["onEnvelope"];
  readonly onClosed: (subscription: MemorySubscription) => void;
}

const MAX_GROUPS = 1000;
const MAX_ROUTES = 1000;

/** Queues, groups, and what is kept of the past. */
export class BrokerCore {
  readonly retain: number;
  readonly deadLetters: MemoryDeadLetter[] = [];
  /** The transports that are open. */
  readonly connections: Set<object> = new Set();
  readonly #capacity: number;
  readonly #retained: Envelope[] = [];
  readonly #router = new Router<Channel>();
  readonly #routes = new Map<string, readonly Channel[]>();
  readonly #channels = new Set<Channel>();
  readonly #groups = new Map<string, Channel>();
  readonly #intake: Intake;

  constructor({ capacity, retain }: { readonly capacity: number; readonly retain: number }) {
    this.#capacity = capacity;
    this.retain = retain;
    this.#intake = new Intake({
      capacity,
      route: (name) => this.#route(name),
      admit: (envelope) => this.#admit(envelope),
    });
  }

  /** Takes the envelopes over, or returns what waits for room. */
  publish(envelopes: readonly Envelope[]): WaitingPublish | undefined {
    return this.#intake.offer(envelopes);
  }

  /** What is held for groups and subscriptions. */
  unsettled(): UnsettledEnvelope[] {
    return [...this.#channels].flatMap((channel) => channel.unsettled());
  }

  #admit(envelope: Envelope): void {
    for (const channel of this.#route(envelope.name)) channel.add(envelope);
    if (this.retain === 0) return;
    this.#retained.push(envelope);
    if (this.#retained.length > this.retain) this.#retained.shift();
  }

  #route(name: string): readonly Channel[] {
    const known = this.#routes.get(name);
    if (known !== undefined) return known;
    if (this.#routes.size >= MAX_ROUTES) this.#routes.clear();
    const found = this.#router.match(name);
    this.#routes.set(name, found);
    return found;
  }

  subscribe({ onClosed, ...request }: BrokerSubscribe): MemorySubscription {
    const channel = this.#channelOf(request);
    const { pattern, group } = channel;
    const subscription: MemorySubscription = new MemorySubscription({
      channel,
      maxInFlight: request.maxInFlight,
      onEnvelope: request.onEnvelope,
      onDeadLetter: (envelope, reason) => this.#setAside({ envelope, reason, pattern: pattern.text, group }),
      onDraining: () => {
        if (group === undefined) this.#unroute(channel);
      },
      onClosed: () => {
        if (group === undefined) {
          this.#unroute(channel);
          this.#channels.delete(channel);
        }
        channel.leave(subscription);
        onClosed(subscription);
      },
    });
    channel.join(subscription);
    return subscription;
  }

  #channelOf({ pattern, group, from }: Pick<BrokerSubscribe, "pattern" | "group" | "from">): Channel {
    const key = `${pattern.canonical} ${group}`;
    const known = group === undefined ? undefined : this.#groups.get(key);
    if (known !== undefined) return known;
    const channel = new Channel({ pattern, group, onChange: () => this.#intake.scan() });
    if (group !== undefined) {
      if (this.#groups.size >= MAX_GROUPS) {
        throw new BusError("TRANSPORT_FULL", `cannot subscribe: the broker has ${MAX_GROUPS} groups already`);
      }
      this.#groups.set(key, channel);
    }
    if (from === "oldest") {
      for (const envelope of this.#retained) if (matchesPattern(pattern, envelope.name)) channel.add(envelope);
    }
    this.#channels.add(channel);
    this.#router.add(pattern, channel);
    this.#routes.clear();
    return channel;
  }

  /** Lets nothing more into it. */
  #unroute(channel: Channel): void {
    this.#router.remove(channel.pattern, channel);
    this.#routes.clear();
  }

  #setAside(letter: MemoryDeadLetter): void {
    this.deadLetters.push(Object.freeze(letter));
    if (this.deadLetters.length > this.#capacity) this.deadLetters.shift();
  }
}
