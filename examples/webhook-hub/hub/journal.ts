import type { DeliveryReport, PublishResult } from "spanbus";

/** What one subscription did so far. */
export interface HandlerRecord {
  readonly name: string;
  /** Deliveries that settled. */
  readonly calls: number;
  readonly handled: number;
  readonly failed: number;
  readonly timedOut: number;
  /** Set aside on purpose: not failures. */
  readonly discarded: number;
  /** Never finished: aborted, skipped, dropped. */
  readonly cut: number;
  readonly retries: number;
  /** From publish to settled, retries included; the latest 10,000. */
  readonly durationsMs: readonly number[];
}

type Counts = { -readonly [Field in keyof HandlerRecord]: HandlerRecord[Field] } & { durationsMs: number[] };

const MAX_DURATIONS = 10_000;

/**
 * Keeps publish results until all their deliveries have settled, and counts those by subscription. The webhooks are
 * published with `wait: "accepted"`, so nobody else waits for them.
 */
export class Journal {
  readonly #open = new Set<PublishResult>();
  readonly #handlers = new Map<string, Counts>();
  #settled = 0;

  /** Deliveries that settled, as of the last `settle`. */
  get settled(): number {
    return this.#settled;
  }

  /** Takes a result, and hands it back. */
  keep(result: PublishResult): PublishResult {
    this.#open.add(result);
    return result;
  }

  /** Counts the results that have settled since the last time; returns how many have not. */
  settle(): number {
    for (const result of this.#open) {
      if (result.deliveries.some((delivery) => delivery.outcome === "in_flight")) continue;
      this.#open.delete(result);
      for (const delivery of result.deliveries) this.#count(delivery);
    }
    return this.#open.size;
  }

  /** One record for each subscription, the busiest first. */
  handlers(): readonly HandlerRecord[] {
    this.settle();
    return [...this.#handlers.values()].sort((a, b) => b.calls - a.calls || (a.name < b.name ? -1 : 1));
  }

  #count({ subscription, outcome, disposition, attempts, durationMs }: DeliveryReport): void {
    const counts = this.#handlers.get(subscription) ?? emptyCounts(subscription);
    this.#handlers.set(subscription, counts);
    this.#settled++;
    counts.calls++;
    counts.retries += Math.max(0, attempts - 1);
    if (outcome === "handled") counts.handled++;
    else if (disposition === "discarded") counts.discarded++;
    else if (outcome === "failed") counts.failed++;
    else if (outcome === "timed_out") counts.timedOut++;
    else counts.cut++;
    if (durationMs === undefined) return;
    counts.durationsMs.push(durationMs);
    if (counts.durationsMs.length > MAX_DURATIONS) counts.durationsMs.splice(0, MAX_DURATIONS / 10);
  }
}

function emptyCounts(name: string): Counts {
  const counts = { calls: 0, handled: 0, failed: 0, timedOut: 0, discarded: 0, cut: 0, retries: 0 };
  return { name, ...counts, durationsMs: [] };
}
