import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  BusError,
  type DeadLetter,
  type DefaultCatalog,
  DeliveryError,
  defineEvents,
  type ErrorClass,
  type EventBus,
} from "../../src/index.ts";
import { createRecordingLogger } from "../support/recording-logger.ts";
import { type RecordedSpan, recordSdk, resetProcessState } from "./recorded-sdk.ts";
import { failOnOpenSpans, testBus } from "./test-bus.ts";

beforeEach(resetProcessState);
afterEach(failOnOpenSpans);

class PaymentError extends Error {}

describe("the status of a process span", () => {
  it("is ERROR with the message when the delivery failed for good", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    bus.subscribe("a", () => {
      throw new PaymentError("no credit");
    });

    await bus.publish("a");

    const [span] = sdk.named("process a");
    expect(span?.status).toEqual({ code: "ERROR", message: "no credit" });
    expect(span?.attributes).toMatchObject({
      "error.type": "PaymentError",
      "spanbus.delivery.outcome": "failed",
      "spanbus.delivery.disposition": "dead_lettered",
    });
  });

  it("is unset for an attempt that is retried, which keeps its exception: a failure that a retry mends turns nothing red", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    bus.subscribe("a", failingTimes(1), { retry: { maxAttempts: 2, backoff: { initialMs: 0 } } });

    await bus.publish("a");

    const [first, second] = sdk.named("process a");
    expect(first?.status).toEqual({ code: "UNSET", message: undefined });
    expect(first?.attributes).toMatchObject({
      "error.type": "PaymentError",
      "spanbus.delivery.outcome": "retry",
      "spanbus.delivery.attempt": 1,
    });
    expect(first?.attributes).not.toHaveProperty("spanbus.delivery.disposition");
    expect(exceptions([first])).toEqual(["PaymentError: no credit"]);
    expect(second?.attributes).toMatchObject({ "spanbus.delivery.outcome": "handled", "spanbus.delivery.attempt": 2 });
    expect(second?.attributes).not.toHaveProperty("error.type");
    expect(sdk.spans().every((span) => span.status.code === "UNSET")).toBe(true);
  });

  it("is ERROR only on the last attempt when all fail", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    bus.subscribe("a", failingTimes(3), { retry: { maxAttempts: 3, backoff: { initialMs: 0 } } });

    await bus.publish("a");

    expect(
      sdk.named("process a").map(({ status, attributes }) => [status.code, attributes["spanbus.delivery.outcome"]]),
    ).toEqual([
      ["UNSET", "retry"],
      ["UNSET", "retry"],
      ["ERROR", "failed"],
    ]);
  });

  it("is unset for an expected error", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    bus.subscribe("a", failingTimes(1), { classify: () => "expected" });

    await bus.publish("a");

    const [span] = sdk.named("process a");
    expect(span?.status.code).toBe("UNSET");
    expect(span?.attributes).toMatchObject({
      "error.type": "PaymentError",
      "spanbus.delivery.outcome": "failed",
      "spanbus.delivery.disposition": "discarded",
    });
  });

  it("is unset when the handler discards the event, and nothing was thrown", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    bus.subscribe("a", (_event, ctx) => ctx.discard("not ours"));

    await bus.publish("a");

    const [span] = sdk.named("process a");
    expect(span?.status.code).toBe("UNSET");
    expect(span?.events).toEqual([]);
    expect(span?.attributes).toMatchObject({
      "error.type": "handler_discarded",
      "spanbus.delivery.outcome": "failed",
      "spanbus.delivery.disposition": "discarded",
    });
  });

  it("is ERROR when the handler dead-letters the event, and nothing was thrown", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    bus.subscribe("a", (_event, ctx) => ctx.deadLetter("cannot be read"));

    await bus.publish("a");

    const [span] = sdk.named("process a");
    expect(span?.status).toEqual({ code: "ERROR", message: "cannot be read" });
    expect(span?.events).toEqual([]);
    expect(span?.attributes).toMatchObject({
      "error.type": "handler_dead_lettered",
      "spanbus.delivery.disposition": "dead_lettered",
    });
  });

  it("is unset where the handler asks to be retried, and ERROR where no attempt is left", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    bus.subscribe("a", (_event, ctx) => ctx.retryAfter(0), { retry: { maxAttempts: 2 } });

    await bus.publish("a");

    expect(sdk.named("process a").map(({ status }) => status.code)).toEqual(["UNSET", "ERROR"]);
    expect(sdk.named("process a")[0]?.attributes["error.type"]).toBe("handler_requested_retry");
  });

  it("is ERROR with error.type timeout when the handler takes too long", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    bus.subscribe("a", () => new Promise(() => undefined), { timeoutMs: 1 });

    await bus.publish("a");

    const [span] = sdk.named("process a");
    expect(span?.status.code).toBe("ERROR");
    expect(span?.attributes).toMatchObject({
      "error.type": "timeout",
      "spanbus.delivery.outcome": "timed_out",
      "spanbus.delivery.disposition": "dead_lettered",
    });
    expect(exceptions([span])).toHaveLength(1);
  });
});

describe("the status of a publish span", () => {
  it("stays unset when a handler fails", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    bus.subscribe("a", failingTimes(1));

    await bus.publish("a");

    const [span] = sdk.named("publish a");
    expect(span?.status.code).toBe("UNSET");
    expect(span?.attributes).not.toHaveProperty("error.type");
    expect(span?.events).toEqual([]);
  });

  it("is ERROR when a strict publish had a failing handler, which ends with its last delivery", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    bus.subscribe("a", async () => failingTimes(1)());

    await bus.publish("a", undefined, { strict: true }).catch(() => undefined);

    const [process, publish] = sdk.spans();
    expect(process?.name).toBe("process a");
    expect(publish?.status.code).toBe("ERROR");
    expect(publish?.attributes["error.type"]).toBe("delivery_failed");
  });

  it("stays unset when a strict publish succeeds", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    bus.subscribe("a", async () => undefined);

    await bus.publish("a", undefined, { strict: true });

    expect(sdk.named("publish a")[0]?.status.code).toBe("UNSET");
  });

  it.each<readonly [code: string, refuse: (bus: EventBus) => Promise<unknown>]>([
    ["invalid_name", (bus) => bus.publish("not a name")],
    ["unknown_event", (bus) => bus.publish("unknown")],
    ["invalid_data", (bus) => bus.publish("picky")],
    ["invalid_event", (bus) => bus.publish("easy", undefined, { correlationId: "not an id" })],
    ["invalid_option", (bus) => bus.publish("easy", undefined, { strict: 1 } as never)],
    ["headers_too_large", (bus) => bus.publish("easy", undefined, { headers: { long: "x".repeat(9000) } })],
    ["depth_exceeded", (bus) => bus.publish({ name: "easy", data: {}, depth: 65 })],
    ["bus_closed", (bus) => bus.close().then(() => bus.publish("easy"))],
  ])("is ERROR with error.type %s when refused for that", async (type, refuse) => {
    using sdk = recordSdk();
    const bus = catalogBus();

    const error = await refuse(bus).catch((refusal: unknown) => refusal);

    const [span, ...others] = sdk.spans();
    expect((error as BusError).code.toLowerCase()).toBe(type);
    expect(others).toEqual([]);
    expect(span?.status.code).toBe("ERROR");
    expect(span?.attributes["error.type"]).toBe(type);
    expect(span?.events.map((event) => event.name)).toEqual(["exception"]);
  });
});

describe("error.type", () => {
  it.each<readonly [type: string, thrown: () => unknown]>([
    ["PaymentError", () => new PaymentError("x")],
    ["TypeError", () => new TypeError("x")],
    ["Error", () => new Error("x")],
    ["AbortError", () => new DOMException("x", "AbortError")],
    ["NamedError", () => Object.assign(new Error("x"), { name: "NamedError" })],
    ["Error", () => Object.assign(new Error("x"), { name: "order 4711 failed" })],
    ["aborted", () => new BusError("ABORTED", "x")],
    ["non_error_thrown", () => "text"],
    ["non_error_thrown", () => undefined],
    ["non_error_thrown", () => new Proxy(new Error("x"), { get: refuse })],
  ])("is %s, the same on span, metric, dead letter and log", async (type, thrown) => {
    using sdk = recordSdk();
    const logger = createRecordingLogger();
    const bus = testBus({ logger });
    bus.subscribe("a", () => {
      throw thrown();
    });

    await bus.publish("a");

    const metrics = await sdk.metrics();
    const types = ["messaging.client.consumed.messages", "messaging.process.duration"].map((name) => {
      return metrics.find((metric) => metric.name === name)?.points.map((point) => point.attributes["error.type"]);
    });
    expect(sdk.named("process a")[0]?.attributes["error.type"]).toBe(type);
    expect(types).toEqual([[undefined, type], [type]]);
    expect(bus.deadLetters.list()[0]?.errors[0]?.type).toBe(type);
    expect(logger.lines().map((line) => line.fields.error_type)).toEqual([type]);
  });

  it("is the class's name for the first 50 classes, then _OTHER; codes of the bus do not count", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    bus.subscribe("a", (event) => {
      const name = `Failure${event.data}`;
      throw Object.assign(new Error("x"), { name });
    });
    bus.subscribe("b", () => {
      throw new BusError("ABORTED", "x");
    });

    await bus.publish("b");
    for (let i = 1; i <= 52; i++) await bus.publish("a", i);
    await bus.publish("a", 1);

    const types = sdk.named("process a").map((span) => span.attributes["error.type"]);
    expect(types[49]).toBe("Failure50");
    expect(types.slice(50)).toEqual(["_OTHER", "_OTHER", "Failure1"]);
  });
});

describe("an exception", () => {
  it("is recorded with its type, message and stack, on the span of the attempt that threw", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    bus.subscribe("a", failingTimes(1), { name: "bad" });
    bus.subscribe("a", () => undefined, { name: "good" });

    await bus.publish("a");

    const [bad, ...others] = sdk.spans();
    expect(bad?.events).toEqual([
      {
        name: "exception",
        attributes: {
          "exception.type": "PaymentError",
          "exception.message": "no credit",
          "exception.stacktrace": expect.stringContaining("span-failures.test.ts"),
        },
      },
    ]);
    expect(exceptions(others)).toEqual([]);
  });

  it("is recorded once when a handler rethrows what a nested delivery threw", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    bus.subscribe("a", rethrowFrom("b"));
    bus.subscribe("b", rethrowFrom("c"));
    bus.subscribe("c", failingTimes(1));

    await bus.publish("a");

    expect(exceptions(sdk.spans())).toEqual(["PaymentError: no credit"]);
    expect(exceptions(sdk.named("process c"))).toHaveLength(1);
    expect(sdk.spans().filter((span) => span.status.code === "ERROR")).toHaveLength(3);
  });

  it("is recorded once when a handler lets the error of a nested strict publish pass", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    bus.subscribe("a", (_event, ctx) => ctx.publish("b", undefined, { strict: true }));
    bus.subscribe("b", failingTimes(1));

    await bus.publish("a");

    const text = 'publishing "b": 1 of 1 deliveries failed: "b"';
    expect(exceptions(sdk.spans())).toEqual(["PaymentError: no credit", `DeliveryError: ${text}`]);
  });

  it("is recorded once when a handler lets the refusal of a nested publish pass", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    bus.subscribe("a", (_event, ctx) => ctx.publish("not a name"));

    await bus.publish("a");

    expect(exceptions(sdk.spans())).toHaveLength(1);
    expect(sdk.spans().map((span) => [span.name, span.status.code])).toEqual([
      ["publish _other", "ERROR"],
      ["publish a", "UNSET"],
      ["process a", "ERROR"],
    ]);
  });

  it("is recorded by the handler that rethrows it where the nested delivery made no spans", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    bus.subscribe("a", rethrowFrom("b"));
    bus.subscribe("b", failingTimes(1), { spans: "off" });

    await bus.publish("a");

    expect(exceptions(sdk.named("process a"))).toEqual(["PaymentError: no credit"]);
  });

  it("is recorded each time when one error object is thrown for unrelated events", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    const singleton = new PaymentError("no credit");
    bus.subscribe("a", () => {
      throw singleton;
    });

    await bus.publish("a");
    await bus.publish("a");

    expect(exceptions(sdk.spans())).toHaveLength(2);
  });

  it("is recorded for each subscription when one error object is thrown by several", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    const singleton = new PaymentError("no credit");
    const fail = (): never => {
      throw singleton;
    };
    bus.subscribe("a", fail, { name: "one" });
    bus.subscribe("a", fail, { name: "two" });

    await bus.publish("a");

    expect(exceptions(sdk.spans())).toHaveLength(2);
  });

  it("is recorded for each attempt when one error object is thrown by all of them", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    const singleton = new PaymentError("no credit");
    const fail = (): never => {
      throw singleton;
    };
    bus.subscribe("a", fail, { retry: { maxAttempts: 3, backoff: { initialMs: 0 } } });

    await bus.publish("a");

    expect(sdk.named("process a").map((span) => exceptions([span]).length)).toEqual([1, 1, 1]);
  });

  it("of something that is not an Error is described, with the original as the cause", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    bus.subscribe("a", () => {
      throw { toString: refuse };
    });

    const { deliveries } = await bus.publish("a");

    expect(exceptions(sdk.spans())).toEqual(["BusError: the handler threw an object instead of a readable Error"]);
    expect(deliveries[0]?.error).toMatchObject({ code: "NON_ERROR_THROWN" });
  });

  it("of a strict publish is on the publish span too, as the DeliveryError that the publisher gets", async () => {
    using sdk = recordSdk();
    const bus = testBus();
    bus.subscribe("a", failingTimes(1), { name: "billing" });

    const error = await bus.publish("a", undefined, { strict: true }).catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(DeliveryError);
    expect(exceptions(sdk.named("publish a"))).toEqual([`DeliveryError: ${(error as Error).message}`]);
  });
});

describe("the detail of errors", () => {
  const secret = "no credit for card 4111";

  it('"full" writes message and stack', async () => {
    using sdk = recordSdk();

    const written = await failWith({ errors: "full" }, secret);

    const [span] = sdk.named("process a");
    expect(span?.status.message).toBe(secret);
    expect(exceptionAttributes(span)).toEqual(["exception.type", "exception.message", "exception.stacktrace"]);
    expect(written.deadLetter?.errors[0]).toMatchObject({ message: secret, stack: expect.stringContaining(secret) });
    expect(written.logs).toContain(secret);
  });

  it('"message" writes no stack', async () => {
    using sdk = recordSdk();

    const written = await failWith({ errors: "message" }, secret);

    const [span] = sdk.named("process a");
    expect(span?.status.message).toBe(secret);
    expect(exceptionAttributes(span)).toEqual(["exception.type", "exception.message"]);
    expect(written.deadLetter?.errors[0]).toMatchObject({ message: secret, stack: undefined });
  });

  it('"type" writes neither, anywhere', async () => {
    using sdk = recordSdk();

    const written = await failWith({ errors: "type" }, secret);

    const [span] = sdk.named("process a");
    expect(span?.status).toEqual({ code: "ERROR", message: undefined });
    expect(exceptionAttributes(span)).toEqual(["exception.type"]);
    expect(written.deadLetter?.errors[0]).toMatchObject({ type: "PaymentError", message: undefined, stack: undefined });
    expect(written.logs).not.toContain("4111");
    expect(JSON.stringify(sdk.spans(), withoutBigInts)).not.toContain("4111");
  });

  it("goes through the redactor once, for span, log and dead letter alike", async () => {
    using sdk = recordSdk();
    const redact = (text: string): string => text.replaceAll("4111", "****");

    const written = await failWith({ redact }, secret);

    const [span] = sdk.named("process a");
    expect(span?.status.message).toBe("no credit for card ****");
    expect(span?.events[0]?.attributes["exception.stacktrace"]).toContain("no credit for card ****");
    expect(written.deadLetter?.errors[0]).toMatchObject({ message: "no credit for card ****" });
    expect(written.logs).toContain("no credit for card ****");
    expect(`${written.logs}${JSON.stringify(sdk.spans(), withoutBigInts)}`).not.toContain("4111");
  });

  it("asks the redactor once for each text", async () => {
    using _sdk = recordSdk();
    const texts: string[] = [];

    await failWith({ redact: (text: string) => `${texts.push(text)}` }, secret);

    expect(texts).toEqual([secret, expect.stringContaining("\n    at ")]);
  });

  it("holds for refusals and strict publishes too", async () => {
    using sdk = recordSdk();
    const logger = createRecordingLogger();
    const bus = testBus({ errors: "type", logger });
    bus.subscribe("a", failingTimes(1), { name: "bill-4111" });

    await bus.publish("canary 4111").catch(() => undefined);
    await bus.publish("a", undefined, { strict: true }).catch(() => undefined);

    const events = sdk.spans().map((span) => [span.events, span.status]);
    expect(JSON.stringify(events)).not.toContain("4111");
    expect(
      logger
        .lines()
        .map((line) => line.message)
        .join(),
    ).not.toContain("canary");
  });

  it.each<readonly [part: string, break_: (setup: Setup) => void]>([
    [
      "an attribute extractor",
      (setup) => {
        setup.events = defineEvents({ a: { attributes: { x: throwSecret } } }) as DefaultCatalog;
      },
    ],
    [
      "an id generator",
      (setup) => {
        setup.generateId = throwSecret;
      },
    ],
    [
      "a clock",
      (setup) => {
        setup.now = throwSecret;
      },
    ],
    [
      "a classifier",
      (setup) => {
        setup.classify = throwSecret;
      },
    ],
    [
      "an error handler",
      (setup) => {
        setup.onError = throwSecret;
      },
    ],
  ])('"type" holds for what %s throws', async (_part, sabotage) => {
    using _sdk = recordSdk();
    const logger = createRecordingLogger();
    const setup: Setup = {};
    sabotage(setup);
    const { classify, onError = () => undefined, ...options } = setup;
    const bus = testBus({ errors: "type", logger, ...options });
    bus.onError(onError);
    bus.subscribe("a", (event) => failingTimes(event.timestamp)(), { classify });

    await bus.publish("a", { card: "4111" });

    const tripped = logger.lines().filter((line) => line.fields.event === "spanbus.telemetry.guard_tripped");
    expect(tripped).toHaveLength(1);
    expect(JSON.stringify(tripped)).not.toContain("4111");
  });

  it("cuts long texts short", async () => {
    using sdk = recordSdk();

    await failWith({}, "x".repeat(1_000_000));

    expect(sdk.named("process a")[0]?.status.message?.length).toBeLessThan(20_000);
  });
});

interface Setup {
  events?: DefaultCatalog;
  generateId?: () => string;
  now?: () => number;
  classify?: () => ErrorClass;
  onError?: () => void;
}

function failingTimes(times: number): () => void {
  let calls = 0;
  return () => {
    if (++calls <= times) throw new PaymentError("no credit");
  };
}

function rethrowFrom(name: string) {
  return async (
    _event: unknown,
    ctx: { publish(name: string): Promise<{ deliveries: readonly { error?: unknown }[] }> },
  ) => {
    const { deliveries } = await ctx.publish(name);
    throw deliveries[0]?.error;
  };
}

function refuse(): never {
  throw new Error("hands off");
}

function throwSecret(): never {
  throw new Error("card 4111");
}

/** Type and message of every exception recorded as a span event. */
function exceptions(spans: readonly (RecordedSpan | undefined)[]): string[] {
  return spans
    .flatMap((span) => span?.events ?? [])
    .filter((event) => event.name === "exception")
    .map(({ attributes }) => `${attributes["exception.type"]}: ${attributes["exception.message"]}`);
}

function exceptionAttributes(span: RecordedSpan | undefined): string[] {
  return Object.keys(span?.events.find((event) => event.name === "exception")?.attributes ?? {});
}

interface Written {
  readonly deadLetter: DeadLetter | undefined;
  readonly logs: string;
}

async function failWith(options: object, message: string): Promise<Written> {
  const logger = createRecordingLogger();
  const bus = testBus({ ...options, logger });
  bus.subscribe("a", () => {
    throw new PaymentError(message);
  });
  await bus.publish("a");
  return { deadLetter: bus.deadLetters.list()[0], logs: JSON.stringify(logger.lines()) };
}

function catalogBus(): EventBus {
  const validate = () => ({ issues: [{ message: "no" }] });
  const schema = { "~standard": { version: 1, vendor: "test", validate } } as const;
  return testBus({ events: defineEvents({ easy: {}, picky: { schema } }) as DefaultCatalog });
}

function withoutBigInts(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? undefined : value;
}
