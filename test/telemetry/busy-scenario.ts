import { systemEvents } from "../../src/catalog/system-events.ts";
import { type DefaultCatalog, defineEvents, type EventBus } from "../../src/index.ts";
import { deferred, settleTurns } from "../support/test-bus.ts";
import { testBus } from "./test-bus.ts";

class PaymentError extends Error {}

/** A bus with a catalog on which {@link runBusyScenario} can run. */
export function busyBus(options: object = {}): EventBus {
  const schema = {
    "~standard": { version: 1, vendor: "test", validate: (value: unknown) => readOrder(value) },
  } as const;
  const slow = {
    "~standard": { version: 1, vendor: "test", validate: async (value: unknown) => ({ value }) },
  } as const;
  const events = defineEvents({
    ...systemEvents,
    "order.placed": { schema, attributes: { "order.id": ({ id }) => id } },
    "order.shipped": { schema: slow },
    "invoice.created": {},
    "report.{name}.ready": {},
    "nobody.listens": {},
    "never.ends": {},
    "is.late": {},
  });
  return testBus({ events, deadLetters: { capacity: 2 }, ...options }) as unknown as EventBus<DefaultCatalog>;
}

/** Every way to publish and every way a delivery can end, once or a few times; ends with nothing in flight. */
export async function runBusyScenario(bus: EventBus): Promise<void> {
  const once = { maxAttempts: 2, backoff: { initialMs: 0 } };
  const gone: { unsubscribe(): unknown }[] = [];
  const tooLate = deferred();
  let calls = 0;
  bus.subscribe("order.*", (_event, ctx) => ctx.publish("invoice.created"), { name: "billing" });
  bus.subscribe("order.placed", failing, { name: "failing" });
  bus.subscribe("order.placed", failing, { name: "retrying", retry: { ...once, maxAttempts: 3 } });
  bus.subscribe("order.placed", () => void (++calls % 2 === 1 && failing()), { name: "flaky", retry: once });
  bus.subscribe("order.placed", failing, { name: "expecting", classify: () => "expected" });
  bus.subscribe("order.placed", (_event, ctx) => ctx.discard("not ours"), { name: "discarding" });
  bus.subscribe("order.placed", (_event, ctx) => ctx.deadLetter("broken"), { name: "dead-lettering" });
  bus.subscribe("order.placed", () => gone.map((each) => each.unsubscribe()), { name: "unsubscribing" });
  gone.push(bus.subscribe("order.placed", () => undefined, { name: "unsubscribed" }));
  bus.subscribe("order.shipped", async () => settleTurns(1), { name: "asynchronous" });
  bus.subscribe("order.shipped", () => undefined, { name: "linked", trace: "link" });
  bus.subscribe("report.*.ready", () => undefined, { name: "reader", spans: "events" });
  bus.subscribe("action.*.start", () => undefined, { name: "watcher", spans: "off" });
  bus.subscribe("is.late", () => tooLate.promise, { name: "late", timeoutMs: 1 });
  bus.subscribe("order.shipped", async () => settleTurns(1), {
    name: "one-by-one",
    concurrency: 1,
    queue: { capacity: 2 },
  });
  bus.subscribe("never.ends", () => new Promise(() => undefined), { name: "endless" });

  await bus.publish("order.placed", { id: "o-1" });
  await bus.publish("order.placed", { id: "o-2" }, { strict: true }).catch(() => undefined);
  await bus.publish("order.shipped");
  await bus.publish("report.sales.ready");
  await bus.publish("report.stock.ready");
  await bus.publish("action.index.start", { action: "index" });
  await bus.publish("nobody.listens");
  await bus.publish("is.late");
  tooLate.resolve();
  await settleTurns();
  await bus.publish("order.placed", "no order").catch(() => undefined);
  await bus.publish("not a name").catch(() => undefined);
  await bus.publish("unknown").catch(() => undefined);
  await bus.publish("nobody.listens", undefined, { correlationId: "not an id" }).catch(() => undefined);
  const [oldest, newest] = bus.deadLetters.list();
  await bus.deadLetters.replay(oldest?.id ?? "");
  bus.deadLetters.remove(newest?.id ?? "");
  const endless = bus.publish("never.ends");
  await bus.close();
  await endless;
  await bus.publish("nobody.listens").catch(() => undefined);
}

function failing(): never {
  throw new PaymentError("no credit");
}

function readOrder(value: unknown): { value: { id: string } } | { issues: { message: string }[] } {
  const id = (value as { id?: unknown } | undefined)?.id;
  return typeof id === "string" ? { value: { id } } : { issues: [{ message: "an order has an id" }] };
}
