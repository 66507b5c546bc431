import type { Scope } from "../context.ts";
import type { BusEvent } from "../event/event.ts";

/** The scope of one handler: its event's, and the name of its subscription. */
export function handlerScope(publication: Scope, subscription: string): Scope {
  return new HandlerScope(publication, subscription);
}

class HandlerScope implements Scope {
  readonly event: BusEvent;
  readonly bus: object;
  readonly subscription: string;
  readonly #publication: Scope;

  constructor(publication: Scope, subscription: string) {
    this.event = publication.event;
    this.bus = publication.bus;
    this.subscription = subscription;
    this.#publication = publication;
  }

  get isInFlight(): boolean {
    return this.#publication.isInFlight;
  }
}
