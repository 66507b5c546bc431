import type { Envelope, TransportDelivery } from "../transport.ts";
import type { Entry } from "./channel.ts";

/** An entry in the hands of a subscription. */
export class HandOver implements TransportDelivery {
  readonly entry: Entry;
  readonly attempt: number;
  #controller: AbortController | undefined;
  #isOver = false;

  constructor(entry: Entry) {
    this.entry = entry;
    this.attempt = ++entry.attempts;
  }

  get envelope(): Envelope {
    return this.entry.envelope;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Made when somebody asks: most handlers do not. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#isOver) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  end(): void {
    this.#isOver = true;
    this.#controller?.abort();
  }
}
