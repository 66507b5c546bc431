import { describe, expect, it } from "vitest";
import type { SubscribeOptions } from "../../src/options.ts";
import { defaultSubscriptionName, subscribeSettings } from "../../src/routing/subscribe-settings.ts";
import { createBus, thrownBy } from "../support/test-bus.ts";

const BAD: readonly (readonly [named: string, options: unknown])[] = [
  ["name", { name: "" }],
  ["name", { name: "x".repeat(129) }],
  ["name", { name: "a\nb" }],
  ["name", { name: 7 }],
  ["timeoutMs", { timeoutMs: 0 }],
  ["timeoutMs", { timeoutMs: -1 }],
  ["timeoutMs", { timeoutMs: Number.NaN }],
  ["timeoutMs", { timeoutMs: Number.POSITIVE_INFINITY }],
  ["timeoutMs", { timeoutMs: 2 ** 31 }],
  ["timeoutMs", { timeoutMs: "5" }],
  ["timeoutMs", { timeoutMs: null }],
  ["retry", { retry: 3 }],
  ["retry", { retry: null }],
  ["classify", { classify: "fatal" }],
  ["once", { once: 1 }],
  ["signal", { signal: {} }],
  ["signal", { signal: { aborted: false, addEventListener() {} } }],
  ["trace", { trace: "none" }],
  ["spans", { spans: "all" }],
  ["timeout", { timeout: 5 }],
  ["priority", { priority: 5 }],
  ["concurrency", { concurrency: 0 }],
  ["concurrency", { concurrency: 1.5 }],
  ["concurrency", { concurrency: Number.POSITIVE_INFINITY }],
  ["orderBy", { orderBy: "orderId" }],
  ["queue", { queue: 100 }],
  ["capacity", { queue: { capacity: 0 } }],
  ["policy", { queue: { policy: "drop" } }],
  ["size", { queue: { size: 5 } }],
  ["deduplicate", { deduplicate: "id" }],
  ["ttlMs", { deduplicate: { ttlMs: 0 } }],
  ["capacity", { deduplicate: { capacity: -1 } }],
  ["maxAttempts", { retry: { maxAttempts: 0 } }],
  ["maxAttempts", { retry: { maxAttempts: 1.5 } }],
  ["maxAttempts", { retry: { maxAttempts: 1_000_001 } }],
  ["maxAttempts", { retry: { maxAttempts: Number.POSITIVE_INFINITY } }],
  ["maxElapsedMs", { retry: { maxElapsedMs: -1 } }],
  ["maxElapsedMs", { retry: { maxElapsedMs: 2 ** 31 } }],
  ["attempts", { retry: { attempts: 3 } }],
  ["backoff", { retry: { backoff: 100 } }],
  ["initialMs", { retry: { backoff: { initialMs: -1 } } }],
  ["initialMs", { retry: { backoff: { initialMs: 2 ** 31 } } }],
  ["factor", { retry: { backoff: { factor: 0.5 } } }],
  ["factor", { retry: { backoff: { factor: 1001 } } }],
  ["maxMs", { retry: { backoff: { maxMs: 2 ** 31 } } }],
  ["maxMs", { retry: { backoff: { maxMs: -1 } } }],
  ["jitter", { retry: { backoff: { jitter: "some" } } }],
  ["delayMs", { retry: { backoff: { delayMs: 5 } } }],
  ["options", 5],
  ["options", null],
  ["options", "name"],
];

describe("subscribeSettings", () => {
  it("fills in every default", () => {
    expect(subscribeSettings(undefined, "billing")).toEqual({
      name: "billing",
      timeoutMs: undefined,
      maxAttempts: 1,
      maxElapsedMs: undefined,
      backoff: { initialMs: 100, factor: 2, maxMs: 30_000, jitter: "full" },
      classify: undefined,
      once: false,
      concurrency: undefined,
      orderBy: undefined,
      queue: undefined,
      deduplicate: undefined,
      trace: undefined,
      spans: undefined,
    });
  });

  it("takes an option that is undefined for one that is missing", () => {
    const options = { name: undefined, timeoutMs: undefined, retry: { maxAttempts: undefined, backoff: undefined } };

    expect(subscribeSettings(options, "billing")).toEqual(subscribeSettings(undefined, "billing"));
  });

  it.each(BAD)("refuses with INVALID_OPTION, naming it, a bad %s: %j", (named, options) => {
    const error = thrownBy(() => subscribeSettings(options as never, "billing"));

    expect(error).toMatchObject({ code: "INVALID_OPTION", message: expect.stringContaining(named) });
  });

  it.each([
    [{ name: "" }, 'subscribe: name must be 1 to 128 characters without control characters, got ""'],
    [{ retry: { maxAttempts: 0 } }, "subscribe: retry: maxAttempts must be an integer from 1 to 1000000, got 0"],
    [{ retry: { backoff: 5 } }, "subscribe: retry: backoff must be an object, got 5"],
    [{ retry: { backoff: { factor: 0 } } }, "subscribe: retry.backoff: factor must be a number from 1 to 1000, got 0"],
    [
      { retry: { backoff: { maxMs: -1 } } },
      "subscribe: retry.backoff: maxMs must be a number from 0 to 2147483647, got -1",
    ],
    [{ queue: 5 }, "subscribe: queue must be an object, got 5"],
    [{ queue: { capacity: 1.5 } }, "subscribe: queue: capacity must be an integer from 1 to 10000000, got 1.5"],
    [{ deduplicate: 5 }, "subscribe: deduplicate must be true, false or an object, got 5"],
    [{ deduplicate: null }, "subscribe: deduplicate must be true, false or an object, got null"],
    [
      { deduplicate: { capacity: 1.5 } },
      "subscribe: deduplicate: capacity must be an integer from 1 to 10000000, got 1.5",
    ],
    [
      { deduplicate: { size: 1 } },
      'subscribe: deduplicate: there is no option "size"; the options are ttlMs, capacity',
    ],
    [{ signal: 5 }, "subscribe: signal must be an AbortSignal, got 5"],
  ])("says of %j what is asked for", (options, message) => {
    const error = thrownBy(() => subscribeSettings(options as never, "billing"));

    expect(error).toMatchObject({ message });
  });

  it.each<[options: SubscribeOptions, settings: object]>([
    [{ name: "x".repeat(128) }, { name: "x".repeat(128) }],
    [{ retry: { maxAttempts: 3, maxElapsedMs: 5 } }, { maxAttempts: 3, maxElapsedMs: 5 }],
    [
      { retry: { backoff: { initialMs: 1, factor: 3, maxMs: 4, jitter: "none" } } },
      { backoff: { initialMs: 1, factor: 3, maxMs: 4, jitter: "none" } },
    ],
    [{ queue: {} }, { queue: { capacity: 1000, policy: "block" } }],
    [{ queue: { capacity: 5, policy: "reject" } }, { queue: { capacity: 5, policy: "reject" } }],
    [{ deduplicate: false }, { deduplicate: undefined }],
    [{ deduplicate: true }, { deduplicate: { ttlMs: 600_000, capacity: 10_000 } }],
    [{ deduplicate: { ttlMs: 5 } }, { deduplicate: { ttlMs: 5, capacity: 10_000 } }],
    [{ deduplicate: { capacity: 5 } }, { deduplicate: { ttlMs: 600_000, capacity: 5 } }],
    [{ trace: "child" }, { trace: "child" }],
    [{ trace: "link" }, { trace: "link" }],
    [{ trace: "auto" }, { trace: "auto" }],
    [{ spans: "handlers" }, { spans: "handlers" }],
    [{ spans: "events" }, { spans: "events" }],
    [{ spans: "off" }, { spans: "off" }],
  ])("takes %j", (options, settings) => {
    expect(subscribeSettings(options, "billing")).toMatchObject(settings);
  });

  it("names the options there are to whoever misspells one", () => {
    const error = thrownBy(() => subscribeSettings({ timeout: 5 } as never, "billing"));

    expect(error).toMatchObject({ message: expect.stringMatching(/no option "timeout"; the options are .*timeoutMs/) });
  });
});

describe("bus.subscribe with a bad option", () => {
  it("adds no subscription", () => {
    const { bus } = createBus();

    const error = thrownBy(() => bus.subscribe("a", () => {}, { timeoutMs: -1 }));

    expect(error).toMatchObject({ code: "INVALID_OPTION" });
    expect(bus.describe().subscriptions).toEqual([]);
  });

  it.each([5, null, true])("is refused by once too: %j", (options) => {
    const { bus } = createBus();

    expect(thrownBy(() => bus.once("a", () => {}, options as never))).toMatchObject({ code: "INVALID_OPTION" });
  });
});

describe("defaultSubscriptionName", () => {
  it.each<readonly [name: unknown, expected: string]>([
    ["charge", "charge"],
    ["bound charge", "charge"],
    ["", "a.*"],
    ["handler", "a.*"],
    ["x".repeat(129), "a.*"],
    ["a\nb", "a.*"],
    [7, "a.*"],
    [undefined, "a.*"],
  ])("makes of the function name %j: %s", (name, expected) => {
    expect(defaultSubscriptionName({ name }, "a.*")).toBe(expected);
  });
});
