import type { Leg } from "../delivery/leg.ts";
import { DeliveryError } from "../errors.ts";
import type { EventRecord } from "../event/event.ts";
import { showAs } from "../inspect.ts";
import type { DeliveryReport, PublishResult } from "../outcome.ts";
import type { Pacer } from "./pacer.ts";
import { admissionOf, failedOf, foreseenReports, reportsOf, type Slots } from "./slots.ts";

/** What a result reads from, when it is read. */
interface ResultSource {
  readonly host: { readonly pacer: Pacer };
  readonly event: EventRecord;
  readonly traceId: string | undefined;
  /** Whether deliveries have yet to settle. */
  readonly isInFlight: boolean;
  /** Set where the event waits for its time, or will never come. */
  readonly delay: "scheduled" | "cancelled" | undefined;
  readonly route: { readonly legs: readonly Leg[] };
  readonly slots: Slots;
  whenSettled(listener: () => void): void;
}

/** Resolves when all deliveries have settled, at once where they have, but never so as to starve the event loop. */
export function settledResult(publication: ResultSource): Promise<PublishResult> {
  const { pacer } = publication.host;
  if (!publication.isInFlight && !pacer.isTurnOver()) return Promise.resolve(new Result(publication));
  return laterResult(publication);
}

/** Apart from the usual case, which would pay for these closures. */
function laterResult(publication: ResultSource): Promise<PublishResult> {
  const { pacer } = publication.host;
  return new Promise((resolve) => {
    const finish = (): void => resolve(new Result(publication));
    if (publication.isInFlight) publication.whenSettled(() => pacer.pace(finish));
    else pacer.afterTurn(finish);
  });
}

/** Resolves as soon as every delivery is handed over, in a full queue when there is room for it; read later, the result says how they went. */
export function acceptedResult(publication: ResultSource): Promise<PublishResult> {
  const { pacer } = publication.host;
  const admitted = admissionOf(publication.slots);
  if (admitted !== undefined) return admitted.then(() => new Result(publication));
  if (!pacer.isTurnOver()) return Promise.resolve(new Result(publication));
  return new Promise((resolve) => pacer.afterTurn(() => resolve(new Result(publication))));
}

/** Like `settledResult`, but rejects if a delivery failed; `onSettled` hears of it at once. */
export function strictResult(
  publication: ResultSource,
  onSettled: (failure: DeliveryError | undefined) => void,
): Promise<PublishResult> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      const failure = strictFailure(publication);
      onSettled(failure);
      publication.host.pacer.pace(() => (failure === undefined ? resolve(new Result(publication)) : reject(failure)));
    };
    if (publication.isInFlight) publication.whenSettled(settle);
    else settle();
  });
}

function strictFailure(publication: ResultSource): DeliveryError | undefined {
  const failed = failedOf(publication.slots);
  if (failed.length === 0) return undefined;
  const result = new Result(publication);
  const names = failed.map((each) => `"${each.leg.subscription.name}"`).join(", ");
  const count = `${failed.length} of ${result.deliveries.length}`;
  const message = `publishing "${publication.event.name}": ${count} deliveries failed: ${names}`;
  const errors = failed.map((each) => each.settlement?.error);
  return new DeliveryError(message, errors, result);
}

/** A publish result; ids and reports are made at first read, so a result nobody looks at costs next to nothing. */
class Result implements PublishResult {
  readonly #source: ResultSource;
  #deliveries: readonly DeliveryReport[] | undefined;

  constructor(source: ResultSource) {
    this.#source = source;
  }

  get id(): string {
    return this.#source.event.id;
  }

  get correlationId(): string {
    return this.#source.event.correlationId;
  }

  get traceId(): string | undefined {
    return this.#source.traceId;
  }

  get deliveries(): readonly DeliveryReport[] {
    if (this.#deliveries !== undefined) return this.#deliveries;
    const deliveries = Object.freeze(this.#reports());
    // a report read too early (wait: "accepted") is not the last word
    if (deliveries.every((each) => each.outcome !== "in_flight")) this.#deliveries = deliveries;
    return deliveries;
  }

  #reports(): readonly DeliveryReport[] {
    const { slots, route, delay } = this.#source;
    if (delay === "cancelled") return [];
    return delay === "scheduled" ? foreseenReports(route.legs) : reportsOf(slots, route.legs);
  }

  get isCancelled(): boolean {
    return this.#source.delay === "cancelled";
  }

  toJSON(): PublishResult {
    const { id, correlationId, traceId, deliveries, isCancelled } = this;
    return { id, correlationId, traceId, deliveries, isCancelled };
  }

  /** Comparisons look at own properties, of which there are none for the sake of speed, and at this. */
  get [Symbol.toStringTag](): string {
    const outcomes = this.deliveries.map(({ subscription, outcome }) => `${subscription} ${outcome}`);
    return `PublishResult ${this.id} (${outcomes.join(", ")})`;
  }

  static {
    showAs("PublishResult", Result.prototype);
  }
}
