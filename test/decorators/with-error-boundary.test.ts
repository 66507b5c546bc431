import * as api from "@opentelemetry/api";
import { afterEach, describe, expect, it, vi } from "vitest";
import { systemEvents } from "../../src/catalog/system-events.ts";
import type { BusEvent } from "../../src/event/event.ts";
import { createEvent } from "../../src/event/event.ts";
import { withErrorBoundary } from "../../src/index.ts";
import { telemetryCells } from "../../src/telemetry/cells.ts";
import { createTestBus, recordingHandler } from "../../src/testing/index.ts";
import { createBus, deferred, settleTurns, thrownBy, watchUnhandled } from "../support/test-bus.ts";
import { recordSdk } from "../telemetry/recorded-sdk.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

describe("withErrorBoundary, called directly", () => {
  it("returns what the handler returns, and tells nobody", () => {
    const errors: unknown[] = [];
    const double = withErrorBoundary((n: number) => n * 2, { onError: (error) => errors.push(error) });

    const doubled = double(21);

    expect(doubled).toBe(42);
    expect(errors).toEqual([]);
  });

  it("returns undefined at once where the handler throws, and tells onError with the arguments", () => {
    const told: unknown[] = [];
    const thrown = new Error("no");
    const failing = withErrorBoundary(
      (_id: string): number => {
        throw thrown;
      },
      { onError: (...args) => told.push(args) },
    );

    const returned = failing("o-1");

    expect(returned).toBeUndefined();
    expect(told).toEqual([[thrown, "o-1"]]);
  });

  it("takes its options first too, and the handler then", () => {
    const told: unknown[] = [];
    const thrown = new Error("no");
    const safely = withErrorBoundary({ onError: (...args) => told.push(args) });
    const failing = safely((_id: string): number => {
      throw thrown;
    });

    const returned = failing("o-1");

    expect(returned).toBeUndefined();
    expect(told).toEqual([[thrown, "o-1"]]);
  });

  it("resolves with undefined where the handler rejects", async () => {
    const errors: unknown[] = [];
    const thrown = new Error("no");
    const failing = withErrorBoundary(async (): Promise<number> => Promise.reject(thrown), {
      onError: (error) => errors.push(error),
    });

    const returned = failing();
    const value = await returned;

    expect(returned).toBeInstanceOf(Promise);
    expect(value).toBeUndefined();
    expect(errors).toEqual([thrown]);
  });

  it("shows onError a readable error for anything that is thrown", () => {
    const errors: unknown[] = [];
    const failing = withErrorBoundary(
      () => {
        throw "a string";
      },
      { onError: (error) => errors.push(error) },
    );

    const returned = failing();

    expect(returned).toBeUndefined();
    expect(errors).toMatchObject([{ code: "NON_ERROR_THROWN", cause: "a string" }]);
  });

  it("keeps name, length and this", () => {
    const counter = {
      step: 3,
      add: withErrorBoundary(function add(this: { step: number }, n: number): number {
        return this.step + n;
      }),
    };

    const sum = counter.add(4);

    expect(sum).toBe(7);
    expect([counter.add.name, counter.add.length]).toEqual(["add", 1]);
  });

  it("publishes the failure on the bus, correlated with the event", async () => {
    const { bus } = createBus({ events: systemEvents });
    const failures: BusEvent[] = [];
    bus.subscribe("action.*.failure", (event) => void failures.push(event));
    const event = createEvent({ name: "order.placed", source: "shop", correlationId: "c-1" });
    const charge = withErrorBoundary(
      async function charge(_event: BusEvent): Promise<void> {
        throw new RangeError("too much");
      },
      { bus, source: "billing" },
    );

    await charge(event);

    expect(failures.map(({ name, data, source, correlationId }) => ({ name, data, source, correlationId }))).toEqual([
      {
        name: "action.charge.failure",
        data: {
          action: "charge",
          durationMs: expect.any(Number),
          error: { type: "RangeError", message: "too much" },
        },
        source: "billing",
        correlationId: "c-1",
      },
    ]);
  });

  it("survives a bus that refuses", async () => {
    using unhandled = watchUnhandled();
    const { bus } = createBus();
    await bus.close();
    const failing = withErrorBoundary(
      () => {
        throw new Error("no");
      },
      { bus },
    );

    const returned = failing();
    await settleTurns();

    expect(returned).toBeUndefined();
    expect(unhandled.rejections).toEqual([]);
    expect(bus.stats().refused).toEqual({ bus_closed: 1 });
  });

  it("writes a process warning where it has nobody to tell", () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const failing = withErrorBoundary(function lonely() {
      throw new RangeError("too much");
    });

    const returned = failing();

    expect(returned).toBeUndefined();
    expect(warn.mock.calls).toEqual([
      [
        'the error boundary around "lonely" caught an error, and has neither onError nor bus to tell (RangeError: too much)',
        { type: "SpanbusWarning", detail: "repeats are shown at most once a minute" },
      ],
    ]);
  });

  it("survives an onError that throws or rejects, and counts it", async () => {
    using unhandled = watchUnhandled();
    vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const { guardTrips } = telemetryCells();
    const before = guardTrips.get("error_handler") ?? 0;
    const failing = (onError: () => unknown): (() => undefined) =>
      withErrorBoundary(
        (): undefined => {
          throw new Error("no");
        },
        { onError },
      );

    const returned = [
      failing(() => {
        throw new Error("onError threw");
      })(),
      failing(async () => Promise.reject(new Error("onError rejected")))(),
    ];
    await settleTurns();

    expect(returned).toEqual([undefined, undefined]);
    expect(unhandled.rejections).toEqual([]);
    expect(guardTrips.get("error_handler")).toBe(before + 2);
  });
});

describe("the exception a boundary catches", () => {
  it("is recorded on the active span, whose status stays its owner's", async () => {
    using sdk = recordSdk();
    const failing = withErrorBoundary(async () => Promise.reject(new RangeError("too much")), { onError: () => {} });

    await api.trace.getTracer("test").startActiveSpan("request", async (span) => {
      await failing();
      span.end();
    });

    const [span] = sdk.named("request");
    expect(span?.status.code).toBe("UNSET");
    expect(span?.events).toMatchObject([
      {
        name: "exception",
        attributes: {
          "exception.type": "RangeError",
          "exception.message": "too much",
          "exception.stacktrace": expect.stringContaining("RangeError: too much"),
        },
      },
    ]);
  });

  it("is recorded as far as `errors` and `redact` allow", () => {
    using sdk = recordSdk();
    const fail = (): never => {
      throw new Error("card 4111");
    };
    const boundaries = [
      withErrorBoundary(fail, { onError: () => {}, errors: "type" }),
      withErrorBoundary(fail, { onError: () => {}, errors: "message", redact: (text) => text.replace(/\d+/, "…") }),
    ];

    api.trace.getTracer("test").startActiveSpan("request", (span) => {
      for (const boundary of boundaries) boundary();
      span.end();
    });

    expect(sdk.named("request")[0]?.events.map((event) => event.attributes)).toEqual([
      { "exception.type": "Error" },
      { "exception.type": "Error", "exception.message": "card …" },
    ]);
  });

  it("is told all the same when the span throws", () => {
    vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    using sdk = recordSdk();
    const errors: unknown[] = [];
    const failing = withErrorBoundary(
      () => {
        throw new Error("no");
      },
      { onError: (error) => errors.push(error) },
    );

    const returned = api.trace.getTracer("test").startActiveSpan("request", (span) => {
      vi.spyOn(span, "addEvent").mockImplementation(() => {
        throw new Error("broken SDK");
      });
      const value = failing();
      span.end();
      return value;
    });

    expect(returned).toBeUndefined();
    expect(errors).toMatchObject([{ message: "no" }]);
    expect(sdk.named("request")[0]?.events).toEqual([]);
  });
});

describe("withErrorBoundary, called by a bus", () => {
  it.each([
    ["throws", (): never => fail()],
    ["rejects", async (): Promise<never> => fail()],
  ])("passes on what the handler %s, once", async (_, handler) => {
    await using harness = createTestBus({ expectFailures: true });
    const told: unknown[] = [];
    harness.bus.subscribe("order.placed", withErrorBoundary(handler, { onError: (error) => told.push(error) }));

    const run = await harness.run(() => harness.bus.publish("order.placed"));

    expect(told).toEqual([]);
    expect(run.failed).toMatchObject([{ outcome: "failed", error: { message: "declined" } }]);
    expect(run.trace.spans.flatMap((span) => span.events.map((event) => event.name))).toEqual(["exception"]);
  });

  it("lets the bus retry", async () => {
    await using harness = createTestBus();
    const flaky = recordingHandler({ throws: new Error("declined"), times: 1 });
    harness.bus.subscribe("order.placed", withErrorBoundary(flaky), { retry: { maxAttempts: 2 } });

    const run = await harness.run(() => harness.bus.publish("order.placed"));

    expect(flaky.calls.map((call) => call.attempt)).toEqual([1, 2]);
    expect(run.delivered).toMatchObject([{ attempts: 2 }]);
  });

  it("catches what fails after the attempt is over: nobody else would", async () => {
    using unhandled = watchUnhandled();
    const { bus } = createBus();
    const told: unknown[] = [];
    const gate = deferred();
    const later = withErrorBoundary(
      async (_event: BusEvent, _ctx: object) => {
        await gate.promise;
        fail();
      },
      { onError: (error) => told.push(error) },
    );
    bus.subscribe("order.placed", (event, ctx) => void later(event, ctx));

    const { deliveries } = await bus.publish("order.placed");
    gate.resolve();
    await settleTurns();

    expect(deliveries.map((each) => each.outcome)).toEqual(["handled"]);
    expect(unhandled.rejections).toEqual([]);
    expect(told).toMatchObject([{ message: "declined" }]);
  });

  it("catches under a context that is not the bus's own", () => {
    const told: unknown[] = [];
    const handler = withErrorBoundary((_event: object, _ctx: object) => fail(), {
      onError: (error) => told.push(error),
    });

    const returned = handler({}, { attempt: 1, isOver: false });

    expect(returned).toBeUndefined();
    expect(told).toMatchObject([{ message: "declined" }]);
  });
});

describe("withErrorBoundary", () => {
  it.each([
    ["a handler that is none", ["charge"]],
    ["an onError that is no function", [() => {}, { onError: "log" }]],
    ["a bus that is none", [() => {}, { bus: {} }]],
    ["an unknown detail", [() => {}, { errors: "all" }]],
    ["an option it does not know", [() => {}, { rethrow: true }]],
    ["an index, as of Array.map", [() => {}, 0, []]],
  ])("refuses %s", (_, args) => {
    const error = thrownBy(() => (withErrorBoundary as (...given: unknown[]) => unknown)(...args));

    expect(error).toMatchObject({ code: "INVALID_OPTION" });
  });
});

function fail(): never {
  throw new Error("declined");
}
