import { BusError, errorTypeOfCode } from "../../errors.ts";
import type { EventInit } from "../../event/event-init.ts";
import type { PublishOptions } from "../../options.ts";
import type { DeliveryReport, PublishResult } from "../../outcome.ts";
import type { Settlement, TransportDelivery } from "../transport.ts";
import type { Arrivals } from "./arrivals.ts";
import type { LinkSettings } from "./options.ts";
import { MAX_BUSES, readPath } from "./path.ts";

export interface ReceiverInit {
  readonly publish: (event: EventInit, options: PublishOptions) => Promise<PublishResult>;
  readonly arrivals: Arrivals;
  readonly busId: string;
  readonly settings: LinkSettings;
  /** Called when the bus takes nothing in any more, with what it said. */
  readonly onBusClosed: (code: "BUS_CLOSED" | "BUS_DRAINING") => void;
}

/** Publishes what comes from a transport on one bus, and settles it by what became of its deliveries. */
export class Receiver {
  readonly #init: ReceiverInit;
  #running = 0;

  constructor(init: ReceiverInit) {
    this.#init = init;
  }

  get isReceiving(): boolean {
    return this.#running > 0;
  }

  readonly receive = async ({ envelope, attempt }: TransportDelivery): Promise<Settlement> => {
    const { arrivals, busId, settings, publish } = this.#init;
    const path = readPath(envelope.headers);
    if (path.includes(busId)) return ACK; // it started here: its deliveries were made when it was published
    if (path.length >= MAX_BUSES) return { settle: "dead-letter", reason: "too_many_buses" };
    arrivals.add(envelope.id);
    this.#running++;
    try {
      const { deliveries } = await publish(envelope, { incoming: settings.incoming });
      return this.#settlementOf(deliveries, attempt);
    } catch (error) {
      return this.#settlementOfRefusal(error, attempt);
    } finally {
      arrivals.remove(envelope.id);
      this.#running--;
    }
  };

  /** Where a delivery was cut the event is to come again; one that failed is in the hands of the bus. */
  #settlementOf(deliveries: readonly DeliveryReport[], attempt: number): Settlement {
    if (deliveries.some(isCut)) return this.#retry("aborted", attempt);
    const { onFailure } = this.#init.settings;
    if (onFailure === "ack" || !deliveries.some(isDeadLettered)) return ACK;
    if (onFailure === "retry") return this.#retry("delivery_failed", attempt);
    return { settle: "dead-letter", reason: "delivery_failed" };
  }

  /** A bus that is closing may be one of a group; what is refused for what it is would be refused again. */
  #settlementOfRefusal(error: unknown, attempt: number): Settlement {
    if (!(error instanceof BusError)) return this.#retry("publish_failed", attempt);
    if (error.code !== "BUS_CLOSED" && error.code !== "BUS_DRAINING") {
      return { settle: "dead-letter", reason: errorTypeOfCode(error.code) };
    }
    this.#init.onBusClosed(error.code);
    return { settle: "retry" };
  }

  #retry(reason: string, attempt: number): Settlement {
    const { maxAttempts, retryDelayMs } = this.#init.settings;
    if (attempt >= maxAttempts) return { settle: "dead-letter", reason };
    return { settle: "retry", delayMs: retryDelayMs };
  }
}

const ACK: Settlement = { settle: "ack" };

function isCut({ outcome }: DeliveryReport): boolean {
  return outcome === "aborted" || outcome === "dropped";
}

function isDeadLettered({ disposition }: DeliveryReport): boolean {
  return disposition === "dead_lettered";
}
