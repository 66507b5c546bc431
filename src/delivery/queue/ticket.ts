import { AsyncResource } from "node:async_hooks";
import type { BusError } from "../../errors.ts";
import type { EventRecord } from "../../event/event.ts";
import type { DeliveryHost } from "../host.ts";
import type { Leg } from "../leg.ts";
import type { DeliveryOrigin } from "../origin.ts";
import type { AwaitedWork, LaneHolder } from "./deadlock.ts";
import type { Lane } from "./lane.ts";
import type { DropReason, LanePlace } from "./lane-work.ts";
import { BROKEN_KEY } from "./order-key.ts";

/** What a ticket needs of its delivery. */
export interface TicketDelivery {
  readonly host: DeliveryHost;
  readonly leg: Leg;
  readonly event: EventRecord;
  readonly origin: DeliveryOrigin<never>;
  readonly isSettled: boolean;
  /** Starts the next attempt. */
  begin(): void;
  /** Called when it has to wait past the turn it was published in. */
  outlivesTurn(): unknown;
  drop(reason: DropReason, error: BusError | undefined): void;
  skip(): void;
}

const NOTHING: ReadonlySet<AwaitedWork> = new Set();

/** The place of one delivery in the lane of its subscription. */
export class Ticket implements LaneHolder {
  readonly lane: Lane<LaneHolder>;
  readonly orderKey: unknown;
  place: LanePlace = "none";
  holdsKey = false;
  readonly #delivery: TicketDelivery;
  #awaited: Set<AwaitedWork> | undefined;
  #isCountedQueued = false;
  #wasQueued = false;
  /** Where the event was published, for user code: what empties a queue runs somewhere else. */
  #resource: AsyncResource | undefined;
  #onAdmitted: (() => void) | undefined;

  constructor(delivery: TicketDelivery, lane: Lane<LaneHolder>) {
    this.#delivery = delivery;
    this.lane = lane;
    this.orderKey = orderKeyOf(delivery);
    if (this.isAwaited) this.holder?.await(this);
  }

  get isSettled(): boolean {
    return this.#delivery.isSettled;
  }

  get holder(): LaneHolder | undefined {
    return this.#delivery.origin.holder;
  }

  get isAwaited(): boolean {
    return this.#delivery.origin.isAwaited;
  }

  get awaited(): ReadonlySet<AwaitedWork> {
    return this.#awaited ?? NOTHING;
  }

  /** Whether the delivery had to wait before its first attempt. */
  get wasQueued(): boolean {
    return this.#wasQueued;
  }

  await(work: AwaitedWork): void {
    this.#awaited ??= new Set();
    this.#awaited.add(work);
  }

  forget(work: AwaitedWork): void {
    this.#awaited?.delete(work);
  }

  /** Resolves when the delivery has a place in the queue, or needs none any more; undefined if that is so already. */
  whenAdmitted(): Promise<void> | undefined {
    if (this.place !== "blocked") return undefined;
    return new Promise((resolve) => {
      const earlier = this.#onAdmitted;
      this.#onAdmitted = () => {
        earlier?.();
        resolve();
      };
    });
  }

  /** Called when the delivery waits for its retry: what its handler still waits for is no longer its business. */
  rest(): void {
    this.#awaited = undefined;
    this.lane.rest(this);
  }

  /** Called once the delivery has settled. */
  leave(): void {
    this.countOut();
    this.holder?.forget(this);
    this.lane.leave(this);
    this.admitted();
  }

  run(): void {
    this.countOut();
    const resource = this.#resource;
    this.#resource = undefined;
    if (resource === undefined) this.#delivery.begin();
    else resource.runInAsyncScope(begin, undefined, this.#delivery);
  }

  queued(): void {
    if (this.isSettled) return;
    this.#isCountedQueued = true;
    if (this.place !== "due") this.#wasQueued = true;
    if (this.place === "blocked") this.holder?.await(this);
    this.#delivery.leg.accounts.queued(1);
    this.#resource = new AsyncResource("spanbus.queue", RESOURCE);
    this.#delivery.outlivesTurn();
  }

  admitted(): void {
    if (!this.isAwaited) this.holder?.forget(this);
    const listener = this.#onAdmitted;
    this.#onAdmitted = undefined;
    listener?.();
  }

  drop(reason: DropReason, error: BusError | undefined): void {
    this.countOut();
    this.#delivery.drop(reason, error);
  }

  skip(): void {
    this.countOut();
    this.#delivery.skip();
  }

  /** It waits no longer, as far as the accounts go. */
  countOut(): void {
    if (!this.#isCountedQueued) return;
    this.#isCountedQueued = false;
    this.#delivery.leg.accounts.queued(-1);
  }
}

const RESOURCE = { requireManualDestroy: true };

function begin(delivery: TicketDelivery): void {
  delivery.begin();
}

/** The key of an event; an `orderBy` that throws puts its events in one line of their own. */
function orderKeyOf({ host, leg, event }: TicketDelivery): unknown {
  const { orderBy } = leg.subscription.settings;
  return orderBy === undefined ? undefined : host.guard.run("order_by", () => orderBy(event), BROKEN_KEY);
}
