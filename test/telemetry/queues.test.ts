import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { PublishOptions, SubscribeOptions, TraceMode } from "../../src/index.ts";
import { metricViolations } from "../support/conservation.ts";
import { heldHandler } from "../support/held-handler.ts";
import { type ReceivedMetric, sumOfPoints } from "../support/otlp-receiver.ts";
import { type RecordedSdk, recordSdk, resetProcessState } from "./recorded-sdk.ts";
import { failOnOpenSpans, testBus } from "./test-bus.ts";

beforeEach(resetProcessState);
afterEach(failOnOpenSpans);

const SERIAL: SubscribeOptions = { name: "s", concurrency: 1 };

/** How each process span relates to a publish span, in the order of their ends. */
function relations(sdk: RecordedSdk): string[] {
  const publishes = sdk.named("publish a");
  return sdk.named("process a").map((span) => {
    const parent = publishes.find((each) => each.spanId === span.parentSpanId);
    if (parent !== undefined) return parent.traceId === span.traceId ? "child" : "a child in another trace";
    const linked = publishes.some((each) => span.links.some((link) => link.spanId === each.spanId));
    return linked && publishes.every((each) => each.traceId !== span.traceId) ? "link" : "neither";
  });
}

async function relationOfQueued(publish: PublishOptions, trace?: TraceMode): Promise<string | undefined> {
  using sdk = recordSdk();
  const bus = testBus();
  const handler = heldHandler();
  bus.subscribe("a", handler, { ...SERIAL, trace });
  void bus.publish("a", 1);
  void bus.publish("a", 2, publish);

  await handler.release();
  await bus.drain();

  return relations(sdk)[1];
}

describe("the span of a delivery that was queued", () => {
  it.each<[PublishOptions, TraceMode | undefined, string]>([
    [{}, undefined, "child"],
    [{ wait: "accepted" }, undefined, "link"],
    [{ wait: "accepted" }, "child", "child"],
    [{ wait: "accepted", trace: "child" }, undefined, "child"],
    [{}, "link", "link"],
  ])("under publish options %o and trace %s is a %s", async (publish, trace, relation) => {
    expect(await relationOfQueued(publish, trace)).toBe(relation);
  });

  it("is a child where it need not wait, though nobody waits for it, and so are its retries that have to", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    const blocker = heldHandler();
    const retry = { maxAttempts: 2, backoff: { initialMs: 1 } };
    bus.subscribe(
      "a",
      (event, ctx) => {
        if (event.data === 2) return blocker(event);
        if (ctx.attempt === 1) throw new Error("broken");
        return undefined;
      },
      { ...SERIAL, retry },
    );

    await bus.publish("a", 1, { wait: "accepted" });
    void bus.publish("a", 2);
    while (bus.stats().queued === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    await blocker.release();
    await bus.drain();

    expect(relations(sdk)).toEqual(["child", "child", "child"]);
  });

  it("is linked where it was delayed", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    bus.subscribe("a", () => undefined, SERIAL);

    await bus.publish("a", 1, { delayMs: 5 });

    expect(relations(sdk)).toEqual(["link"]);
  });

  it("is what is active in its handler, and carries the correlation of its own event", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    const seen: unknown[] = [];
    const subscription = bus.subscribe("a", (_event, ctx) => ctx.publish("b"), SERIAL);
    bus.subscribe("b", (event) => void seen.push(event.correlationId), { name: "b" });
    subscription.pause();
    const published = ["c-1", "c-2"].map((correlationId) => bus.publish("a", 1, { correlationId }));

    subscription.resume();
    await Promise.all(published);

    const processes = sdk.named("process a").map(({ spanId }) => spanId);
    expect(seen).toEqual(["c-1", "c-2"]);
    expect(sdk.named("publish b").map(({ parentSpanId }) => parentSpanId)).toEqual(processes);
  });
});

describe("the metrics of queues", () => {
  it("say how much waits, runs, is scheduled and may wait, and which subscriptions are paused", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    const handler = heldHandler();
    bus.subscribe("a", handler, { ...SERIAL, queue: { capacity: 5 } });
    bus.subscribe("b", () => undefined, { name: "other" }).pause();
    for (const n of [1, 2, 3]) void bus.publish("a", n);
    void bus.publish("a", 4, { delayMs: 60_000 });

    const metrics = await sdk.metrics();
    await bus.close();
    const after = await sdk.metrics();

    const state = (name: string, label: string, value: string, from: readonly ReceivedMetric[] = metrics) =>
      sumOfPoints(from, name, { [label]: value });
    const inFlight = (value: string) => state("spanbus.delivery.in_flight", "spanbus.delivery.state", value);
    expect([inFlight("queued"), inFlight("running")]).toEqual([2, 1]);
    expect(sumOfPoints(metrics, "spanbus.event.scheduled")).toBe(1);
    expect(state("spanbus.queue.capacity", "messaging.destination.subscription.name", "s")).toBe(5);
    expect(state("spanbus.subscription.count", "spanbus.subscription.state", "paused")).toBe(1);
    expect(state("spanbus.subscription.count", "spanbus.subscription.state", "active")).toBe(1);
    expect(sumOfPoints(after, "spanbus.event.scheduled")).toBe(0);
    expect(sumOfPoints(after, "spanbus.delivery.in_flight")).toBe(0);
    expect(sumOfPoints(after, "spanbus.queue.capacity") ?? 0).toBe(0);
    expect(state("spanbus.subscription.count", "spanbus.subscription.state", "paused", after)).toBe(0);
  });

  it.each(["drop-oldest", "drop-newest", "reject", "block"] as const)(
    "equal the ledger, while it is full and afterwards (%s)",
    async (policy) => {
      using sdk = recordSdk();
      const bus = testBus();
      const handler = heldHandler();
      const queue = { capacity: 1, policy };
      bus.subscribe("a", handler, { ...SERIAL, queue, orderBy: ({ data }) => data, deduplicate: true });
      const published = [1, 1, 2, 3].map((n) => bus.publish("a", n));

      const full = metricViolations(bus.stats(), await sdk.metrics());
      await handler.release();
      await Promise.all(published);
      const after = metricViolations(bus.stats(), await sdk.metrics());
      const drops = sumOfPoints(await sdk.metrics(), "spanbus.deliveries", {
        "spanbus.delivery.reason": policy === "block" ? "queue_full" : policy.replace("-", "_"),
      });

      expect([full, after]).toEqual([[], []]);
      expect(drops).toBe(policy === "block" ? 1 : 2);
    },
  );
});
