import { OptionCheck } from "../../check.ts";
import { BusError, describeValue } from "../../errors.ts";
import type { EventInit } from "../../event/event-init.ts";
import type { PublishOptions, SubscribeOptions } from "../../options.ts";
import type { PublishResult } from "../../outcome.ts";
import type { Subscription } from "../../routing/subscription.ts";
import type { Transport, TransportSubscription } from "../transport.ts";
import { arrivalsOf } from "./arrivals.ts";
import { type LinkOptions, type LinkSettings, linkSettings } from "./options.ts";
import { busIdOf } from "./path.ts";
import { Receiver } from "./receiver.ts";
import { classifySendError, Sender } from "./sender.ts";

/** The part of an `EventBus`, of any catalog, that a link uses. */
export interface LinkableBus {
  publish(event: never, options?: PublishOptions): Promise<PublishResult>;
  subscribe(pattern: never, handler: never, options?: SubscribeOptions): Subscription;
}

/** What connects a bus and a transport; neither is closed with it. */
export interface TransportLink extends AsyncDisposable {
  /**
   * Stops receiving and waits for what was received, then stops sending and waits for what is being sent.
   *
   * @param options.deadlineMs longest wait in milliseconds, 10,000 by default; what is left then is cut, and goes back to
   * the transport
   */
  drain(options?: { readonly deadlineMs?: number }): Promise<void>;
  /** Stops now: what was received and not settled goes back to the transport. Idempotent. */
  close(): Promise<void>;
}

/**
 * Connects a bus to a transport: events that match `send` go out with the context they were published in, events that
 * match `receive` are published on the bus as they are: same id, correlation, causation, source, timestamp and depth. A
 * received event is settled when its deliveries are. It is not sent back, and a bus ignores what it sent itself.
 *
 * @throws BusError (as a rejection) `INVALID_OPTION`, and what the bus and the transport say of patterns, groups and
 * being closed
 * @example
 * await using link = await connectTransport(bus, transport, { send: "order.*", receive: "payment.*", group: "shop" });
 */
export async function connectTransport(
  bus: LinkableBus,
  transport: Transport,
  options: LinkOptions,
): Promise<TransportLink> {
  checkParties(bus, transport);
  const link = new Link(bus, transport, linkSettings(options));
  await link.open();
  return link;
}

function checkParties(bus: unknown, transport: unknown): void {
  const { subscribe } = (bus ?? {}) as { subscribe?: unknown };
  if (typeof subscribe !== "function") {
    throw new BusError("INVALID_OPTION", `connectTransport: expected an EventBus, got ${describeValue(bus)}`);
  }
  const { publish, capabilities } = (transport ?? {}) as { publish?: unknown; capabilities?: unknown };
  if (typeof publish !== "function" || capabilities === undefined) {
    throw new BusError("INVALID_OPTION", `connectTransport: expected a transport, got ${describeValue(transport)}`);
  }
}

class Link implements TransportLink {
  readonly #bus: LinkableBus;
  readonly #transport: Transport;
  readonly #settings: LinkSettings;
  readonly #sender: Sender;
  readonly #receiver: Receiver;
  #sending: Subscription | undefined;
  #receiving: TransportSubscription | undefined;

  constructor(bus: LinkableBus, transport: Transport, settings: LinkSettings) {
    const arrivals = arrivalsOf(bus, transport);
    const busId = busIdOf(bus);
    this.#bus = bus;
    this.#transport = transport;
    this.#settings = settings;
    this.#sender = new Sender(transport, arrivals, busId);
    this.#receiver = new Receiver({
      publish: (event: EventInit, publishOptions) => bus.publish(event as never, publishOptions),
      arrivals,
      busId,
      settings,
      onBusClosed: () => void this.#receiving?.drain(),
    });
  }

  async open(): Promise<void> {
    const { send, receive, sending, group, from, maxInFlight } = this.#settings;
    if (send !== undefined) {
      const options = { ...sending, classify: classifySendError };
      this.#sending = this.#bus.subscribe(send as never, this.#sender.send as never, options);
    }
    if (receive === undefined) return;
    const onEnvelope = this.#receiver.receive;
    try {
      this.#receiving = await this.#transport.subscribe({ pattern: receive, group, from, maxInFlight, onEnvelope });
    } catch (error) {
      this.#sending?.unsubscribe();
      throw error;
    }
  }

  async drain(options: { readonly deadlineMs?: number } = {}): Promise<void> {
    new OptionCheck("drain", options, ["deadlineMs"]).timer("deadlineMs");
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, options.deadlineMs ?? 10_000);
    });
    await Promise.race([this.#finish(), deadline]);
    clearTimeout(timer);
    await this.close();
  }

  async #finish(): Promise<void> {
    await this.#receiving?.drain();
    this.#sending?.unsubscribe();
    await this.#sender.idle();
  }

  async close(): Promise<void> {
    this.#sending?.unsubscribe();
    await this.#receiving?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
  }
}
