import { AsyncLocalStorage } from "node:async_hooks";
import type { SpanCounts } from "../../src/telemetry/process.ts";
import type { ExportAnswer } from "./export-call.ts";

/** Batches under way at once: a busy loop lets each take its next step only now and then. Exporters take 30 by default. */
const MAX_SENDING = 16;
/**
 * Batches begun in one turn of the event loop, which each of them blocks while it is turned into JSON (256 spans: about
 * 1 ms). More when the queue fills up: of an endless storm that lets the loop turn every 10 ms, 30 % then arrive, not 15 %.
 */
const PER_TURN = 1;
const PER_TURN_UNDER_PRESSURE = 4;
/** How much of a turn they may take together, in milliseconds: on a slow machine four of them make timers late. */
const TURN_BUDGET_MS = 3;

/** How an {@link ExportQueue} batches, and whom it tells. */
export interface ExportQueueOptions<Item> {
  /** Items held at most, those being sent included. */
  readonly capacity: number;
  readonly batchSize: number;
  /** The longest an item waits for its batch to fill, in milliseconds. */
  readonly delayMs: number;
  /** Sends a batch; calls `answer` exactly once. */
  readonly send: (items: Item[], answer: (answer: ExportAnswer) => void) => void;
  /** Called inside the call that ends a span: must be quick, must not throw. */
  readonly onDropped: () => void;
  readonly onFailed: (failed: number, failure: unknown) => void;
}

interface Batch {
  /** How many items were taken before this batch's first. */
  readonly start: number;
}

/**
 * A bounded queue in front of an exporter that knows at any moment where every item is: what was added is exported,
 * dropped, failed or queued, to the unit. (The SDK's batch processors drop without a word, and flush all batches at
 * once, more than exporters take.)
 */
export class ExportQueue<Item> {
  readonly counts: SpanCounts = { exported: 0, dropped: 0, failed: 0, queued: 0 };
  readonly #options: ExportQueueOptions<Item>;
  readonly #sending = new Set<Batch>();
  /** Timers and connections must not hold on to the async context of the span that happened to start them. */
  readonly #outside = AsyncLocalStorage.snapshot();
  #waiting: Item[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isPumpDue = false;
  #isClosed = false;
  #isAbandoned = false;
  #taken = 0;
  /** Everything up to this many taken items is to be sent without waiting for full batches. */
  #flushUntil = 0;
  #flushes: { readonly until: number; readonly resolve: () => void }[] = [];

  constructor(options: ExportQueueOptions<Item>) {
    this.#options = options;
  }

  /** Takes the item for export, or drops and counts it when the queue is full or closed. */
  add(item: Item): void {
    const { counts } = this;
    if (this.#isClosed || counts.queued >= this.#options.capacity) {
      counts.dropped++;
      this.#options.onDropped();
      return;
    }
    counts.queued++;
    this.#waiting.push(item);
    if (this.#waiting.length >= this.#options.batchSize) this.#pumpSoon();
    else this.#startTimer();
  }

  /** Sends all that is queued now; resolves when the last of it has been exported or has failed. */
  flush(): Promise<void> {
    this.#flushWaiting();
    const until = this.#flushUntil;
    return new Promise((resolve) => {
      this.#flushes.push({ until, resolve });
      this.#resolveFlushes();
    });
  }

  /** From now on drops whatever is added; what is queued can still be flushed. */
  close(): void {
    this.#isClosed = true;
  }

  /** Gives up: what is queued stays queued in the counts, whatever answers still come. Nobody waits any longer. */
  abandon(): void {
    this.#isClosed = true;
    this.#isAbandoned = true;
    clearTimeout(this.#timer);
    this.#taken += this.#waiting.length;
    this.#waiting = [];
    this.#sending.clear();
    this.#resolveFlushes();
  }

  #startTimer(): void {
    this.#timer ??= this.#outside(() => setTimeout(() => this.#flushWaiting(), this.#options.delayMs).unref());
  }

  #flushWaiting(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#flushUntil = this.#taken + this.#waiting.length;
    this.#pumpSoon();
  }

  /** In a macrotask of its own: turning spans into JSON must not run inside the `span.end()` that fills a batch. */
  #pumpSoon(): void {
    if (this.#isPumpDue) return;
    this.#isPumpDue = true;
    this.#outside(() =>
      setImmediate(() => {
        this.#isPumpDue = false;
        this.#pump();
      }),
    );
  }

  #pump(): void {
    const isPressed = this.counts.queued * 2 > this.#options.capacity;
    const atMost = isPressed ? PER_TURN_UNDER_PRESSURE : PER_TURN;
    const startedMs = performance.now();
    for (let begun = 0; begun < atMost && this.#isBatchDue(); begun++) {
      if (this.#sending.size >= MAX_SENDING) return; // the next answer pumps again
      this.#sendBatch();
      if (performance.now() - startedMs >= TURN_BUDGET_MS) break;
    }
    if (this.#isBatchDue()) this.#pumpSoon();
    else if (this.#waiting.length > 0) this.#startTimer();
  }

  #isBatchDue(): boolean {
    const { length } = this.#waiting;
    return length >= this.#options.batchSize || (length > 0 && this.#taken < this.#flushUntil);
  }

  #sendBatch(): void {
    const items = this.#waiting.splice(0, this.#options.batchSize);
    const batch: Batch = { start: this.#taken };
    this.#taken += items.length;
    this.#sending.add(batch);
    this.#options.send(items, (answer) => {
      if (this.#isAbandoned) return;
      this.#sending.delete(batch);
      this.#count(items.length, answer);
      this.#resolveFlushes();
      this.#pumpSoon();
    });
  }

  #count(items: number, { failure, rejected = items }: ExportAnswer): void {
    const failed = failure === undefined ? 0 : Math.min(rejected, items);
    this.counts.queued -= items;
    this.counts.failed += failed;
    this.counts.exported += items - failed;
    if (failure !== undefined) this.#options.onFailed(failed, failure);
  }

  #resolveFlushes(): void {
    const [oldest] = this.#sending; // a Set keeps the order of insertion
    const settled = oldest?.start ?? this.#taken;
    const isDone = (flush: { until: number }) => flush.until <= settled;
    for (const flush of this.#flushes.filter(isDone)) flush.resolve();
    this.#flushes = this.#flushes.filter((flush) => !isDone(flush));
  }
}
