import type { SpanProcessor } from "@opentelemetry/sdk-trace";
import { loadInstrumentation } from "../measure/built-package.ts";
import { silentLogger } from "../measure/silent-logger.ts";
import { forgetSpans, type Sink, spansReceived, startSink } from "../measure/sink-client.ts";
import type { Reading } from "./figure.ts";

/** How long the last spans may take to arrive, on a machine with much else to do. */
const SHUTDOWN_MS = 60_000;

/** The telemetry of `startTelemetry`, sent to a collector, with what it says held against what went in and what arrived. */
export class CountedTelemetry implements Disposable {
  readonly #sink: Sink;
  readonly #telemetry: import("spanbus/instrumentation").Telemetry;
  readonly #ended: EndedSpans;
  readonly #warnings: Warnings;

  constructor(sink: Sink, start: typeof import("spanbus/instrumentation").startTelemetry) {
    this.#sink = sink;
    this.#ended = new EndedSpans(() => this.#telemetry.stats().spans.dropped);
    this.#warnings = new Warnings();
    this.#telemetry = start({
      serviceName: "soak",
      endpoint: sink.endpoint,
      spanProcessors: [this.#ended],
      logger: { ...silentLogger, warn: (...line: unknown[]) => this.#warnings.add(line) },
    });
  }

  static async start(): Promise<CountedTelemetry> {
    const { startTelemetry } = await loadInstrumentation();
    const sink = await startSink();
    await forgetSpans(sink.endpoint);
    return new CountedTelemetry(sink, startTelemetry);
  }

  [Symbol.dispose](): void {
    this.#sink[Symbol.dispose]();
  }

  /** Shuts down, and accounts for every span; the bus started `spansStarted` of them. */
  async account({
    spansStarted,
  }: {
    readonly spansStarted: number;
  }): Promise<{ readonly readings: readonly Reading[]; readonly exportedShare: number }> {
    const { spans } = await this.#telemetry.shutdown({ deadlineMs: SHUTDOWN_MS });
    const { exported, dropped, failed, notDelivered } = spans;
    const made = this.#ended.count;
    const received = await spansReceived(this.#sink.endpoint);
    const exactly = { exactly: 0 };
    return {
      readings: [
        { what: "spans made", measured: made, unit: "", limit: { exactly: spansStarted } },
        { what: "of them exported", measured: exported, unit: "" },
        { what: "of them dropped", measured: dropped, unit: "" },
        { what: "of them failed or not delivered", measured: failed + notDelivered, unit: "" },
        {
          what: "of them unaccounted for",
          measured: made - exported - dropped - failed - notDelivered,
          unit: "",
          limit: exactly,
        },
        {
          what: "exported, but not received",
          measured: Math.max(0, exported - received),
          unit: "",
          limit: exactly,
        },
      ],
      exportedShare: exported / made,
    };
  }

  /** When the drops were told of, if there were any. */
  warning(): readonly Reading[] {
    const { firstAt } = this.#warnings;
    const { hasDropped, lastWithoutDropAt } = this.#ended;
    if (!hasDropped) return [];
    const delay = firstAt === undefined ? Number.POSITIVE_INFINITY : Math.max(0, firstAt - lastWithoutDropAt);
    return [
      { what: "warnings of dropped spans", measured: this.#warnings.count, unit: "", limit: { atLeast: 1 } },
      { what: "first drop to warning", measured: delay, unit: "ms", limit: { atMost: 1000 }, isTiming: true },
    ];
  }
}

/** Counts spans on their way to the queue. */
class EndedSpans implements SpanProcessor {
  count = 0;
  hasDropped = false;
  /** When a span last came along before which none had been dropped. */
  lastWithoutDropAt = 0;
  readonly #dropped: () => number;

  constructor(dropped: () => number) {
    this.#dropped = dropped;
  }

  onStart(): void {
    // spans count when they end
  }

  onEnd(): void {
    this.count++;
    if (this.hasDropped) return;
    if (this.#dropped() > 0) this.hasDropped = true;
    else this.lastWithoutDropAt = performance.now();
  }

  async forceFlush(): Promise<void> {
    // nothing is held
  }

  async shutdown(): Promise<void> {
    // nothing is held
  }
}

class Warnings {
  count = 0;
  firstAt: number | undefined;

  add(line: readonly unknown[]): void {
    if (!line.some((part) => String(part).startsWith("spans are being dropped"))) return;
    this.count++;
    this.firstAt ??= performance.now();
  }
}
