import { v4 as uuid } from "uuid";
import type { Scope } from "../context.ts";
import { DeadLetterStore } from "../delivery/dead-letter.ts";
import type { Delivery } from "../delivery/deliver.ts";
import { FailureReader } from "../delivery/failure.ts";
import type { AttemptFailure, Cause, DeliveryFailure } from "../delivery/host.ts";
import { InFlight } from "../delivery/in-flight.ts";
import type { OpenLedger } from "../delivery/ledger.ts";
import type { BusError } from "../errors.ts";
import type { EventOrigin, EventRecord } from "../event/event.ts";
import { isId } from "../event/event-rules.ts";
import type { UntypedPublish } from "../handler.ts";
import type { Logger } from "../logger.ts";
import type { PublisherHost } from "../publishing/host.ts";
import { Pacer } from "../publishing/pacer.ts";
import { Publisher } from "../publishing/publisher.ts";
import { Schedule } from "../publishing/schedule.ts";
import type { Routes } from "../routing/routes.ts";
import type { Guard } from "../telemetry/guard.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { isThenable } from "../thenable.ts";
import { TurnClock } from "../turn-clock.ts";
import type { BusSettings } from "./bus-settings.ts";
import type { CutDelivery } from "./cut-delivery.ts";
import { DrainPartners, registerPartners } from "./drain-partners.ts";

/** The parts a bus is assembled from. */
export interface BusParts {
  readonly bus: object;
  readonly settings: BusSettings;
  readonly guard: Guard;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  readonly ledger: OpenLedger;
  readonly routes: Routes;
}

/** The state that the rooms of one bus share: accounts, what is in flight, who listens to failures, whether it is open. */
export class BusCore implements PublisherHost {
  readonly bus: object;
  readonly settings: BusSettings;
  readonly guard: Guard;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  readonly routes: Routes;
  readonly ledger: OpenLedger;
  readonly inFlight: InFlight<Delivery> = new InFlight();
  readonly pacer: Pacer = new Pacer();
  readonly failures: FailureReader;
  readonly deadLetters: DeadLetterStore;
  readonly schedule: Schedule;
  readonly eventOrigin: EventOrigin;
  readonly clock: TurnClock = new TurnClock();
  readonly publisher: Publisher;
  readonly partners: DrainPartners;
  readonly errorListeners: Set<(failure: DeliveryFailure) => unknown> = new Set();
  readonly attemptErrorListeners: Set<(failure: AttemptFailure) => unknown> = new Set();
  readonly closeListeners: Set<() => void> = new Set();
  closeReason: BusError | undefined;
  drainReason: BusError | undefined;
  retriesEndAt: number | undefined;
  /** Deliveries that a drain had no time to try again. */
  readonly givenUp: CutDelivery[] = [];

  constructor(parts: BusParts) {
    const { settings, guard } = parts;
    this.bus = parts.bus;
    this.settings = settings;
    this.guard = guard;
    this.logger = parts.logger;
    this.telemetry = parts.telemetry;
    this.routes = parts.routes;
    this.ledger = parts.ledger;
    this.failures = new FailureReader(guard, settings.errors, settings.redact);
    guard.describeWith((error) => this.failures.describe(error));
    this.deadLetters = new DeadLetterStore(settings.deadLetterCapacity, this.logger, (reason) =>
      this.failures.reason(reason),
    );
    this.schedule = new Schedule(settings.maxScheduled);
    this.eventOrigin = guardedOrigin(parts, this.clock);
    this.publisher = new Publisher(this);
    this.partners = new DrainPartners(this.logger, () => this.closeReason !== undefined);
    registerPartners(this.bus, this.partners);
  }

  get isAmbient(): boolean {
    return this.settings.ambient;
  }

  get random(): () => number {
    return this.settings.random;
  }

  whenClosed(listener: () => void): () => void {
    this.closeListeners.add(listener);
    return () => void this.closeListeners.delete(listener);
  }

  intakeProblem(scope: Scope | undefined, handler: Cause | undefined): BusError | undefined {
    if (this.closeReason !== undefined) return this.closeReason;
    if (this.drainReason === undefined) return undefined;
    const isFromDrained = handler?.delivery.isSettled === false || (scope?.bus === this.bus && scope.isInFlight);
    return isFromDrained || this.#isFromPartner(scope) ? undefined : this.drainReason;
  }

  #isFromPartner(scope: Scope | undefined): boolean {
    const { isAdmitting, companions } = this.partners;
    return isAdmitting || (scope?.isInFlight === true && companions.has(scope.bus));
  }

  noteGivenUp({ id, name, correlationId }: EventRecord, subscription: string): void {
    this.givenUp.push({ eventId: id, eventName: name, correlationId, subscription });
  }

  reportFailure(failure: DeliveryFailure): void {
    for (const listener of this.errorListeners) this.#notify(listener, failure);
  }

  reportAttemptFailure(failure: AttemptFailure): void {
    for (const listener of this.attemptErrorListeners) this.#notify(listener, failure);
  }

  /** An error handler that fails is counted, and fails alone. */
  #notify<Report>(listener: (report: Report) => unknown, report: Report): void {
    const returned = this.guard.run("error_handler", () => listener(report), undefined);
    this.guard.run(
      "error_handler",
      () => {
        if (isThenable(returned)) {
          Promise.resolve(returned).catch((error: unknown) => this.guard.trip("error_handler", error));
        }
      },
      undefined,
    );
  }

  publisherFor(cause: Cause): UntypedPublish {
    return (subject, data, options) => this.publisher.publish(subject, data, options, cause);
  }
}

function isInstant(value: unknown): value is number {
  return typeof value === "number" && Math.abs(value) <= 8.64e15; // the range of Date; false for NaN
}

/** Taken at load time: what stands there later may be a test's. */
const SYSTEM_CLOCK = Date.now;

/** The sources of ids and instants; a generator or clock of the user's that throws or errs is replaced for that event. */
function guardedOrigin({ settings, guard, telemetry }: BusParts, clock: TurnClock): EventOrigin {
  const { generateId, now } = settings;
  return {
    generateId: generateId === uuid ? uuid : () => guard.check("id_generator", generateId, isId) ?? uuid(),
    now: now === SYSTEM_CLOCK ? () => clock.now() : () => guard.check("clock", now, isInstant) ?? Date.now(),
    injectHeaders: (context) => telemetry.injectHeaders(context),
  };
}
