import * as api from "@opentelemetry/api";
import { pino } from "pino";
import { afterEach, describe, expect, it } from "vitest";
import { createLogger, startTelemetry } from "../../instrumentation/index.ts";
import { EventBus } from "../../src/index.ts";
import { startOtlpReceiver } from "../support/otlp-receiver.ts";

type Line = Record<string, unknown>;

const lines: Line[] = [];
const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };

afterEach(() => {
  lines.length = 0;
});

const throwing = (): never => {
  throw new Error("hostile");
};

describe("createLogger", () => {
  it("adds the contract's fields to each line written while an event is handled", async () => {
    const logger = createLogger({}, destination);
    await using telemetry = startTelemetry({ spanExporter: inMemory(), metrics: false });
    await using bus = new EventBus({ source: "shop", logger });
    let causeId: string | undefined;
    bus.subscribe("order.placed", (event, ctx) => {
      causeId = event.id;
      return ctx.publish("invoice.created", {});
    });
    bus.subscribe("invoice.*", () => logger.info({ orderId: "o-1" }, "charging"), { name: "billing" });

    const { correlationId } = await bus.publish("order.placed", {});
    logger.info("outside");
    await telemetry.shutdown();

    const [inside, outside] = lines;
    expect(inside).toMatchObject({
      level: 30,
      msg: "charging",
      orderId: "o-1",
      trace_id: correlationId,
      span_id: expect.stringMatching(/^[0-9a-f]{16}$/),
      trace_flags: "01",
      correlation_id: correlationId,
      causation_id: causeId,
      event_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      event_name: "invoice.created",
      subscription: "billing",
    });
    expect(Object.keys(outside ?? {}).sort()).toEqual(["hostname", "level", "msg", "pid", "time"]);
  });

  it("adds the fields without an SDK too, but for those of a trace", async () => {
    const logger = createLogger({}, destination);
    await using bus = new EventBus({ source: "shop", logger });
    bus.subscribe("order.placed", async () => {
      await Promise.resolve();
      logger.info("charging");
    });

    const { correlationId } = await bus.publish("order.placed", {});

    expect(lines[0]).toMatchObject({ msg: "charging", correlation_id: correlationId, event_name: "order.placed" });
    expect(lines[0]).not.toHaveProperty("trace_id");
  });

  it("keeps pino's own options: level, mixin, redaction, serializers, children", () => {
    const logger = createLogger(
      {
        level: "debug",
        base: null,
        mixin: () => ({ mixed: "in" }),
        redact: ["password"],
        serializers: { user: (user: { id: string }) => user.id },
        hooks: {
          logMethod(args, method) {
            method.apply(this, args);
          },
        },
      },
      destination,
    );

    logger.trace("too low");
    logger.child({ module: "m" }).debug({ password: "p", user: { id: "u-1", name: "n" } }, "hello %s", "you");

    expect(lines).toEqual([
      {
        level: 20,
        time: expect.any(Number),
        module: "m",
        mixed: "in",
        password: "[Redacted]",
        user: "u-1",
        msg: "hello you",
      },
    ]);
  });

  it("lets the fields of a line win over those of the event", async () => {
    const logger = createLogger({}, destination);
    await using bus = new EventBus({ source: "shop", logger });
    bus.subscribe("order.placed", () => logger.info({ event_name: "mine" }, "charging"));

    await bus.publish("order.placed", {});

    expect(lines[0]).toMatchObject({ event_name: "mine" });
  });

  it("writes an error with type, message, stack, code and causes", () => {
    const logger = createLogger({}, destination);
    const error = new TypeError("bad", { cause: Object.assign(new Error("root"), { code: "ECONNRESET" }) });

    logger.error(error);
    logger.error({ err: error }, "failed");

    const written = {
      type: "TypeError",
      message: "bad",
      stack: expect.stringContaining("TypeError: bad"),
      cause: { type: "Error", message: "root", stack: expect.any(String), code: "ECONNRESET" },
    };
    expect(lines[0]).toMatchObject({ level: 50, msg: "bad", err: written });
    expect(lines[1]).toMatchObject({ level: 50, msg: "failed", err: written });
  });

  it.each<[string, unknown]>([
    ["a frozen error", Object.freeze(new Error("frozen"))],
    ["an error in fields, frozen", { err: Object.freeze(new Error("frozen")) }],
    ["an error whose message throws", Object.defineProperty(new Error("x"), "message", { get: throwing })],
    ["an error that causes itself", Object.assign(new Error("x"), { cause: null, self: 1n })],
    [
      "fields with a getter that throws",
      Object.defineProperty({ kept: 1 }, "broken", { get: throwing, enumerable: true }),
    ],
    ["fields with a toJSON that throws", { kept: 1, broken: { toJSON: throwing } }],
    ["a BigInt", { kept: 1, big: 1n }],
    ["a symbol", { kept: 1, symbol: Symbol("s") }],
    ["a Proxy that refuses everything", new Proxy({}, { get: throwing, ownKeys: throwing, has: throwing })],
    ["a Proxy as the error", { err: new Proxy(new Error("x"), { get: throwing, getPrototypeOf: throwing }) }],
    ["a revoked Proxy", revoked()],
    ["undefined", undefined],
    ["null", null],
    ["a function", throwing],
  ])("never throws, and writes a line all the same: %s", (_, value) => {
    const logger = createLogger({}, destination);

    logger.error(value as object, "the message");

    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ level: 50 });
  });

  it("keeps of hostile fields what can be read", () => {
    const logger = createLogger({}, destination);
    const hostile = { kept: 1, date: new Date(0), big: 1n, broken: { toJSON: throwing }, failed: new Error("inner") };

    logger.error(Object.defineProperty(hostile, "getter", { get: throwing, enumerable: true }), "the message");

    expect(lines[0]).toMatchObject({
      msg: "the message",
      kept: 1,
      date: "1970-01-01T00:00:00.000Z",
      big: "[unreadable]",
      broken: "[unreadable]",
      getter: "[unreadable]",
      failed: { type: "Error", message: "inner" },
    });
  });

  it("survives circular causes", () => {
    const logger = createLogger({}, destination);
    const error = new Error("round");
    error.cause = error;

    logger.error(error, "and round");

    expect(lines[0]).toMatchObject({ msg: "and round", err: { message: "round" } });
  });

  it("does not throw when its destination does", () => {
    const logger = createLogger({}, { write: throwing });

    const log = () => logger.info("lost");

    expect(log).not.toThrow();
  });

  it("gives pino all of the destination it is given", () => {
    const levels: unknown[] = [];
    const multi = pino.multistream([
      { level: "info", stream: { write: () => void levels.push("info") } },
      { level: "error", stream: { write: () => void levels.push("error") } },
    ]);

    const logger = createLogger({}, multi);
    logger.info("one");
    logger.error("two");

    expect(levels).toEqual(["info", "info", "error"]);
  });
});

describe("createLogger with trace links", () => {
  const JAEGER = "https://jaeger.example/ui/";

  it("adds to each line of a sampled trace the page that shows it", async () => {
    const logger = createLogger({ traceLinks: { jaeger: JAEGER } }, destination);
    await using telemetry = startTelemetry({ spanExporter: inMemory(), metrics: false });
    await using bus = new EventBus({ source: "shop", logger });
    bus.subscribe("order.placed", async (_, ctx) => {
      logger.info("the application's own");
      await Promise.resolve();
      ctx.log.child?.({ step: 2 }).info("the handler's");
    });

    const { traceId } = await bus.publish("order.placed", {}, { correlationId: "order-1" });
    logger.info("outside");
    await telemetry.shutdown();

    const url = `https://jaeger.example/ui/trace/${traceId}`;
    expect(lines.map(({ msg, trace_id, trace_url }) => ({ msg, trace_id, trace_url }))).toEqual([
      { msg: "the application's own", trace_id: traceId, trace_url: url },
      { msg: "the handler's", trace_id: traceId, trace_url: url },
      { msg: "outside", trace_id: undefined, trace_url: undefined },
    ]);
  });

  it("links the trace that the line names, whatever is active when it is written", async () => {
    const logger = createLogger({ traceLinks: { jaeger: JAEGER } }, destination);
    await using telemetry = startTelemetry({ spanExporter: inMemory(), metrics: false });
    await using bus = new EventBus({ source: "shop", logger });
    bus.subscribe("order.placed", (_, ctx) => {
      api.trace.getTracer("other").startActiveSpan("another trace", { root: true }, (span) => {
        ctx.log.info("of the handler");
        span.end();
      });
    });

    const { traceId } = await bus.publish("order.placed", {});
    await telemetry.shutdown();

    expect(lines[0]).toMatchObject({ trace_id: traceId, trace_url: `https://jaeger.example/ui/trace/${traceId}` });
  });

  it("links the trace of a failure in the bus's own line about it", async () => {
    const logger = createLogger({ traceLinks: { jaeger: JAEGER } }, destination);
    await using telemetry = startTelemetry({ spanExporter: inMemory(), metrics: false });
    await using bus = new EventBus({ source: "shop", logger });
    bus.subscribe("order.placed", async () => {
      await Promise.resolve();
      throw new Error("no stock");
    });

    const { traceId } = await bus.publish("order.placed", {});
    await telemetry.shutdown();

    const line = lines.find(({ event }) => event === "spanbus.event.dead_lettered");
    expect(line).toMatchObject({ trace_id: traceId, trace_url: `https://jaeger.example/ui/trace/${traceId}` });
  });

  it.each([
    [Object.defineProperty({}, "trace_id", { get: throwing })],
    [{ trace_id: "../search", trace_flags: "01" }],
    [{ trace_id: "", trace_flags: 1 }],
  ])("writes a line that names a trace by something else without a link: %j", (fields) => {
    const logger = createLogger({ traceLinks: { jaeger: JAEGER } }, destination);

    logger.info(fields, "the message");

    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toHaveProperty("trace_url");
  });

  it("links nothing that Jaeger will never have: no link without a trace, nor for one that is not sampled", async () => {
    const logger = createLogger({ traceLinks: { jaeger: JAEGER } }, destination);
    await using bus = new EventBus({ source: "shop", logger });
    bus.subscribe("order.placed", () => logger.info("a line"));
    await bus.publish("order.placed", {});
    await using telemetry = startTelemetry({ spanExporter: inMemory(), metrics: false, sampleRatio: 0 });

    await bus.publish("order.placed", {});
    await telemetry.shutdown();

    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatchObject({ trace_flags: "00" });
    expect(lines.filter((line) => "trace_url" in line)).toEqual([]);
  });

  it.each([[{}], [{ jaeger: "jaeger:16686" }], [{ jaeger: "http://localhost", tempo: "" }], [true]])(
    "refuses %j as traceLinks",
    (traceLinks) => {
      const create = () => createLogger({ traceLinks: traceLinks as { jaeger: string } }, destination);

      expect(create).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
    },
  );
});

describe("createLogger with OTLP logs", () => {
  it("sends each line as a log record of its span, while telemetry runs with logs on", async () => {
    await using receiver = await startOtlpReceiver();
    const logger = createLogger({ redact: ["password"] }, destination);
    logger.info("before");
    const telemetry = startTelemetry({ endpoint: receiver.url, logs: true });
    const span = api.trace.getTracer("test").startSpan("a span");

    api.context.with(api.trace.setSpan(api.ROOT_CONTEXT, span), () => {
      logger.warn({ orderId: "o-1", password: "p", nested: { list: [1, "a"] } }, "slow");
      logger.error(new RangeError("bad"));
    });
    span.end();
    const report = await telemetry.shutdown();
    logger.info("after");

    expect(report).toMatchObject({ ok: true, logs: "delivered" });
    expect(telemetry.stats().logs).toEqual({ exported: 2, dropped: 0, failed: 0, queued: 0 });
    const { traceId, spanId } = span.spanContext();
    expect(receiver.logs()).toMatchObject([
      {
        body: "slow",
        severity: "WARN",
        severityNumber: 13,
        traceId,
        spanId,
        scope: { name: "spanbus" },
        attributes: { orderId: "o-1", password: "[Redacted]", nested: { list: [1, "a"] } },
      },
      {
        body: "bad",
        severity: "ERROR",
        severityNumber: 17,
        traceId,
        attributes: { "exception.type": "RangeError", "exception.message": "bad" },
      },
    ]);
    expect(Object.keys(receiver.logs()[0]?.attributes ?? {}).sort()).toEqual(["nested", "orderId", "password"]);
    expect(lines.map(({ msg }) => msg)).toEqual(["before", "slow", "bad", "after"]);
  });

  it("reports what could not be delivered", async () => {
    await using receiver = await startOtlpReceiver({ behaviour: "500" });
    const problems: string[] = [];
    const note = (first: object | string) => void problems.push(String(first));
    const telemetry = startTelemetry({
      endpoint: receiver.url,
      logs: true,
      queueSize: 5,
      logger: { debug: note, info: note, warn: note, error: note },
    });

    for (let i = 0; i < 7; i++) api.logs.getLogger("test").emit({ body: `record ${i}` });
    const report = await telemetry.shutdown();

    expect(report).toMatchObject({
      ok: false,
      logs: "failed",
      errors: expect.arrayContaining(["logs: HTTP 500 Internal Server Error"]),
    });
    expect(telemetry.stats().logs).toEqual({ exported: 0, dropped: 2, failed: 5, queued: 0 });
    expect(problems.join()).toContain("log records are being dropped");
  });

  it("copes with levels and formats of one's own", async () => {
    await using receiver = await startOtlpReceiver();
    const written: string[] = [];
    const telemetry = startTelemetry({ endpoint: receiver.url, logs: true });
    const logger = createLogger(
      {
        customLevels: { notice: 35 },
        messageKey: "message",
        errorKey: "error",
        formatters: { level: (label) => ({ level: label }) },
        timestamp: pino.stdTimeFunctions.isoTime,
      },
      { write: (line) => void written.push(line) },
    ) as ReturnType<typeof createLogger> & { notice: (...args: unknown[]) => void };

    logger.notice({ error: new Error("e") }, "noticed");
    logger.fatal("the end");
    await telemetry.shutdown();

    expect(receiver.logs()).toMatchObject([
      { body: "noticed", severity: "NOTICE", severityNumber: 9, attributes: { "exception.message": "e" } },
      { body: "the end", severity: "FATAL", severityNumber: 21 },
    ]);
    expect(written).toHaveLength(2);
  });
});

function inMemory() {
  return {
    export: (_: unknown, done: (result: { code: number }) => void) => done({ code: 0 }),
    shutdown: async () => undefined,
  };
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}
