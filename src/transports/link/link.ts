import { type DrainPartners, type LinkedTransport, partnersOf } from "../../bus/drain-partners.ts";
import { OptionCheck } from "../../check.ts";
import type { EventInit } from "../../event/event-init.ts";
import type { PublishOptions, SubscribeOptions } from "../../options.ts";
import type { PublishResult } from "../../outcome.ts";
import type { Subscription } from "../../routing/subscription.ts";
import { ignoreRejection } from "../../thenable.ts";
import type { Transport, TransportSubscription, UnsettledEnvelope } from "../transport.ts";
import { arrivalsOf } from "./arrivals.ts";
import { type LinkReport, writeLinkLine } from "./link-report.ts";
import type { LinkSettings } from "./options.ts";
import { busIdOf } from "./path.ts";
import { Receiver } from "./receiver.ts";
import { classifySendError, Sender } from "./sender.ts";

/** The part of an `EventBus`, of any catalog, that a link uses. */
export interface LinkableBus {
  publish(event: never, options?: PublishOptions): Promise<PublishResult>;
  subscribe(pattern: never, handler: never, options?: SubscribeOptions): Subscription;
}

/** What one bus sends to one transport, and receives from it. */
export class Link implements LinkedTransport, AsyncDisposable {
  readonly transport: Transport;
  readonly #bus: LinkableBus;
  readonly #partners: DrainPartners | undefined;
  readonly #settings: LinkSettings;
  readonly #sender: Sender;
  readonly #receiver: Receiver;
  #sending: Subscription | undefined;
  #receiving: TransportSubscription | undefined;
  #left: readonly UnsettledEnvelope[] = [];
  /** Who asked the subscription to end. */
  #endedBy: "link" | "bus" | "transport" | undefined;
  #isFinishing = false;
  #isFinished = false;

  constructor(bus: LinkableBus, transport: Transport, settings: LinkSettings) {
    const arrivals = arrivalsOf(bus, transport);
    const busId = busIdOf(bus);
    this.#bus = bus;
    this.#partners = partnersOf(bus);
    this.transport = transport;
    this.#settings = settings;
    this.#sender = new Sender(transport, arrivals, busId);
    this.#receiver = new Receiver({
      publish: (event, options) => this.#publish(event, options),
      arrivals,
      busId,
      settings,
      onBusClosed: (code) => this.#onBusClosed(code),
    });
  }

  get receives(): boolean {
    return this.#receiving !== undefined;
  }

  get left(): readonly UnsettledEnvelope[] {
    return this.#left;
  }

  async open(): Promise<void> {
    const { send, receive, sending, group, from, maxInFlight } = this.#settings;
    if (send !== undefined) {
      const options = { ...sending, classify: classifySendError };
      this.#sending = this.#bus.subscribe(send as never, this.#sender.send as never, options);
    }
    if (receive !== undefined) {
      const onEnvelope = this.#receiver.receive;
      try {
        this.#receiving = await this.transport.subscribe({ pattern: receive, group, from, maxInFlight, onEnvelope });
      } catch (error) {
        this.#sending?.unsubscribe();
        throw error;
      }
      void this.#receiving.closed.then(({ unsettled }) => this.#onReceivingClosed(unsettled)); // never rejects
    }
    this.#partners?.links.add(this);
  }

  /** A bus that drains lets in what a volatile transport holds: it comes to nobody else, and not again. */
  #publish(event: EventInit, options: PublishOptions): Promise<PublishResult> {
    const publish = (): Promise<PublishResult> => this.#bus.publish(event as never, options);
    if (this.#partners === undefined || !this.transport.capabilities.volatile) return publish();
    return this.#partners.admit(publish);
  }

  /** Deliveries of a draining bus go on; those of a closed one were cut, and are not to be waited for. */
  #onBusClosed(code: "BUS_CLOSED" | "BUS_DRAINING"): void {
    this.#endedBy ??= "bus";
    ignoreRejection(code === "BUS_CLOSED" ? this.#receiving?.close() : this.#receiving?.drain());
  }

  #onReceivingClosed(unsettled: readonly UnsettledEnvelope[]): void {
    this.#left = unsettled;
    this.#isFinished = true;
    this.#endedBy ??= "transport";
    const endedBy = this.#endedBy;
    if (this.#partners === undefined) return;
    const isSurprising = endedBy === "transport" && !this.#partners.isBusClosed();
    if (!isSurprising && unsettled.length === 0) return;
    writeLinkLine(this.#partners.logger, this.#settings, { unsettled, endedBy });
  }

  isFinished(): boolean {
    if (this.#receiving === undefined || !this.transport.capabilities.volatile) return true;
    if (!this.#isFinishing) {
      this.#isFinishing = true;
      this.#endedBy ??= "bus";
      ignoreRejection(this.#receiving.drain()); // its end is heard of by `closed`
    }
    return this.#isFinished;
  }

  async end(): Promise<void> {
    if (!this.transport.capabilities.volatile) return;
    this.#endedBy ??= "bus";
    ignoreRejection(this.#receiving?.close());
    await this.#receiving?.closed;
  }

  async drain(options: { readonly deadlineMs?: number } = {}): Promise<LinkReport> {
    new OptionCheck("drain", options, ["deadlineMs"]).timer("deadlineMs");
    this.#endedBy ??= "link";
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), options.deadlineMs ?? 10_000);
    });
    const isInTime = await Promise.race([this.#finish(), deadline]);
    clearTimeout(timer);
    return this.#close(isInTime);
  }

  async #finish(): Promise<true> {
    await this.#receiving?.drain();
    this.#sending?.unsubscribe();
    await this.#sender.idle();
    return true;
  }

  close(): Promise<LinkReport> {
    this.#endedBy ??= "link";
    return this.#close(!this.#sender.isSending && !this.#receiver.isReceiving);
  }

  async #close(isInTime: boolean): Promise<LinkReport> {
    this.#sending?.unsubscribe();
    await this.#receiving?.close();
    const unsettled = (await this.#receiving?.closed)?.unsettled ?? [];
    this.#partners?.links.delete(this);
    return { isComplete: isInTime && unsettled.length === 0, unsettled };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
  }
}
