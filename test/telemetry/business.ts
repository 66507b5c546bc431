import * as api from "@opentelemetry/api";
import {
  BusError,
  type BusEvent,
  type BusOptions,
  type DefaultCatalog,
  defineEvents,
  type EventBus,
  type HandlerContext,
  type Ledger,
} from "../../src/index.ts";
import { deferred, settleTurns } from "../support/test-bus.ts";
import { testBus } from "./test-bus.ts";

/** What a business run did, without a word about telemetry: ids are numbered in order of appearance, times left out. */
export interface BusinessResults {
  /** What handlers, error handlers and publishers saw, in order. */
  readonly story: readonly string[];
  readonly ledger: Omit<Ledger, "spansStarted" | "spansEnded">;
  readonly deadLetters: readonly string[];
}

const REMOTE = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", baggage: "tenant=acme" };

/**
 * Publishes, nests, retries, times out, fails, dead-letters, replays, refuses and closes, on two buses, and tells what
 * came of it. The same in every run: publishes follow one another, and every wait is long or none.
 */
export async function runBusiness(options: BusOptions<DefaultCatalog> = {}): Promise<BusinessResults> {
  const story = new Story();
  const events = defineEvents({
    order: { attributes: { "order.id": (data) => (data as { id: string } | undefined)?.id } },
    "invoice.{kind}": {},
    audit: { spans: "events" },
    linked: { trace: "link" },
    hidden: { spans: "off" },
    flaky: {},
    slow: {},
    endless: {},
  });
  const bus: EventBus = testBus({ events: events as DefaultCatalog, deadLetters: { capacity: 2 }, ...options });
  const second: EventBus = testBus({ ...options, source: "second" });
  subscribeAll(bus, second, story);

  await story.publish("order", bus.publish("order", { id: "o-1" }));
  await story.publish("order by a caller", bus.publish("order", { id: "o-2" }, { correlationId: "caller-7" }));
  await story.publish("order from afar", bus.publish("order", { id: "o-3" }, { headers: REMOTE, incoming: "trust" }));
  await story.publish("order linked from afar", bus.publish("order", { id: "o-4" }, { headers: REMOTE }));
  await story.publish("strict", bus.publish("order", { id: "o-5" }, { strict: true }));
  await story.publish("flaky", bus.publish("flaky"));
  await story.publish("slow", bus.publish("slow"));
  await settleTurns();
  await story.publish("linked", bus.publish("linked"));
  await story.publish("hidden", bus.publish("hidden"));
  await story.publish("invalid name", bus.publish("not a name"));
  await story.publish("unknown event", bus.publish("unknown"));
  await story.publish("bad correlation", bus.publish("order", {}, { correlationId: "not an id" }));
  const [letter] = bus.deadLetters.list();
  await story.tell("replay", async () => (await bus.deadLetters.replay(letter?.id ?? "")).outcome);
  const endless = story.publish("endless", bus.publish("endless"));
  const closed = bus.close();
  await endless; // before the report is told: which of the two resolves first depends on how long the turn took
  await story.tell("close", async () => `${(await closed).aborted.length} aborted`);
  await story.publish("closed", bus.publish("order"));
  await second.close();
  await settleTurns();

  const { spansStarted: _started, spansEnded: _ended, ...ledger } = bus.stats();
  const deadLetters = bus.deadLetters.list().map(({ subscription, event, reason, errors }) => {
    return `${event.name} for ${subscription}: ${reason}, ${errors.map((error) => error.type).join(", ")}`;
  });
  return { story: story.lines, ledger, deadLetters };
}

function subscribeAll(bus: EventBus, second: EventBus, story: Story): void {
  const once = { maxAttempts: 3, backoff: { initialMs: 0 } };
  bus.use((event, ctx, next) => {
    story.line(`middleware of ${ctx.subscription}: ${event.name}`);
    return next();
  });
  bus.onError((failure) => story.line(`failed: ${failure.subscription} ${failure.reason} ${describe(failure.error)}`));
  bus.onAttemptError((failure) => story.line(`attempt failed: ${failure.subscription} ${failure.attempt}`));
  bus.subscribe("order", (event, ctx) => story.handle("sync", event, ctx), { name: "sync" });
  bus.subscribe(
    "order",
    async (event, ctx) => {
      story.handle("async", event, ctx);
      await settleTurns(1);
      void event.headers.traceparent;
      await story.publish("nested", ctx.publish("invoice.paper"));
      await story.publish("nested without ctx", bus.publish("audit"));
      await story.publish("nested on another bus", second.publish("elsewhere"));
    },
    { name: "async" },
  );
  bus.subscribe(
    "order",
    (event, ctx) => {
      story.handle("failing", event, ctx);
      throw new TypeError("broken");
    },
    { name: "failing" },
  );
  bus.subscribe("order", (_event, ctx) => ctx.deadLetter("unreadable"), { name: "dead-lettering" });
  bus.subscribe("order", (_event, ctx) => ctx.discard("not ours"), { name: "discarding" });
  bus.subscribe("invoice.*", (event, ctx) => story.handle("invoice", event, ctx), { name: "invoice" });
  bus.subscribe("audit", (event, ctx) => story.handle("audit", event, ctx), { name: "audit" });
  bus.subscribe("hidden", (event, ctx) => story.handle("hidden", event, ctx), { name: "hidden" });
  bus.subscribe("linked", (_event, ctx) => story.publish("from linked", ctx.publish("audit")), { name: "linked" });
  bus.subscribe(
    "flaky",
    (event, ctx) => {
      story.handle("flaky", event, ctx);
      if (ctx.attempt < 3) throw new RangeError("again");
    },
    { name: "flaky", retry: once },
  );
  const { promise, resolve } = deferred();
  bus.subscribe(
    "slow",
    (_event, ctx) => {
      ctx.signal.addEventListener("abort", () => resolve());
      return promise;
    },
    { name: "slow", timeoutMs: 1 },
  );
  bus.subscribe("endless", () => new Promise(() => undefined), { name: "endless" });
  second.subscribe("elsewhere", (event, ctx) => story.handle("elsewhere", event, ctx), { name: "elsewhere" });
}

class Story {
  readonly lines: string[] = [];
  readonly #ids = new Map<string, string>();

  line(text: string): void {
    this.lines.push(text);
  }

  /** What a handler sees, logs and traces. */
  handle(handler: string, event: BusEvent, ctx: Pick<HandlerContext, "attempt" | "log">): void {
    ctx.log.info({ handler }, "handling");
    ctx.log.error("handling");
    this.line(
      `${handler} handles ${event.name} ${ctx.attempt}: ${this.#id("event", event.id)}, ` +
        `correlation ${this.#id("correlation", event.correlationId)}, cause ${this.#id("event", event.causationId)}, ` +
        `depth ${event.depth}, ${JSON.stringify(event.data)}, ${typeof event.headers}, ${typeof event.timestamp}`,
    );
  }

  async publish(what: string, published: Promise<PublishedLike>): Promise<void> {
    await this.tell(what, async () => {
      const { id, correlationId, deliveries } = await published;
      const reports = deliveries.map(({ subscription, outcome, disposition, reason, attempts, error }) => {
        return [subscription, outcome, disposition, reason, attempts, error === undefined ? "" : describe(error)].join(
          " ",
        );
      });
      return `${this.#id("event", id)}, correlation ${this.#id("correlation", correlationId)}: ${reports.join("; ")}`;
    });
  }

  async tell(what: string, run: () => Promise<string>): Promise<void> {
    try {
      this.line(`${what}: ${await run()}`);
    } catch (error) {
      this.line(`${what} threw ${describe(error)}`);
    }
  }

  #id(kind: string, id: string | undefined): string {
    if (id === undefined || id === "caller-7") return String(id);
    const known = this.#ids.get(id) ?? `${kind} ${this.#ids.size + 1}`;
    this.#ids.set(id, known);
    return known;
  }
}

interface PublishedLike {
  readonly id: string;
  readonly correlationId: string;
  readonly deliveries: readonly {
    readonly subscription: string;
    readonly outcome: string;
    readonly disposition?: string;
    readonly reason?: string;
    readonly attempts: number;
    readonly error?: unknown;
  }[];
}

function describe(error: unknown): string {
  if (error instanceof BusError) return `${error.name} ${error.code}: ${error.message}`;
  return error instanceof Error ? `${error.name}: ${error.message}` : typeof error;
}

/** Calls once what the bus calls only once for all: of methods that break every second time, the bus gets the second. */
export function useSdkOnce(): void {
  api.trace.getTracerProvider().getTracer("test");
  const meter = api.metrics.getMeterProvider().getMeter("test");
  meter.addBatchObservableCallback(() => undefined, []);
  api.logs.getLoggerProvider().getLogger("test");
}
