import { describe, expect, it } from "vitest";
import type { ErrorClass } from "../../src/options.ts";
import { createBus } from "../support/test-bus.ts";

function fail(): never {
  throw new Error("boom");
}

describe("classify", () => {
  it("sees what was thrown, as it was thrown", async () => {
    const { bus } = createBus();
    const thrown = { status: 503 };
    const seen: unknown[] = [];
    const classify = (error: unknown): ErrorClass => {
      seen.push(error);
      return "fatal";
    };
    bus.subscribe(
      "a",
      () => {
        throw thrown;
      },
      { classify },
    );

    await bus.publish("a");

    expect(seen).toEqual([thrown]);
    expect(seen[0]).toBe(thrown);
  });

  it("retries what is retryable", async () => {
    const { bus } = createBus();
    const options = {
      classify: (): ErrorClass => "retryable",
      retry: { maxAttempts: 2, backoff: { initialMs: 0, jitter: "none" } },
    } as const;
    bus.subscribe("a", fail, options);

    const { deliveries } = await bus.publish("a");

    expect(deliveries).toMatchObject([{ attempts: 2, reason: "attempts_exhausted" }]);
  });

  it("dead-letters what is fatal without another attempt", async () => {
    const { bus } = createBus();
    bus.subscribe("a", fail, { classify: () => "fatal", retry: { maxAttempts: 5 } });

    const { deliveries } = await bus.publish("a");

    expect(deliveries).toMatchObject([
      { outcome: "failed", disposition: "dead_lettered", reason: "fatal", attempts: 1 },
    ]);
  });

  it("discards what is expected", async () => {
    const { bus } = createBus();
    bus.subscribe("a", fail, { classify: () => "expected", retry: { maxAttempts: 5 } });

    const { deliveries } = await bus.publish("a");

    expect(deliveries).toMatchObject([
      { outcome: "failed", disposition: "discarded", reason: "expected", attempts: 1, error: { message: "boom" } },
    ]);
    expect(bus.stats()).toMatchObject({ failed: 1, discarded: 1, deadLettered: 0, deadLettersStored: 0 });
  });

  it("tells no error handler of what is expected", async () => {
    const { bus } = createBus();
    const heard: unknown[] = [];
    bus.onError((failure) => heard.push(failure));
    bus.onAttemptError((failure) => heard.push(failure));
    bus.subscribe("a", fail, { classify: () => "expected" });

    await bus.publish("a");

    expect(heard).toEqual([]);
  });

  it.each([
    ["throws", fail],
    ["returns nonsense", () => "whatever" as ErrorClass],
    ["returns nothing", () => undefined as never],
    ["returns a promise", () => Promise.resolve("fatal") as never],
  ])("counts as retryable when it %s", async (_, classify) => {
    const { bus } = createBus();
    const classes: ErrorClass[] = [];
    bus.onAttemptError(({ errorClass }) => classes.push(errorClass));
    bus.subscribe("a", fail, { classify });

    const { deliveries } = await bus.publish("a");

    expect(classes).toEqual(["retryable"]);
    expect(deliveries).toMatchObject([{ outcome: "failed", reason: "attempts_exhausted" }]);
  });

  it("says in the log that a classifier threw", async () => {
    const { bus, logger } = createBus();
    bus.subscribe("a", fail, { classify: fail });

    await bus.publish("a");

    expect(logger.lines()).toContainEqual({
      level: "warn",
      message: expect.stringContaining("classifier"),
      fields: expect.objectContaining({ event: "spanbus.telemetry.guard_tripped", part: "classifier" }),
    });
  });

  it("decides about timeouts too", async () => {
    const { bus } = createBus();
    const codes: unknown[] = [];
    const classify = (error: unknown): ErrorClass => {
      codes.push((error as { code?: string }).code);
      return "expected";
    };
    bus.subscribe("a", () => new Promise(() => {}), { timeoutMs: 1, classify });

    const { deliveries } = await bus.publish("a");

    expect(codes).toEqual(["TIMEOUT"]);
    expect(deliveries).toMatchObject([{ outcome: "timed_out", disposition: "discarded" }]);
  });

  it("is not asked when the handler has decided", async () => {
    const { bus } = createBus();
    let calls = 0;
    const classify = (): ErrorClass => {
      calls++;
      return "expected";
    };
    bus.subscribe("a", (_, ctx) => ctx.deadLetter("unreadable"), { classify });

    await bus.publish("a");

    expect(calls).toBe(0);
  });
});
