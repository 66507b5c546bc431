import type { SerializedEvent } from "../event/event.ts";

/**
 * An event as it travels between processes: the plain data that `event.toJSON()` returns, and `bus.publish()` and
 * `createEvent()` take back. Its `headers` carry the context it was published in (W3C `traceparent`, `tracestate` and
 * `baggage`), so that no path needs whatever context happens to be active.
 */
export type Envelope = SerializedEvent;

/**
 * The socket that engines plug into: carries envelopes from publishers to subscribers, each at least once.
 *
 * Contract: what `publish` resolved for is handed over, whatever happens to the publisher afterwards. Envelopes are handed
 * over frozen and complete. No method throws; what fails is a rejection with a `BusError`. Whoever makes a transport
 * closes it.
 */
export interface Transport extends AsyncDisposable {
  /** What it can do beyond the contract; fixed for its whole life. */
  readonly capabilities: TransportCapabilities;
  /**
   * Hands envelopes over to the engine, in this order; resolves once the engine has taken all of them over. Handlers never
   * run inside it. After a rejection some may have been taken over: publishing the same again is safe where subscribers
   * go by the id.
   *
   * @throws BusError `INVALID_NAME`, `INVALID_EVENT`, `HEADERS_TOO_LARGE` (above 8 KiB), `TRANSPORT_FULL`,
   * `TRANSPORT_CLOSED`, `ABORTED` (by the signal, while it waited)
   */
  publish(envelopes: readonly Envelope[], options?: TransportPublishOptions): Promise<void>;
  /**
   * Starts to hand over what matches; resolves once every envelope published from then on will be.
   *
   * @throws BusError `INVALID_PATTERN`, `INVALID_HANDLER`, `INVALID_OPTION`, `TRANSPORT_FULL`, `TRANSPORT_CLOSED`, `ABORTED`
   */
  subscribe(request: TransportSubscribeRequest): Promise<TransportSubscription>;
  /** What a `volatile` transport holds now, oldest first in each group; of any other, nothing. Never throws. */
  unsettled(): readonly UnsettledEnvelope[];
  /**
   * Closes its subscriptions, refuses what waits, and lets the connection go; resolves with what that loses. Idempotent:
   * each call resolves with the same report.
   */
  close(): Promise<TransportReport>;
}

/** An envelope that a transport took over, and nobody has settled. */
export interface UnsettledEnvelope {
  readonly envelope: Envelope;
  /** For whom it is held: the pattern and the group of a subscription. */
  readonly pattern: string;
  readonly group: string | undefined;
  /** Whether a subscription is open that has it, or will get it. */
  readonly hasReceiver: boolean;
}

/** What the end of a subscription, or of a transport, leaves behind. */
export interface TransportReport {
  /**
   * What was held for nobody else, and nobody had settled; none unless the transport is `volatile`. Without a group it is
   * gone; what a group holds ends with the engine, unless somebody of the group subscribes again before.
   */
  readonly unsettled: readonly UnsettledEnvelope[];
}

/** What a transport can do beyond the contract. The transport suite runs the cases of those that are true, and lists the others. */
export interface TransportCapabilities {
  /** With `maxInFlight: 1`, one publisher's envelopes come in the order they were published in, retried ones included. */
  readonly ordered: boolean;
  /** Subscriptions of one group share the envelopes: each goes to one of them. */
  readonly groups: boolean;
  /** What a group has not settled outlives its subscriptions and their connections. */
  readonly persistent: boolean;
  /** A new subscription can start with envelopes that were published before it (`from: "oldest"`). */
  readonly retained: boolean;
  /** `delivery.attempt` counts how often an envelope was handed over; else it is 1. */
  readonly countsAttempts: boolean;
  /** Observes the delay of `{ settle: "retry", delayMs }`; else it may come again at once. */
  readonly delaysRetries: boolean;
  /** Holds a bounded number of envelopes that are not settled; then `publish` waits, or refuses with `TRANSPORT_FULL`. */
  readonly bounded: boolean;
  /** A second envelope of the same id is dropped. */
  readonly deduplicates: boolean;
  /** Comes back by itself after the engine or the connection was gone, with nothing lost. */
  readonly reconnects: boolean;
  /**
   * What it took over ends with this process at the latest: it says what that would be (`unsettled`), and finishes it for
   * a subscription that drains. Any other keeps it elsewhere, and hands it over again.
   */
  readonly volatile: boolean;
}

/** Options of {@link Transport.publish}. */
export interface TransportPublishOptions {
  /** Stops waiting for room when aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** What {@link Transport.subscribe} is asked for. */
export interface TransportSubscribeRequest {
  /** A name, `order.*` (one token), `order.**` (one or more) or `*` (every event). */
  readonly pattern: string;
  /** Shares the envelopes with the other subscriptions of this group and pattern. @default none: gets every one itself */
  readonly group?: string | undefined;
  /** Where a new subscription, or a new group, starts. @default "new" */
  readonly from?: "new" | "oldest" | undefined;
  /** How many envelopes it works on at once; the others wait. @default 1 */
  readonly maxInFlight?: number | undefined;
  /** Closes the subscription when aborted. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Takes an envelope, and returns how its delivery ends. Called in nobody's async context: neither the publisher's nor
   * the subscriber's. It should not throw: a throw counts as a retry.
   */
  readonly onEnvelope: (delivery: TransportDelivery) => Settlement | PromiseLike<Settlement>;
}

/** One envelope handed over to one subscription. */
export interface TransportDelivery {
  readonly envelope: Envelope;
  /** 1 for the first time. */
  readonly attempt: number;
  /** Aborted when the delivery is over: settled, or taken back because the subscription was closed. */
  readonly signal: AbortSignal;
}

/** How a delivery ends: done, to be made again (after `delayMs` milliseconds), or set aside for good. */
export type Settlement =
  | { readonly settle: "ack" }
  | { readonly settle: "retry"; readonly delayMs?: number | undefined }
  | { readonly settle: "dead-letter"; readonly reason: string };

/** A subscription of a transport. */
export interface TransportSubscription extends AsyncDisposable {
  /** Resolves when it is closed, whoever closed it, with what that leaves behind. Never rejects. */
  readonly closed: Promise<TransportReport>;
  /**
   * Stops the intake, waits until what was handed over is settled, then closes. Where the transport is `volatile` and
   * nobody else is there to take it, what it holds already is handed over first.
   */
  drain(): Promise<void>;
  /**
   * Closes now: nothing more is handed over, the signals of deliveries not settled are aborted, and their envelopes go
   * back to the group; without a group they are gone. What `onEnvelope` returns later is ignored. Idempotent.
   */
  close(): Promise<void>;
}
