import { MAX_TIMER_MS } from "../src/check.ts";
import type { SpanCounts } from "../src/telemetry/process.ts";
import type { DeliveryStatus, TelemetryReport } from "../src/telemetry/telemetry-report.ts";
import type { ExportFailures } from "./export/export-failures.ts";
import type { LogPipeline } from "./export/log-pipeline.ts";
import type { MetricPipeline } from "./export/metric-pipeline.ts";
import type { SpanPipeline } from "./export/span-pipeline.ts";
import { TELEMETRY_DEFAULTS } from "./options.ts";

/** The signals that are on. */
export interface Pipelines {
  readonly spans: SpanPipeline | undefined;
  readonly metrics: MetricPipeline | undefined;
  readonly logs: LogPipeline | undefined;
}

export interface DeliveryOptions {
  /** Whether the pipelines go on afterwards. */
  readonly how: "flush" | "shutdown";
  readonly deadlineMs: number | undefined;
  readonly failures: ExportFailures;
}

/** Delivers what can be before the deadline, and says what was. Keeps the process alive meanwhile. Never rejects. */
export async function deliver(pipelines: Pipelines, options: DeliveryOptions): Promise<TelemetryReport> {
  const { how, failures } = options;
  const { spans, metrics, logs } = pipelines;
  const deadline = new Deadline(options.deadlineMs);
  const record = failures.open();
  const work = {
    spans: new Work(spans, how, failsFromNowOn(spans?.counts)),
    logs: new Work(logs, how, failsFromNowOn(logs?.counts)),
    metrics: new Work(metrics, how, () => metrics?.isBehind() ?? false),
  };
  const others = Promise.all([work.spans.start(), work.logs.start()]);
  // last, so that the final collection counts the spans; but half of the time is theirs, however silent the collector
  const all = Promise.race([others, deadline.half]).then(() => Promise.all([others, work.metrics.start()]));
  await Promise.race([all, deadline.whole]);
  deadline.clear();
  failures.close(record);
  const statuses = { spans: work.spans.status, metrics: work.metrics.status, logs: work.logs.status };
  const late = Object.entries(statuses).filter(([, status]) => status === "timed out");
  const whyLate = late.length > 0 ? [...record.connections] : [];
  return {
    ok: Object.values(statuses).every((status) => status === "delivered" || status === "off"),
    timedOut: late.length > 0,
    durationMs: deadline.elapsedMs,
    spans: countsOf(spans?.counts),
    metrics: statuses.metrics,
    logs: statuses.logs,
    errors: [
      ...record.exports,
      ...whyLate,
      ...late.map(([signal]) => `${signal}: not finished within ${deadline.ms} ms`),
    ],
  };
}

function failsFromNowOn(counts: SpanCounts | undefined): () => boolean {
  const before = counts?.failed ?? 0;
  return () => (counts?.failed ?? 0) > before;
}

function countsOf(counts: SpanCounts | undefined): TelemetryReport["spans"] {
  const { exported, dropped, failed, queued } = counts ?? { exported: 0, dropped: 0, failed: 0, queued: 0 };
  return { exported, dropped, failed, notDelivered: queued };
}

/** One signal's part of a delivery. */
class Work {
  readonly #pipeline: Pipelines[keyof Pipelines];
  readonly #how: "flush" | "shutdown";
  readonly #hasFailed: () => boolean;
  #isDone = false;

  constructor(pipeline: Pipelines[keyof Pipelines], how: "flush" | "shutdown", hasFailed: () => boolean) {
    this.#pipeline = pipeline;
    this.#how = how;
    this.#hasFailed = hasFailed;
  }

  async start(): Promise<void> {
    await this.#pipeline?.[this.#how]();
    this.#isDone = true;
  }

  get status(): DeliveryStatus {
    if (this.#pipeline === undefined) return "off";
    if (!this.#isDone) return "timed out";
    return this.#hasFailed() ? "failed" : "delivered";
  }
}

/** Its timers keep the process alive, because somebody waits for them. */
class Deadline {
  readonly ms: number;
  readonly half: Promise<void>;
  readonly whole: Promise<void>;
  readonly #startedAt = performance.now();
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(wantedMs: number | undefined) {
    const isUsable = typeof wantedMs === "number" && wantedMs >= 0; // NaN, or what is no number: the default
    this.ms = isUsable ? Math.min(wantedMs, MAX_TIMER_MS) : TELEMETRY_DEFAULTS.deadlineMs;
    this.half = this.#after(this.ms / 2);
    this.whole = this.#after(this.ms);
  }

  get elapsedMs(): number {
    return performance.now() - this.#startedAt;
  }

  clear(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #after(ms: number): Promise<void> {
    return new Promise((resolve) => this.#timers.push(setTimeout(resolve, ms)));
  }
}
