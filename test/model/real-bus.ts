import "./unhurried-pacer.ts";
import { vi } from "vitest";
import { defineEvents } from "../../src/catalog/catalog.ts";
import type { DefaultCatalog } from "../../src/catalog/catalog-types.ts";
import type { StandardSchemaV1 } from "../../src/catalog/standard-schema.ts";
import type { BusEvent } from "../../src/event/event.ts";
import { EventBus } from "../../src/event-bus.ts";
import type { HandlerContext } from "../../src/handler.ts";
import type { Logger } from "../../src/logger.ts";
import type { SubscribeOptions } from "../../src/options.ts";
import type { Subscription } from "../../src/routing/subscription.ts";
import { conservationViolations, type LedgerSnapshot } from "../support/conservation.ts";
import {
  type Counts,
  childSerial,
  FIRST_RETRY_MS,
  MAX_DEPTH,
  orderKeyOf,
  type Publishing,
  type SubscriptionPlan,
} from "./bus-model.ts";
import type { LanePlan } from "./lane-model.ts";

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };
const serials: StandardSchemaV1 = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) => (typeof value === "string" ? { value } : { issues: [{ message: "no serial" }] }),
  },
};
const events = defineEvents({ "a.one": {}, "a.two": {}, checked: { schema: serials }, leaf: {} });

/** The bus under test, with handlers that do as a plan says. */
export class RealBus {
  readonly bus: EventBus;
  /** Handlers that hang: by subscription, event and attempt. */
  readonly #hanging = new Map<string, { resolve(): void; reject(error: Error): void }>();
  readonly #subscriptions: Subscription[] = [];
  #pending = 0;

  constructor(deadLetterCapacity: number) {
    this.bus = new EventBus({
      source: "test",
      events: events as DefaultCatalog,
      logger: SILENT,
      maxDepth: MAX_DEPTH,
      deadLetters: { capacity: deadLetterCapacity },
    });
  }

  /** Promises of the bus that have not settled. */
  get pending(): number {
    return this.#pending;
  }

  subscribe(plan: SubscriptionPlan): void {
    const index = this.#subscriptions.length;
    const options: SubscribeOptions = {
      name: `s${index}`,
      once: plan.once,
      timeoutMs: plan.timeoutMs,
      deduplicate: plan.deduplicate,
      ...laneOptions(plan.lane),
      retry: { maxAttempts: plan.maxAttempts, backoff: { initialMs: FIRST_RETRY_MS, jitter: "none" } },
      classify: (error) => ((error as Error).message as "fatal" | "expected" | "retryable") ?? "retryable",
    };
    const handler = (event: BusEvent, ctx: HandlerContext) => this.#handle({ plan, index }, event, ctx);
    try {
      this.#subscriptions.push(this.bus.subscribe(plan.pattern, handler, options));
    } catch (error) {
      if (!this.isClosed) throw error;
    }
  }

  #handle({ plan, index }: { plan: SubscriptionPlan; index: number }, event: BusEvent, ctx: HandlerContext): unknown {
    const serial = String(event.data);
    switch (plan.acts[(ctx.attempt - 1) % plan.acts.length]) {
      case "resolve":
        return Promise.resolve();
      case "throw":
        throw new Error("retryable");
      case "reject":
        return Promise.reject(new Error("retryable"));
      case "throw fatal":
        throw new Error("fatal");
      case "throw expected":
        throw new Error("expected");
      case "discard":
        return ctx.discard("not ours");
      case "dead-letter":
        return ctx.deadLetter("unreadable");
      case "publish":
        this.#watch(
          ctx.publish("leaf", childSerial({ serial, subscription: index, attempts: ctx.attempt }), NOT_WAITING),
        );
        return undefined;
      case "hang":
        return new Promise<void>((resolve, reject) => {
          this.#hanging.set(`${index}:${serial}@${ctx.attempt}`, { resolve, reject });
        });
      default:
        return undefined;
    }
  }

  get isClosed(): boolean {
    return this.bus.describe().state === "closed";
  }

  unsubscribe(index: number): void {
    this.#subscriptions[index]?.unsubscribe();
  }

  publish({ subject, id, delayMs }: Publishing, serial: string): void {
    const isBad = subject === "checked badly";
    const event = { name: isBad ? "checked" : subject, data: isBad ? 0 : serial, ...(id === undefined ? {} : { id }) };
    this.#watch(this.bus.publish(event, { delayMs }));
  }

  pause(index: number): void {
    this.#subscriptions[index]?.pause();
  }

  resume(index: number): void {
    this.#subscriptions[index]?.resume();
  }

  end(hanging: string, how: "returns" | "throws"): void {
    const handler = this.#hanging.get(hanging);
    this.#hanging.delete(hanging);
    if (how === "returns") handler?.resolve();
    else handler?.reject(new Error("retryable"));
  }

  removeLetter(key: string): void {
    this.bus.deadLetters.remove(this.#letter(key));
  }

  replay(key: string): void {
    this.#watch(this.bus.deadLetters.replay(this.#letter(key)));
  }

  #letter(key: string): string {
    const letter = this.bus.deadLetters.list().find(({ subscription, event }) => {
      return key === `${subscription.slice(1)}:${String(event.data)}`;
    });
    return letter?.id ?? "none";
  }

  drain(deadlineMs: number): void {
    this.#watch(this.bus.drain({ deadlineMs }));
  }

  close(): void {
    this.#watch(this.bus.close());
  }

  #watch(promise: Promise<unknown>): void {
    const settled = (): void => void this.#pending--;
    this.#pending++;
    promise.then(settled, settled);
  }

  /** Lets everything happen that is due, and time go by. */
  async advance(ms: number): Promise<void> {
    await vi.advanceTimersByTimeAsync(ms);
    for (let turn = 0; turn < 3; turn++) await vi.advanceTimersByTimeAsync(0); // a drain looks again when it was idle
  }

  get ledger(): LedgerSnapshot {
    return this.bus.stats();
  }

  /** Where the ledger breaks the law, or differs from the prediction. */
  disagreements(predicted: Counts): string[] {
    const { ledger } = this;
    const { refused, ...numbers } = ledger;
    const reasons = Object.entries(refused).map(([reason, count]) => [`refused.${reason}`, count] as const);
    const found: Counts = Object.fromEntries([...Object.entries(numbers), ...reasons]);
    const names = new Set([...Object.keys(predicted), ...Object.keys(found)]);
    const wrong = [...names]
      .filter((name) => !IMPLIED.has(name))
      .filter((name) => (predicted[name] ?? 0) !== (found[name] ?? 0))
      .map((name) => `${name} is ${found[name] ?? 0}, the model says ${predicted[name] ?? 0}`);
    return [...wrong, ...conservationViolations(ledger)];
  }
}

/** A handler that waits for what cannot start before it ends would be refused. */
const NOT_WAITING = { wait: "accepted" } as const;

function laneOptions(lane: LanePlan | undefined): SubscribeOptions {
  if (lane === undefined) return {};
  const { concurrency, isOrdered, capacity, policy } = lane;
  const orderBy = isOrdered ? (event: BusEvent) => orderKeyOf(String(event.data)) : undefined;
  return { concurrency, orderBy, queue: { capacity, policy } };
}

/** Told by the conservation law from the others. */
const IMPLIED: ReadonlySet<string> = new Set(["attemptsRunning", "spansStarted", "spansEnded"]);
