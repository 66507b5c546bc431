import { BusError } from "../errors.ts";
import type { BusEvent } from "../event/event.ts";
import type { Invoke } from "../handler.ts";
import type { QueueOptions } from "../options.ts";
import type { Subscription } from "../routing/subscription.ts";

/** What a stream or a wait needs of its bus. */
export interface EventSource {
  /** Makes the subscription to read from. */
  subscribe(handler: Invoke): Subscription;
  /** Calls `listener` when the bus is closed; the result takes it back. */
  whenClosed(listener: () => void): () => void;
}

/** Options of `bus.events()`. */
export interface EventsOptions {
  /** Ends the loop when aborted. */
  readonly signal?: AbortSignal | undefined;
  /** Where events wait until they are asked for. @default 1,000 of them, then publishers wait */
  readonly queue?: QueueOptions | undefined;
}

/** An event in the buffer, and the end of its delivery. */
interface Buffered {
  readonly event: BusEvent;
  readonly settle: () => void;
}

/**
 * The events of a subscription as an async iterator. An item counts as handled when the next is asked for, so `await
 * publish` waits for the loop's body; what is still buffered when the loop ends is let go.
 */
export class EventStream implements AsyncIterableIterator<BusEvent> {
  readonly #subscription: Subscription;
  readonly #buffer: Buffered[] = [];
  readonly #waiting: ((result: IteratorResult<BusEvent>) => void)[] = [];
  readonly #signal: AbortSignal | undefined;
  readonly #forgetClose: () => void;
  #current: Buffered | undefined;
  #isDone = false;

  constructor(source: EventSource, signal: AbortSignal | undefined) {
    this.#subscription = source.subscribe((event) => this.#push(event));
    this.#forgetClose = source.whenClosed(() => this.#end());
    this.#signal = signal;
    if (signal?.aborted) this.#end();
    else signal?.addEventListener("abort", this.#end);
  }

  #push(event: BusEvent): Promise<void> | undefined {
    if (this.#isDone) return undefined;
    return new Promise((settle) => {
      const item = { event, settle };
      const waiting = this.#waiting.shift();
      if (waiting === undefined) this.#buffer.push(item);
      else {
        if (this.#waiting.length === 0) this.#current = item;
        else settle(); // the next was asked for already
        waiting({ done: false, value: event });
      }
    });
  }

  next(): Promise<IteratorResult<BusEvent>> {
    this.#current?.settle();
    this.#current = this.#buffer.shift();
    if (this.#current !== undefined) return Promise.resolve({ done: false, value: this.#current.event });
    if (this.#isDone || !this.#subscription.isActive) return this.return();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  return(): Promise<IteratorResult<BusEvent>> {
    this.#end();
    return Promise.resolve({ done: true, value: undefined });
  }

  readonly #end = (): void => {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#forgetClose();
    this.#signal?.removeEventListener("abort", this.#end);
    this.#subscription.unsubscribe();
    for (const item of [this.#current, ...this.#buffer.splice(0)]) item?.settle();
    this.#current = undefined;
    for (const resolve of this.#waiting.splice(0)) resolve({ done: true, value: undefined });
  };

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** Options of `bus.waitFor()`. */
export interface WaitForOptions<Event extends BusEvent = BusEvent> {
  /** Which event to wait for. @default the first that matches the pattern */
  readonly where?: ((event: Event) => boolean) | undefined;
  /** Longest wait in milliseconds, after which the promise rejects with `TIMEOUT`. @default none */
  readonly timeoutMs?: number | undefined;
  /** Ends the wait with `ABORTED`. */
  readonly signal?: AbortSignal | undefined;
}

/** Resolves with the first event that arrives from now on and passes `where`. */
export function waitForEvent(source: EventSource, pattern: string, options: WaitForOptions): Promise<BusEvent> {
  const { where, timeoutMs, signal } = options;
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const fail = (error: unknown): void => stop(() => reject(error));
    const aborted = (): void => {
      fail(
        new BusError("ABORTED", `stopped waiting for "${pattern}": the signal was aborted`, { cause: signal?.reason }),
      );
    };
    const subscription = source.subscribe((event) => {
      try {
        if (where === undefined || where(event)) stop(() => resolve(event));
      } catch (error) {
        fail(error); // the caller's own predicate threw: its failure is the caller's
      }
    });
    const forgetClose = source.whenClosed(() => {
      fail(new BusError("BUS_CLOSED", `stopped waiting for "${pattern}": the bus was closed`));
    });
    function stop(settle: () => void): void {
      subscription.unsubscribe();
      forgetClose();
      clearTimeout(timer);
      signal?.removeEventListener("abort", aborted);
      settle();
    }
    if (signal?.aborted) return aborted();
    signal?.addEventListener("abort", aborted);
    if (timeoutMs === undefined) return;
    timer = setTimeout(() => {
      fail(new BusError("TIMEOUT", `no event matching "${pattern}" came within ${timeoutMs} ms`));
    }, timeoutMs);
  });
}
