import type { BusCore } from "../bus/bus-core.ts";
import type { Delivery } from "../delivery/deliver.ts";
import type { BusEvent } from "../event/event.ts";
import type { Book } from "./book.ts";
import type { DeliveryWatch } from "./delivery-watch.ts";
import type { Call, PublishWatch } from "./publish-watch.ts";

/** A delivery that is not over; or a publish call, or the call given to `harness.run`, that has not returned. */
export interface InFlightDelivery {
  readonly state: "queued" | "running" | "waiting_for_retry" | "publishing" | "calling";
  /** Undefined for the call given to `harness.run`. */
  readonly eventName: string | undefined;
  /** Undefined while the event waits for its schema: it has none yet. */
  readonly correlationId: string | undefined;
  /** The name of the subscription; undefined for calls. */
  readonly subscription: string | undefined;
  /** The attempt that runs, or failed last; 0 for calls. */
  readonly attempt: number;
  /** How long it has been so, in milliseconds. */
  readonly forMs: number;
  /** How long the wait for the next attempt is in all, in milliseconds. */
  readonly retryInMs: number | undefined;
}

/** What is in flight, with what it belongs to. */
export interface InFlightWork {
  readonly work: object;
  readonly book: Book;
  describe(): InFlightDelivery;
}

/** What a bus is known by to whoever asks what it is doing. */
export interface WatchedBus {
  readonly core: BusCore;
  readonly publishes: PublishWatch;
  readonly deliveries: DeliveryWatch;
  readonly bookOf: (event: BusEvent) => Book;
}

/** Everything a bus has begun and not finished. */
export function workInFlight({ core, publishes, deliveries, bookOf }: WatchedBus): InFlightWork[] {
  const running = core.inFlight.list().map((delivery): InFlightWork => {
    return { work: delivery, book: bookOf(delivery.event), describe: () => describeDelivery(delivery, deliveries) };
  });
  const events = new Set(core.inFlight.list().map((delivery) => delivery.event));
  // an accepted call is as far as its deliveries: those are what there is to tell
  const publishing = [...publishes.pending].filter(
    (call) => call.event === undefined || !events.has(call.event as never),
  );
  return [
    ...running,
    ...publishing.map((call): InFlightWork => ({ work: call, book: call.book, describe: () => describeCall(call) })),
  ];
}

/** One line for each. */
export function spellInFlight(items: readonly InFlightDelivery[]): string {
  return items.map((each) => `  ${spell(each)}`).join("\n");
}

function spell({ eventName, subscription, correlationId, attempt, state, forMs, retryInMs }: InFlightDelivery): string {
  const ms = Math.round(forMs);
  const id = correlationId === undefined ? "" : `, correlation id ${correlationId}`;
  if (state === "calling") return `the call given to harness.run() has not returned for ${ms} ms`;
  if (state === "publishing") return `${eventName}: its publish has not finished for ${ms} ms${id}`;
  if (state === "queued") return `${eventName} -> [${subscription}] waits in the queue${id}`;
  const doing =
    state === "running"
      ? `attempt ${attempt} running for ${ms} ms`
      : `attempt ${attempt} failed, waiting for its retry for ${ms} of ${Math.round(retryInMs ?? 0)} ms`;
  return `${eventName} -> [${subscription}] ${doing}${id}`;
}

function describeDelivery(delivery: Delivery, deliveries: DeliveryWatch): InFlightDelivery {
  const { event, leg } = delivery;
  const subscription = leg.subscription.name;
  const progress = deliveries.progressOf(event, subscription);
  const { attempts } = delivery;
  return {
    eventName: event.name,
    correlationId: event.correlationId,
    subscription,
    attempt: attempts,
    state: attempts === 0 ? "queued" : (progress?.state ?? "running"),
    forMs: progress === undefined ? 0 : Math.max(0, performance.now() - progress.since),
    retryInMs: progress?.retryInMs,
  };
}

function describeCall({ subject, event, calledAt }: Call): InFlightDelivery {
  const name = typeof subject === "string" ? subject : (subject as { readonly name?: unknown }).name;
  return {
    eventName: String(name),
    correlationId: event?.correlationId,
    subscription: undefined,
    attempt: 0,
    state: "publishing",
    forMs: Math.max(0, performance.now() - calledAt),
    retryInMs: undefined,
  };
}
