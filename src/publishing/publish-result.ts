import type { EventRecord } from "../event/event.ts";
import { showAs } from "../inspect.ts";
import type { DeliveryReport, PublishResult } from "../outcome.ts";

/** What a result reads from, when it is read. */
export interface ResultSource {
  readonly event: EventRecord;
  readonly traceId: string | undefined;
  reports(): readonly DeliveryReport[];
}

/** A publish result; ids and reports are made at first read, so a result nobody looks at costs next to nothing. */
export class Result implements PublishResult {
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
    const deliveries = Object.freeze(this.#source.reports());
    // a report read too early (wait: "accepted") is not the last word
    if (deliveries.every((each) => each.outcome !== "in_flight")) this.#deliveries = deliveries;
    return deliveries;
  }

  toJSON(): PublishResult {
    const { id, correlationId, traceId, deliveries } = this;
    return { id, correlationId, traceId, deliveries };
  }

  static {
    showAs("PublishResult", Result.prototype);
  }
}
