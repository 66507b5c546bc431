import { setTimeout as sleep } from "node:timers/promises";
import { defineEvents, EventBus, systemEvents } from "spanbus";
import { pass } from "./clock.ts";
import { startMetrics } from "./metrics.ts";

// Every way to publish, and every way a delivery can end, with durations on, between and beyond the bucket boundaries.
// Goes by ./clock.ts, which is to be loaded before anything else: node --import.

class PaymentError extends Error {}

const number = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value: unknown) =>
      typeof value === "number" ? { value } : { issues: [{ message: "a number, please" }] },
  },
} as const;
const events = defineEvents({
  ...systemEvents,
  "order.placed": { schema: number },
  "order.shipped": { spans: "off" },
  "invoice.created": { attributes: { "invoice.id": () => JSON.parse("{") } }, // trips the guard
  "report.{name}.ready": { spans: "events" },
  "nobody.listens": {},
  "never.ends": {},
  "is.late": {},
});
const quiet = (): void => undefined;
const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const twice = { maxAttempts: 2, backoff: { initialMs: 0 } };

const metrics = await startMetrics(process.argv[2] ?? "");
const bus = new EventBus({ source: "shop", events, logger, deadLetters: { capacity: 3 } });
const second = new EventBus({ source: "warehouse", logger });
subscribe();

// sums of powers of two, so that differences of the clock are exact
for (const durationMs of [0, 0.0625, 0.25, 0.5, 1, 4.75, 5, 7500.5, 10_000, 10_000.5]) await order(durationMs);
await metrics.flush(); // the next collection adds to this one
for (const durationMs of [2.5, 300]) await order(durationMs);
await endings();
await refusals();
await leaveInFlight();
await metrics.stop();
process.exit(); // a retry is still to come

function subscribe(): void {
  let calls = 0;
  const failing = (event: { readonly data: unknown }): never => {
    pass(Number(event.data));
    throw new PaymentError("no credit");
  };
  bus.subscribe("order.placed", (event) => pass(event.data), { name: "billing" });
  bus.subscribe(
    "order.*",
    async (_event, ctx) => {
      await undefined;
      pass(0.5);
      await ctx.publish("invoice.created");
    },
    { name: "invoicing" },
  );
  bus.subscribe("order.placed", failing, { name: "failing" });
  bus.subscribe("order.placed", failing, { name: "retrying", retry: { ...twice, maxAttempts: 3 } });
  bus.subscribe("order.placed", (event) => void (++calls % 2 === 1 && failing(event)), { name: "flaky", retry: twice });
  bus.subscribe("order.placed", failing, { name: "expecting", classify: () => "expected" });
  bus.subscribe("order.placed", (_event, ctx) => ctx.discard("not ours"), { name: "discarding" });
  bus.subscribe("invoice.created", () => pass(2), { name: "archive", trace: "link" });
  bus.subscribe("report.*.ready", () => pass(12), { name: "reader" });
  bus.subscribe("action.*.start", () => pass(1), { name: "watcher" });
  second.subscribe("*", () => pass(3), { name: "billing" });
  second.subscribe("nobody.came", quiet, { name: "queued", concurrency: 1 });
}

async function order(durationMs: number): Promise<void> {
  await bus.publish("order.placed", durationMs);
  await bus.publish("order.shipped");
  await second.publish("order.placed", durationMs);
  await bus.publish(`report.r${durationMs * 10_000}.ready`);
}

async function endings(): Promise<void> {
  let returnLate = quiet;
  const late = new Promise<void>((resolve) => {
    returnLate = resolve;
  });
  const lasting = (durationMs: number, result: Promise<void>): Promise<void> => {
    pass(durationMs);
    return result;
  };
  bus.subscribe("is.late", () => lasting(60, late), { name: "late", timeoutMs: 1 });
  const leaving = bus.subscribe("nobody.listens", () => gone.unsubscribe(), { name: "leaving" });
  const gone = bus.subscribe("nobody.listens", quiet, { name: "gone" });
  bus.subscribe("never.ends", () => lasting(7, new Promise(quiet)), { name: "endless" });
  await bus.publish("action.index.start", { action: "index" });
  await bus.publish("is.late");
  returnLate();
  await sleep(1);
  await bus.publish("nobody.listens");
  leaving.unsubscribe();
  await bus.publish("nobody.listens");
  await bus.publish("order.placed", 20, { strict: true }).catch(quiet);
  await bus.publish("invoice.created", undefined, { wait: "accepted" });
  for (const subscription of ["failing", "retrying"]) {
    const [letter] = bus.deadLetters.list({ subscription });
    await bus.deadLetters.replay(letter?.id ?? ""); // and fails again
  }
  const [oldest] = bus.deadLetters.list();
  bus.deadLetters.remove(oldest?.id ?? "");
  const endless = bus.publish("never.ends");
  await bus.close();
  await endless;
}

async function refusals(): Promise<void> {
  const other = new EventBus({ source: "shop", events, logger });
  const untyped = other as unknown as EventBus;
  await other.publish("order.placed", "one" as never).catch(quiet);
  await untyped.publish("not a name").catch(quiet);
  await untyped.publish("unknown").catch(quiet);
  await bus.publish("nobody.listens").catch(quiet);
  let isMended = false;
  const mending = (): void => {
    pass(8);
    if (!isMended) throw new RangeError("not yet");
  };
  other.subscribe("order.placed", mending, { name: "mending" });
  await other.publish("order.placed", 1);
  isMended = true;
  await other.deadLetters.replay(other.deadLetters.list()[0]?.id ?? "");
}

async function leaveInFlight(): Promise<void> {
  const later = { maxAttempts: 2, backoff: { initialMs: 600_000, maxMs: 600_000 } };
  second.subscribe("never.ends", () => new Promise(quiet), { name: "running" });
  second.subscribe("never.ends", () => Promise.reject(new PaymentError("later")), { name: "waiting", retry: later });
  await second.publish("never.ends", undefined, { wait: "accepted" });
  await second.publish("never.ends", undefined, { wait: "accepted", delayMs: 600_000 });
  await sleep(1);
}
