import type { Scope } from "../context.ts";
import { BusError } from "../errors.ts";
import type { EventRecord } from "../event/event.ts";
import type { DeliveryReport } from "../outcome.ts";
import type { SubscriptionRecord } from "../routing/subscription.ts";
import type { TraceContext } from "../telemetry/telemetry.ts";
import type { DeadLetterStore, StoredDeadLetter } from "./dead-letter.ts";
import { Delivery } from "./deliver.ts";
import type { DeliveryHost } from "./host.ts";
import type { DeliveryOrigin } from "./origin.ts";

/** What a replay needs of its bus. */
export interface ReplayHost {
  readonly host: DeliveryHost;
  readonly deadLetters: DeadLetterStore;
  /** Why nothing is taken in now; undefined while something is. */
  intakeProblem(): BusError | undefined;
  /** The active subscription of this name that the event matches. */
  findSubscription(name: string, eventName: string): SubscriptionRecord | undefined;
}

/** Delivers a dead letter once more: to its subscription only, as a new root linked to the original publish. */
export function replayDeadLetter(replayHost: ReplayHost, id: string): Promise<DeliveryReport> {
  const { host, deadLetters } = replayHost;
  const { ledger } = host;
  const problem = replayHost.intakeProblem();
  if (problem !== undefined) throw problem;
  const known = deadLetters.get(id);
  const subscription = known && replayHost.findSubscription(known.subscription, known.event.name);
  if (known !== undefined && subscription === undefined) {
    const text = `cannot replay "${id}": no active subscription "${known.subscription}" matches "${known.event.name}"`;
    throw new BusError("SUBSCRIPTION_NOT_FOUND", text);
  }
  const entry = deadLetters.beginReplay(id);
  host.telemetry.sense();
  ledger.replays++;
  const leg = { ...entry.leg, subscription: subscription as SubscriptionRecord };
  return new Promise((resolve) => {
    const replay = new Replay(host, entry, (delivery) => {
      const report = delivery.report();
      const isDone = report.outcome === "handled" || report.disposition === "discarded";
      deadLetters.endReplay(id, isDone);
      resolve(report);
    });
    new Delivery(host, leg, replay).start();
  });
}

/** Where the delivery of a replayed event comes from. */
class Replay implements DeliveryOrigin<Delivery>, Scope {
  readonly event: EventRecord;
  readonly bus: object;
  readonly subscription = undefined;
  readonly context: TraceContext | undefined;
  readonly scope: Scope | undefined;
  readonly isContextEntered = false;
  readonly isScopeEntered = false;
  readonly publishSpan = undefined;
  readonly replayOf: string;
  readonly startedAt = 0;
  readonly settled: (delivery: Delivery) => void;
  #isInFlight = true;

  constructor(host: DeliveryHost, entry: StoredDeadLetter, onSettled: (delivery: Delivery) => void) {
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
