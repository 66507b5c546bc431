import { AssertionError } from "node:assert";
import { randomUUID } from "node:crypto";
import { readEnvelope } from "../../transports/envelope.ts";
import type { Envelope, Transport, TransportCapabilities } from "../../transports/transport.ts";
import { within } from "./deadline.ts";
import { Inbox, type InboxRequest } from "./inbox.ts";

/** The engine as one case sees it. */
export interface TransportSetup {
  /** Connects a transport; all of one setup reach each other. The suite closes them. */
  connect(): Transport | PromiseLike<Transport>;
  /** Takes the engine away from those connected to it, and brings it back; only for what claims to reconnect. */
  interrupt?(): Promise<void>;
  /** Called when the case is over. */
  stop?(): Promise<void> | void;
}

/** How long, and how much. */
export interface CaseLimits {
  readonly waitMs: number;
  readonly quietMs: number;
  readonly envelopes: number;
  readonly capacity: number;
}

/** What a case works with: transports of one engine, names nobody else uses, envelopes and inboxes. */
export class CaseWorld {
  readonly limits: CaseLimits;
  readonly capabilities: TransportCapabilities;
  readonly #setup: TransportSetup;
  readonly #transports: Transport[] = [];
  readonly #prefix = `suite-${randomUUID().slice(0, 13)}`;

  constructor(setup: TransportSetup, capabilities: TransportCapabilities, limits: CaseLimits) {
    this.#setup = setup;
    this.capabilities = capabilities;
    this.limits = limits;
  }

  /** A transport of its own connection. */
  async connect(): Promise<Transport> {
    const transport = await within(
      Promise.resolve(this.#setup.connect()),
      this.limits.waitMs,
      () => "connecting did not end",
    );
    this.#transports.push(transport);
    return transport;
  }

  /** An event name of this case: on an engine that is shared, others use others. */
  name(...tokens: readonly string[]): string {
    return [this.#prefix, ...tokens].join(".");
  }

  /** A group of this case. */
  group(name: string): string {
    return `${this.#prefix}-${name}`;
  }

  envelope(name: string, init: Partial<Envelope> = {}): Envelope {
    const defaults = {
      id: randomUUID(),
      source: "transport-suite",
      correlationId: randomUUID(),
      timestamp: new Date(),
    };
    return readEnvelope({ data: { number: 0 }, ...defaults, ...init, name });
  }

  /** Envelopes whose data is their number, from 0. */
  many(name: string, count: number = this.limits.envelopes): Envelope[] {
    return Array.from({ length: count }, (_, number) => this.envelope(name, { data: { number } }));
  }

  /** Subscribes an inbox. */
  async open(transport: Transport, request: InboxRequest): Promise<Inbox> {
    const { settle, ...rest } = request;
    const inbox = new Inbox(this.limits.waitMs, settle);
    return inbox.opened(await transport.subscribe({ ...rest, onEnvelope: inbox.onEnvelope }));
  }

  async interrupt(): Promise<void> {
    if (this.#setup.interrupt === undefined) {
      throw new AssertionError({ message: "a transport that claims to reconnect needs a setup with interrupt()" });
    }
    await this.#setup.interrupt();
  }

  async end(): Promise<void> {
    const { waitMs } = this.limits;
    const closed = Promise.allSettled(this.#transports.map((each) => each.close()));
    await within(closed, waitMs, () => "closing the transports did not end");
    await this.#setup.stop?.();
  }
}
