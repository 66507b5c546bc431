import { checkKnown, OptionCheck } from "../check.ts";
import { BusError, describeValue } from "../errors.ts";
import { isSource } from "../event/event-rules.ts";
import { parsePattern } from "../routing/pattern.ts";
import { readEnvelope } from "./envelope.ts";
import { type BrokerCore, coreOf, MemoryBroker } from "./memory/broker.ts";
import type { WaitingPublish } from "./memory/intake.ts";
import type {
  Envelope,
  Transport,
  TransportCapabilities,
  TransportPublishOptions,
  TransportReport,
  TransportSubscribeRequest,
  TransportSubscription,
  UnsettledEnvelope,
} from "./transport.ts";

export { MemoryBroker, type MemoryBrokerOptions, type MemoryDeadLetter } from "./memory/broker.ts";

/** Options of `new MemoryTransport()`. */
export interface MemoryTransportOptions {
  /** The engine to connect to; transports of one broker reach each other. @default one of its own */
  readonly broker?: MemoryBroker | undefined;
}

/**
 * Carries envelopes between the buses of one process: bounded, ordered, with groups, redelivery and a past to start from.
 * Nothing is serialised: data goes by reference, and nothing survives the process.
 *
 * @example
 * await using transport = new MemoryTransport();
 * await using orders = await connectTransport(shop, transport, { send: "order.*" });
 * await using billing = await connectTransport(office, transport, { receive: "order.*", group: "billing" });
 */
export class MemoryTransport implements Transport {
  readonly capabilities: TransportCapabilities;
  readonly #core: BrokerCore;
  readonly #subscriptions = new Set<TransportSubscription>();
  readonly #waiting = new Set<WaitingPublish>();
  #isClosed = false;
  #closed: Promise<TransportReport> | undefined;

  /** @throws BusError `INVALID_OPTION` */
  constructor(options: MemoryTransportOptions = {}) {
    const check = new OptionCheck("new MemoryTransport", options, ["broker"]);
    check.matching("broker", "a MemoryBroker", (value) => value instanceof MemoryBroker);
    this.#core = coreOf(options.broker ?? new MemoryBroker());
    this.capabilities = Object.freeze({
      ordered: true,
      groups: true,
      persistent: true,
      retained: this.#core.retain > 0,
      countsAttempts: true,
      delaysRetries: true,
      bounded: true,
      deduplicates: false,
      reconnects: false,
      volatile: true,
    });
    this.#core.connections.add(this);
  }

  async publish(envelopes: readonly Envelope[], options?: TransportPublishOptions): Promise<void> {
    checkKnown("publish", options, ["signal"]);
    if (!Array.isArray(envelopes)) {
      throw new BusError("INVALID_EVENT", `publish takes an array of envelopes, got ${describeValue(envelopes)}`);
    }
    this.#refuseWhenClosed("publish");
    const read = envelopes.map(readEnvelope);
    const signal = options?.signal;
    if (signal?.aborted) throw aborted("publish", signal);
    const waiting = this.#core.publish(read);
    if (waiting === undefined) return;
    const cancel = (): void => waiting.cancel(aborted("publish", signal));
    signal?.addEventListener("abort", cancel, { once: true });
    this.#waiting.add(waiting);
    try {
      await waiting.done;
    } finally {
      this.#waiting.delete(waiting);
      signal?.removeEventListener("abort", cancel);
    }
  }

  async subscribe(request: TransportSubscribeRequest): Promise<TransportSubscription> {
    checkRequest(request);
    const { group, from = "new", maxInFlight = 1, signal, onEnvelope } = request;
    const pattern = parsePattern(request.pattern);
    this.#refuseWhenClosed("subscribe");
    if (signal?.aborted) throw aborted("subscribe", signal);
    const close = (): void => void subscription.close();
    const onClosed = (): void => {
      this.#subscriptions.delete(subscription);
      signal?.removeEventListener("abort", close);
    };
    const subscription: TransportSubscription = this.#core.subscribe({
      pattern,
      group,
      from,
      maxInFlight,
      onEnvelope,
      onClosed,
    });
    this.#subscriptions.add(subscription);
    signal?.addEventListener("abort", close, { once: true });
    return subscription;
  }

  /** What its broker holds, for whichever transport. */
  unsettled(): readonly UnsettledEnvelope[] {
    return this.#core.unsettled();
  }

  /** Resolves with what its subscriptions leave to nobody, and for the last transport of a broker with all that is left. */
  close(): Promise<TransportReport> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<TransportReport> {
    this.#isClosed = true;
    this.#core.connections.delete(this);
    const error = new BusError("TRANSPORT_CLOSED", "cannot publish: the transport was closed while it waited for room");
    for (const waiting of this.#waiting) waiting.cancel(error);
    const subscriptions = [...this.#subscriptions];
    for (const each of subscriptions) void each.close(); // never rejects
    const left = (await Promise.all(subscriptions.map((each) => each.closed))).flatMap(({ unsettled }) => unsettled);
    if (this.#core.connections.size > 0) return { unsettled: left };
    return { unsettled: [...left.filter(({ group }) => group === undefined), ...this.#core.unsettled()] };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #refuseWhenClosed(what: "publish" | "subscribe"): void {
    if (this.#isClosed) throw new BusError("TRANSPORT_CLOSED", `cannot ${what}: the transport is closed`);
  }
}

function checkRequest(request: TransportSubscribeRequest): void {
  const known = ["pattern", "group", "from", "maxInFlight", "signal", "onEnvelope"];
  const check = new OptionCheck("subscribe", request, known);
  check.matching("group", "1 to 255 characters without control characters", isSource);
  check.oneOf("from", ["new", "oldest"]);
  check.number("maxInFlight", { min: 1, max: 100_000, integer: true });
  check.matching("signal", "an AbortSignal", (value) => value instanceof AbortSignal);
  if (typeof request?.onEnvelope === "function") return;
  const got = describeValue((request as { onEnvelope?: unknown } | undefined)?.onEnvelope);
  throw new BusError("INVALID_HANDLER", `subscribe: onEnvelope must be a function, got ${got}`);
}

function aborted(what: string, signal: AbortSignal | undefined): BusError {
  return new BusError("ABORTED", `cannot ${what}: the signal was aborted`, { cause: signal?.reason });
}
