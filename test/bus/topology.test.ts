import { describe, expect, it } from "vitest";
import { defineEvents } from "../../src/catalog/catalog.ts";
import type { StandardSchemaV1 } from "../../src/catalog/standard-schema.ts";
import { createBus } from "../support/test-bus.ts";

const anything: StandardSchemaV1 = { "~standard": { version: 1, vendor: "test", validate: (value) => ({ value }) } };
const events = defineEvents({
  "order.placed": { schema: anything, description: "An order came in.", slo: { success: 0.999 } },
  "order.paid": {},
  "report.{name}.ready": {},
});

describe("bus.describe", () => {
  it("tells source and state", () => {
    expect(createBus({ source: "shop" }).bus.describe()).toMatchObject({ source: "shop", state: "open" });
  });

  it("lists the events of the catalog with who receives them", () => {
    const { bus } = createBus({ events });
    bus.subscribe("order.*", () => {}, { name: "billing" });
    bus.subscribe("*", () => {}, { name: "monitor" });

    expect(bus.describe().events).toEqual([
      {
        name: "order.placed",
        description: "An order came in.",
        hasSchema: true,
        slo: { success: 0.999 },
        subscriptions: ["billing", "monitor"],
      },
      {
        name: "order.paid",
        description: undefined,
        hasSchema: false,
        slo: undefined,
        subscriptions: ["billing", "monitor"],
      },
      {
        name: "report.{name}.ready",
        description: undefined,
        hasSchema: false,
        slo: undefined,
        subscriptions: ["monitor"],
      },
    ]);
  });

  it("lists the subscriptions in their order, with what they receive", () => {
    const { bus } = createBus({ events });
    bus.subscribe("order.**", () => {}, { name: "billing", timeoutMs: 50, retry: { maxAttempts: 3 } });
    bus.once("report.monthly.ready", () => {}, { name: "mailer" });

    expect(bus.describe().subscriptions).toEqual([
      {
        name: "billing",
        pattern: "order.**",
        timeoutMs: 50,
        maxAttempts: 3,
        once: false,
        concurrency: undefined,
        isOrdered: false,
        queueCapacity: undefined,
        isPaused: false,
        receives: ["order.placed", "order.paid"],
      },
      {
        name: "mailer",
        pattern: "report.monthly.ready",
        timeoutMs: undefined,
        maxAttempts: 1,
        once: true,
        concurrency: undefined,
        isOrdered: false,
        queueCapacity: undefined,
        isPaused: false,
        receives: ["report.{name}.ready"],
      },
    ]);
  });

  it("tells how the deliveries of a subscription wait for their turn", () => {
    const { bus } = createBus({ events });
    const options = { name: "billing", concurrency: 2, orderBy: () => "one", queue: { capacity: 5 } };
    bus.subscribe("order.paid", () => {}, options).pause();

    const [billing] = bus.describe().subscriptions;

    expect(billing).toMatchObject({ concurrency: 2, isOrdered: true, queueCapacity: 5, isPaused: true });
  });

  it("knows of no events without a catalog, and of subscriptions their patterns", () => {
    const { bus } = createBus();
    bus.subscribe("order.*", () => {});

    expect(bus.describe()).toMatchObject({ events: [], subscriptions: [{ receives: ["order.*"] }] });
  });

  it("forgets a subscription that ended", () => {
    const { bus } = createBus();

    bus.subscribe("a", () => {}).unsubscribe();

    expect(bus.describe().subscriptions).toEqual([]);
  });

  it("is plain data", () => {
    const { bus } = createBus({ events });
    bus.subscribe("*", () => {});

    const description = bus.describe();

    expect(structuredClone(description)).toEqual(description);
  });
});

describe("bus.explain", () => {
  it.each([
    ["order.placed", true, "the pattern is the name"],
    ["order.*", true, '"order" is equal, * is any one token'],
    ["*.placed", true, '* is any one token, "placed" is equal'],
    ["order.**", true, '"order" is equal, ** is the rest'],
    ["*", true, "it matches every event"],
    ["**", true, "it matches every event"],
    ["order.paid", false, '"placed" is not "paid"'],
    ["*.*", true, "* is any one token, * is any one token"],
    ["*.paid", false, '"placed" is not "paid"'],
    ["order", false, "the name has 2 tokens, the pattern only 1"],
    ["order.placed.*", false, "the name has 2 tokens, the pattern asks for more"],
    ["order.placed.**", false, "the name has 2 tokens, the pattern asks for more"],
  ])("says of %s that it matches order.placed: %s, because %s", (pattern, matches, because) => {
    const { bus } = createBus();
    bus.subscribe(pattern, () => {}, { name: "billing" });

    expect(bus.explain("order.placed").subscriptions).toEqual([{ subscription: "billing", pattern, matches, because }]);
  });

  it("says of a name of one token why it matches", () => {
    const { bus } = createBus();
    bus.subscribe("ready", () => {}, { name: "exact" });
    bus.subscribe("a.**", () => {}, { name: "other" });

    const { subscriptions } = bus.explain("ready");

    expect(subscriptions.map(({ because }) => because)).toEqual(["the pattern is the name", '"ready" is not "a"']);
  });

  it("agrees with what publishing does", async () => {
    const { bus } = createBus();
    for (const pattern of ["a.b", "a.*", "*.b", "**", "*", "a.**", "a", "b.*", "a.b.*"]) {
      bus.subscribe(pattern, () => {}, { name: pattern });
    }

    const explained = bus.explain("a.b").subscriptions.filter(({ matches }) => matches);
    const { deliveries } = await bus.publish("a.b");

    expect(explained.map(({ subscription }) => subscription)).toEqual(
      deliveries.map(({ subscription }) => subscription),
    );
  });

  it("names the template of a family", () => {
    const { bus } = createBus({ events });

    expect(bus.explain("report.monthly.ready")).toMatchObject({
      name: "report.monthly.ready",
      refusal: undefined,
      template: "report.{name}.ready",
    });
  });

  it("says why a name would be refused", () => {
    const { bus } = createBus({ events });

    expect(bus.explain("a..b")).toEqual({
      name: "a..b",
      refusal: expect.stringMatching(/^invalid name: /),
      template: undefined,
      subscriptions: [],
    });
    expect(bus.explain("order.lost").refusal).toBe("the catalog has no such event");
  });

  it("uses up none of the names that may become labels", () => {
    const { bus, logger } = createBus({ maxDestinations: 1 });

    for (const name of ["a", "b", "c"]) bus.explain(name);

    expect(logger.lines()).toEqual([]);
  });
});
