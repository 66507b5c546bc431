import { randomUUID } from "node:crypto";
import type { TransportSetup } from "../../../src/testing/transport-suite/case-world.ts";
import { type MemoryBroker, MemoryTransport } from "../../../src/transports/memory.ts";
import type {
  Transport,
  TransportReport,
  TransportSubscribeRequest,
  TransportSubscription,
  UnsettledEnvelope,
} from "../../../src/transports/transport.ts";
import { type Alteration, altered } from "./altered-transport.ts";

/** De-duplicates by id, for all transports it is applied to. */
export function deduplicating(): Alteration {
  const seen = new Set<string>();
  return {
    capabilities: { deduplicates: true },
    publish: async (inner, envelopes, options) => {
      const fresh = envelopes.filter(({ id }) => !seen.has(id));
      await inner.publish(fresh, options);
      for (const { id } of fresh) seen.add(id);
    },
  };
}

/** A setup whose transports lose their connections when it is interrupted, and come back. */
export function reconnectingSetup(broker: MemoryBroker, comesBack: boolean): Required<Omit<TransportSetup, "stop">> {
  const lines = new Set<ReconnectingTransport>();
  return {
    connect: () => {
      const line = new ReconnectingTransport(broker);
      lines.add(line);
      return altered(line, { capabilities: { reconnects: true } });
    },
    interrupt: async () => {
      await Promise.all([...lines].map((each) => each.cut()));
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (comesBack) await Promise.all([...lines].map((each) => each.restore()));
    },
  };
}

interface Kept {
  readonly request: TransportSubscribeRequest;
  current: TransportSubscription | undefined;
}

/** A client of a memory broker that loses its connection and comes back to its place in each queue. */
class ReconnectingTransport implements Transport {
  readonly #broker: MemoryBroker;
  readonly #kept = new Set<Kept>();
  #inner: MemoryTransport;
  #isClosed = false;

  constructor(broker: MemoryBroker) {
    this.#broker = broker;
    this.#inner = new MemoryTransport({ broker });
  }

  get capabilities(): Transport["capabilities"] {
    return this.#inner.capabilities;
  }

  publish(...parameters: Parameters<Transport["publish"]>): Promise<void> {
    return this.#inner.publish(...parameters);
  }

  async subscribe(request: TransportSubscribeRequest): Promise<TransportSubscription> {
    const named = { ...request, group: request.group ?? `own-${randomUUID()}` }; // its place has to outlive the connection
    const kept: Kept = { request: named, current: await this.#inner.subscribe(named) };
    this.#kept.add(kept);
    const end = async (how: "drain" | "close"): Promise<void> => {
      this.#kept.delete(kept);
      await kept.current?.[how]();
    };
    const closed = new Promise<TransportReport>(() => undefined); // nobody asks this one
    return { closed, drain: () => end("drain"), close: () => end("close"), [Symbol.asyncDispose]: () => end("drain") };
  }

  async cut(): Promise<void> {
    await this.#inner.close();
  }

  async restore(): Promise<void> {
    if (this.#isClosed) return;
    this.#inner = new MemoryTransport({ broker: this.#broker });
    for (const kept of this.#kept) kept.current = await this.#inner.subscribe(kept.request);
  }

  unsettled(): readonly UnsettledEnvelope[] {
    return this.#inner.unsettled();
  }

  close(): Promise<TransportReport> {
    this.#isClosed = true;
    return this.#inner.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
