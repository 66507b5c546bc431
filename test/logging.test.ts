import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EventBus } from "../src/event-bus.ts";
import type { Logger } from "../src/logger.ts";
import { guardedLogger, processWarnings } from "../src/logging.ts";
import { Guard } from "../src/telemetry/guard.ts";
import { createRecordingLogger } from "./support/recording-logger.ts";
import { createBus, settleTurns } from "./support/test-bus.ts";

/** Keeps process warnings from being printed, and collects them. */
function captureWarnings(): Disposable & { readonly warnings: readonly Error[] } {
  const warnings: Error[] = [];
  const record = (warning: Error): void => void warnings.push(warning);
  const others = process.listeners("warning");
  process.removeAllListeners("warning");
  process.on("warning", record);
  const dispose = (): void => {
    process.removeListener("warning", record);
    for (const other of others) process.on("warning", other);
  };
  return { warnings, [Symbol.dispose]: dispose };
}

/** A logger without `child`, and the lines it wrote. */
function createPlainLogger(): { logger: Logger; lines: unknown[][] } {
  const lines: unknown[][] = [];
  const write =
    (level: string) =>
    (...line: unknown[]): void =>
      void lines.push([level, ...line]);
  return {
    logger: { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") },
    lines,
  };
}

let texts = 0;
/** A text that no other test has warned with: each is limited by itself. */
function freshText(): string {
  return `text ${++texts}`;
}

describe("processWarnings", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it.each(["warn", "error"] as const)("turns a line of level %s into a process warning", async (level) => {
    using captured = captureWarnings();
    const text = freshText();

    processWarnings[level]({ any: "field" }, text);
    await settleTurns(1);

    expect(captured.warnings).toMatchObject([{ name: "SpanbusWarning", message: text }]);
  });

  it("names the error it is about", async () => {
    using captured = captureWarnings();
    const text = freshText();

    processWarnings.error({ error_type: "TypeError", error_message: "no money" }, text);
    await settleTurns(1);

    expect(captured.warnings[0]?.message).toBe(`${text} (TypeError: no money)`);
  });

  it("names the error that was logged as pino takes it, under err", async () => {
    using captured = captureWarnings();
    const text = freshText();

    processWarnings.error({ err: new RangeError(`too\nmuch ${"x".repeat(400)}`) }, text);
    await settleTurns(1);

    expect(captured.warnings[0]?.message).toBe(`${text} (RangeError: too much ${"x".repeat(291)})`);
  });

  it("shows what a terminal would obey, and keeps to one line", async () => {
    using captured = captureWarnings();
    const text = freshText();
    const reason = "\u001b[2J\u0007red\u009b31m\u2028a\r\nroot\u202egnol";

    processWarnings.error({ error_type: "Error", error_message: reason }, text);
    await settleTurns(1);

    const shown = "\\u{1b}[2J\\u{7}red\\u{9b}31m a root\\u{202e}gnol";
    expect(captured.warnings[0]?.message).toBe(`${text} (Error: ${shown})`);
  });

  it("takes a line without fields", async () => {
    using captured = captureWarnings();
    const text = freshText();

    processWarnings.warn(text);
    await settleTurns(1);

    expect(captured.warnings[0]?.message).toBe(text);
  });

  it.each(["debug", "info"] as const)("drops lines of level %s", async (level) => {
    using captured = captureWarnings();

    processWarnings[level](freshText());
    await settleTurns(1);

    expect(captured.warnings).toEqual([]);
  });

  it("says the same at most once a minute", async () => {
    using captured = captureWarnings();
    const text = freshText();

    for (let i = 0; i < 5; i++) processWarnings.warn(text);
    vi.advanceTimersByTime(59_000);
    processWarnings.warn(text);
    await settleTurns(1);
    const before = captured.warnings.length;
    vi.advanceTimersByTime(2000);
    processWarnings.warn(text);
    await settleTurns(1);

    expect([before, captured.warnings.length]).toEqual([1, 2]);
  });

  it("limits each text by itself", async () => {
    using captured = captureWarnings();

    for (const text of [freshText(), freshText()]) processWarnings.warn(text);
    await settleTurns(1);

    expect(captured.warnings).toHaveLength(2);
  });

  it("writes for its children too", async () => {
    using captured = captureWarnings();
    const text = freshText();

    processWarnings.child?.({ event_id: "e" }).warn(text);
    await settleTurns(1);

    expect(captured.warnings).toHaveLength(1);
  });
});

describe("a bus without a logger", () => {
  it("lets no failure vanish", async () => {
    using captured = captureWarnings();
    const bus = new EventBus({ source: "test" });
    const name = `event${++texts}`;
    bus.subscribe(
      name,
      () => {
        throw new TypeError("no money");
      },
      { name: "billing" },
    );

    await bus.publish(name);
    await settleTurns(1);

    expect(captured.warnings.map(({ message }) => message)).toEqual([
      `${name} is dead-lettered for "billing" (TypeError: no money)`,
    ]);
  });

  it("says nothing while all is well", async () => {
    using captured = captureWarnings();
    const bus = new EventBus({ source: "test" });
    bus.subscribe("a", (_, { log }) => log.info("fine"));

    await bus.publish("a");
    await settleTurns(1);

    expect(captured.warnings).toEqual([]);
  });
});

describe("ctx.log", () => {
  it("adds its fields to each line of a logger that makes no children", async () => {
    const { logger, lines } = createPlainLogger();
    const { bus } = createBus({ logger });
    bus.subscribe(
      "a",
      (_, { log }) => {
        log.info({ step: 1 }, "with fields");
        log.warn("without");
      },
      { name: "billing" },
    );

    const { id } = await bus.publish("a");

    expect(lines).toEqual([
      ["info", expect.objectContaining({ event_id: id, subscription: "billing", step: 1 }), "with fields"],
      ["warn", expect.objectContaining({ event_id: id, subscription: "billing" }), "without"],
    ]);
  });

  it("makes children of children with the fields of both", async () => {
    const { logger, lines } = createPlainLogger();
    const { bus } = createBus({ logger });
    bus.subscribe("a", (_, { log }) => log.child?.({ step: 1 }).child?.({ part: 2 }).info("deep"));

    const { id } = await bus.publish("a");

    expect(lines).toEqual([["info", expect.objectContaining({ event_id: id, step: 1, part: 2 }), "deep"]]);
  });

  it("may be destructured", async () => {
    const { bus, logger } = createBus();
    bus.subscribe("a", (_, { log: { error } }) => error("detached"));

    await bus.publish("a");

    expect(logger.lines()).toMatchObject([{ level: "error", message: "detached" }]);
  });

  it("is the same logger for the whole attempt", async () => {
    const { bus } = createBus();
    const logs: Logger[] = [];
    bus.subscribe("a", (_, ctx) => void logs.push(ctx.log, ctx.log));

    await bus.publish("a");

    expect(logs[0]).toBe(logs[1]);
  });
});

describe("a logger that throws", () => {
  function fail(): never {
    throw new Error("disk full");
  }

  it.each([
    ["in every method", { debug: fail, info: fail, warn: fail, error: fail, child: fail }],
    ["in child only", { ...createPlainLogger().logger, child: fail }],
    ["in the lines of its children", { ...createPlainLogger().logger, child: () => ({ info: fail }) as never }],
    ["by making children of nothing", { ...createPlainLogger().logger, child: () => null as never }],
  ])("%s changes no result", async (_, logger) => {
    const { bus } = createBus({ logger });
    bus.subscribe("a", (_event, { log }) => log.info({ step: 1 }, "line"), { name: "fine" });
    bus.subscribe("a", fail, { name: "failing" });

    const { deliveries } = await bus.publish("a");

    expect(deliveries.map(({ outcome }) => outcome)).toEqual(["handled", "failed"]);
  });

  it("is counted", () => {
    const parts: string[] = [];
    const guard = new Guard(createRecordingLogger());
    guard.trip = (part) => void parts.push(part);
    const logger = guardedLogger({ debug: fail, info: fail, warn: fail, error: fail }, guard);

    logger.info("line");

    expect(parts).toEqual(["logger"]);
  });
});
