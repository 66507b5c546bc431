import type { SubscriptionSettings } from "../delivery/settings.ts";
import type { Invoke, Middleware } from "../handler.ts";
import { showAs } from "../inspect.ts";
import { composeMiddleware } from "../middleware.ts";
import type { Pattern } from "./pattern.ts";
import { readsContext } from "./reads-context.ts";

/** A handler's place on the bus: what `subscribe` returns. */
export interface Subscription extends Disposable {
  /** Labels its spans, metrics and dead letters. */
  readonly name: string;
  /** What it is subscribed to. */
  readonly pattern: string;
  /** False once it is unsubscribed, or its bus is closed. */
  readonly isActive: boolean;
  /** Stops deliveries that have not started; running ones finish. False when it was unsubscribed before. */
  unsubscribe(): boolean;
}

export interface SubscriptionInit {
  readonly pattern: Pattern;
  readonly handler: Invoke;
  readonly settings: SubscriptionSettings;
  /** Called once, when it is unsubscribed. */
  readonly leave: (subscription: SubscriptionRecord) => void;
}

/** A subscription as the bus keeps it. */
export class SubscriptionRecord implements Subscription {
  readonly parsed: Pattern;
  readonly settings: SubscriptionSettings;
  /** What was subscribed, for `unsubscribe(pattern, handler)`. */
  readonly handler: Invoke;
  /** The handler with the middleware around it, composed when either changes, not per event. */
  invoke: Invoke;
  /** Whether what is to be called may look at its context. */
  readsContext: boolean;
  #isActive = true;
  readonly #leave: (subscription: SubscriptionRecord) => void;

  constructor(init: SubscriptionInit) {
    this.parsed = init.pattern;
    this.handler = init.handler;
    this.invoke = init.handler;
    this.readsContext = readsContext(init.handler);
    this.settings = init.settings;
    this.#leave = init.leave;
  }

  /** Puts middleware around the handler. */
  wrap(middleware: readonly Middleware[]): void {
    this.invoke = composeMiddleware(middleware, this.handler);
    this.readsContext = middleware.length > 0 || readsContext(this.handler);
  }

  get name(): string {
    return this.settings.name;
  }

  get pattern(): string {
    return this.parsed.text;
  }

  get isActive(): boolean {
    return this.#isActive;
  }

  /** Whether its handler may be called at once, with nothing to look at first. */
  get isDirect(): boolean {
    return this.#isActive && !this.settings.once;
  }

  /** Ends the subscription, as a listener: of an abort signal, say. */
  readonly end = (): void => {
    this.unsubscribe();
  };

  unsubscribe(): boolean {
    if (!this.#isActive) return false;
    this.#isActive = false;
    this.#leave(this);
    return true;
  }

  [Symbol.dispose](): void {
    this.unsubscribe();
  }

  toJSON(): { name: string; pattern: string; isActive: boolean } {
    return { name: this.name, pattern: this.pattern, isActive: this.#isActive };
  }

  static {
    showAs("Subscription", SubscriptionRecord.prototype);
  }
}
