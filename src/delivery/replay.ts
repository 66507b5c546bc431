import { currentScope, type Scope } from "../context.ts";
import { BusError } from "../errors.ts";
import type { EventRecord } from "../event/event.ts";
import type { DeliveryReport } from "../outcome.ts";
import type { SubscriptionRecord } from "../routing/subscription.ts";
import type { TraceContext } from "../telemetry/telemetry.ts";
import type { DeadLetterStore, StoredDeadLetter } from "./dead-letter.ts";
import { Delivery } from "./deliver.ts";
import type { DeliveryHost } from "./host.ts";
import { isTimed, type Leg } from "./leg.ts";
import type { DeliveryOrigin } from "./origin.ts";
import type { LaneHolder } from "./queue/deadlock.ts";
import { deadlockedName } from "./queue/refusal.ts";

/** What a replay needs of its bus. */
export interface ReplayHost {
  readonly host: DeliveryHost;
  readonly deadLetters: DeadLetterStore;
  /** Why nothing is taken in now; undefined while something is. */
  intakeProblem(): BusError | undefined;
  /** The active subscriptions of this name that the event matches. */
  findSubscriptions(name: string, eventName: string): readonly SubscriptionRecord[];
}

/** Delivers a dead letter once more: to its subscription only, as a new root linked to the original publish. */
export function replayDeadLetter(replayHost: ReplayHost, id: string): Promise<DeliveryReport> {
  const { host, deadLetters } = replayHost;
  const problem = replayHost.intakeProblem();
  if (problem !== undefined) throw problem;
  const entry = deadLetters.beginReplay(id);
  const subscription = subscriptionOf(entry, replayHost);
  if (subscription instanceof BusError) {
    deadLetters.endReplay(id, false);
    throw subscription;
  }
  host.telemetry.sense();
  const leg = { ...entry.leg, subscription, isTimed: isTimed(subscription.settings) };
  const holder = host.isAmbient ? currentScope()?.occupant : undefined;
  const deadlock = holder && deadlockProblem(entry, leg, holder);
  if (deadlock !== undefined) {
    deadLetters.endReplay(id, false);
    throw deadlock;
  }
  return new Promise((resolve) => {
    const replay = new Replay(host, { entry, holder }, (delivery) => {
      const report = delivery.report();
      const isDone = report.outcome === "handled" || report.disposition === "discarded";
      deadLetters.endReplay(id, isDone);
      resolve(report);
    });
    new Delivery(host, leg, replay).start();
  });
}

/** The subscription that failed; if it has gone, the one that took its name. */
function subscriptionOf(entry: StoredDeadLetter, { findSubscriptions }: ReplayHost): SubscriptionRecord | BusError {
  const { leg, subscription: name, event, id } = entry;
  if (leg.subscription.isActive) return leg.subscription;
  const namesakes = findSubscriptions(name, event.name);
  const [only] = namesakes;
  if (only !== undefined && namesakes.length === 1) return only;
  const found = namesakes.length === 0 ? "no active subscription" : `${namesakes.length} active subscriptions named`;
  const text = `cannot replay "${id}": the subscription that failed has gone, and ${found} "${name}" match "${event.name}"`;
  return new BusError("SUBSCRIPTION_NOT_FOUND", text);
}

/** Why a handler that replays its own subscription's dead letter would wait for ever. */
function deadlockProblem({ id, event }: StoredDeadLetter, leg: Leg, holder: LaneHolder): BusError | undefined {
  const name = deadlockedName({ event, legs: [leg], holder, isAwaited: true });
  if (name === undefined) return undefined;
  const text = `cannot replay "${id}" here: "${name}" can only start when this handler has ended; replay outside of it, or raise its concurrency`;
  return new BusError("DEADLOCK", text);
}

/** Where the delivery of a replayed event comes from. */
class Replay implements DeliveryOrigin<Delivery>, Scope {
  readonly event: EventRecord;
  readonly bus: object;
  readonly context: TraceContext | undefined;
  readonly scope: Scope | undefined;
  readonly isContextEntered = false;
  readonly isScopeEntered = false;
  readonly publishSpan = undefined;
  readonly replayOf: string;
  readonly startedAt = 0;
  readonly instant = 0;
  readonly holder: LaneHolder | undefined;
  readonly occupant = undefined;
  readonly isAwaited = true;
  readonly settled: (delivery: Delivery) => void;
  #isInFlight = true;

  constructor(
    host: DeliveryHost,
    { entry, holder }: { readonly entry: StoredDeadLetter; readonly holder: LaneHolder | undefined },
    onSettled: (delivery: Delivery) => void,
  ) {
    this.holder = holder;
    this.event = entry.event;
    this.bus = host.bus;
    this.context = entry.context;
    this.scope = host.isAmbient ? this : undefined;
    this.replayOf = entry.id;
    this.settled = (delivery) => {
      this.#isInFlight = false;
      onSettled(delivery);
    };
  }

  relationOf(): "link" {
    return "link";
  }

  get isInFlight(): boolean {
    return this.#isInFlight;
  }
}
