import { getEventListeners } from "node:events";
import { beforeEach, describe, expect, it } from "vitest";
import { telemetryCells } from "../../src/telemetry/cells.ts";
import { createBus, thrownBy } from "../support/test-bus.ts";

const ignore = (): void => undefined;

describe("bus.subscribe", () => {
  it("says what a handler is to whoever gives another thing", () => {
    const { bus } = createBus();

    const error = thrownBy(() => bus.subscribe("order.*", 7 as never));

    expect(error).toMatchObject({
      code: "INVALID_HANDLER",
      message: 'cannot subscribe 7 to "order.*": a handler is a function (event, ctx)',
    });
  });

  it("listens to a signal for as long as the subscription lasts", () => {
    const { bus } = createBus();
    const { signal } = new AbortController();
    const subscription = bus.subscribe("a", ignore, { signal });
    const during = getEventListeners(signal, "abort").length;

    subscription.unsubscribe();

    expect([during, getEventListeners(signal, "abort").length]).toEqual([1, 0]);
  });

  it("warns of namesakes by name, once for all of a bus", () => {
    const { bus, logger } = createBus();

    for (const name of ["a", "a", "b", "b"]) bus.subscribe("x", ignore, { name });

    expect(logger.lines().map(({ fields, message }) => [fields.subscription, message])).toEqual([
      ["a", 'several subscriptions are named "a": they share metrics and dead letters; name them apart'],
    ]);
  });

  it("takes a name again whose subscription has ended, without a word", () => {
    const { bus, logger } = createBus();
    bus.subscribe("x", ignore, { name: "a" }).unsubscribe();

    bus.subscribe("x", ignore, { name: "a" });

    expect(logger.lines()).toEqual([]);
  });
});

describe("bus.use", () => {
  it("says that middleware is a function", () => {
    const { bus } = createBus();

    const error = thrownBy(() => bus.use(5 as never));

    expect(error).toMatchObject({ code: "INVALID_HANDLER", message: "use: expected a function, got 5" });
  });
});

describe("the count of paused subscriptions", () => {
  let before: readonly [active: number, paused: number];
  const counts = (): readonly [number, number] => {
    const { activeSubscriptions, pausedSubscriptions } = telemetryCells();
    return [activeSubscriptions, pausedSubscriptions];
  };
  const change = () => counts().map((count, i) => count - (before[i] ?? 0));

  beforeEach(() => {
    before = counts();
  });
  it("follows each pause and resume once", () => {
    const { bus } = createBus();
    const subscription = bus.subscribe("a", ignore);
    const steps: unknown[] = [change()];

    for (const step of ["pause", "pause", "resume", "resume", "pause"] as const) {
      subscription[step]();
      steps.push(change());
    }
    subscription.unsubscribe();
    steps.push(change());

    expect(steps).toEqual([
      [1, 0],
      [0, 1],
      [0, 1],
      [1, 0],
      [1, 0],
      [0, 1],
      [0, 0],
    ]);
  });

  it("takes no notice of a pause after the end", () => {
    const { bus } = createBus();
    const subscription = bus.subscribe("a", ignore);
    subscription.unsubscribe();

    subscription.pause();
    subscription.resume();

    expect(subscription.isPaused).toBe(false);
    expect(change()).toEqual([0, 0]);
  });
});
