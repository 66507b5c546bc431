import { BusError } from "../../errors.ts";
import type { BusEvent } from "../../event/event.ts";
import type { HandlerContext } from "../../handler.ts";
import type { ErrorClass } from "../../options.ts";
import type { Transport } from "../transport.ts";
import type { Arrivals } from "./arrivals.ts";
import { withBus } from "./path.ts";

/** Sends what is published on one bus; `send` is its handler. */
export class Sender {
  readonly #transport: Transport;
  readonly #arrivals: Arrivals;
  readonly #busId: string;
  readonly #running = new Set<Promise<void>>();

  constructor(transport: Transport, arrivals: Arrivals, busId: string) {
    this.#transport = transport;
    this.#arrivals = arrivals;
    this.#busId = busId;
  }

  /** What came from the transport is not sent back. */
  readonly send = (event: BusEvent, { signal }: HandlerContext): Promise<void> | undefined => {
    if (this.#arrivals.has(event.id)) return undefined;
    const plain = event.toJSON(); // with the W3C headers of the publish span: the context the event was created in
    const envelope = { ...plain, headers: withBus(plain.headers, this.#busId) };
    const sending = this.#transport.publish([envelope], { signal });
    this.#running.add(sending);
    const done = (): void => void this.#running.delete(sending);
    sending.then(done, done);
    return sending;
  };

  get isSending(): boolean {
    return this.#running.size > 0;
  }

  /** Resolves when everything that is being sent now is, or has failed. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#running);
  }
}

const LATER: ReadonlySet<string> = new Set(["TRANSPORT_FULL", "ABORTED", "TIMEOUT"]);

/** An envelope that was refused for what it is, or by a closed transport, will be refused again. */
export function classifySendError(error: unknown): ErrorClass {
  return error instanceof BusError && !LATER.has(error.code) ? "fatal" : "retryable";
}
