import { describe, expect, it } from "vitest";
import { createRecordingLogger } from "./recording-logger.ts";

describe("createRecordingLogger", () => {
  it("keeps level, message and fields of every call shape of pino", () => {
    const logger = createRecordingLogger();
    const error = new TypeError("no money");

    logger.info("plain");
    logger.warn({ code: 7 }, "with fields");
    logger.error(error);
    logger.error({ err: error }, "charging %s failed", "o-1");
    logger.debug("took %d ms", 12);

    expect(logger.lines()).toEqual([
      { level: "info", message: "plain", fields: {} },
      { level: "warn", message: "with fields", fields: { code: 7 } },
      { level: "error", message: "no money", fields: { err: error } },
      { level: "error", message: "charging o-1 failed", fields: { err: error } },
      { level: "debug", message: "took 12 ms", fields: {} },
    ]);
  });

  it("adds a child's bindings, and its lines to the parent's record", () => {
    const logger = createRecordingLogger();
    const { info } = logger.child({ trace_id: "t", event_id: "e" }).child({ event_id: "f" });

    info({ step: 1 }, "in a handler");

    expect(logger.lines()).toEqual([
      { level: "info", message: "in a handler", fields: { trace_id: "t", event_id: "f", step: 1 } },
    ]);
  });

  it("drops lines below its level", () => {
    const logger = createRecordingLogger({ level: "warn" });

    logger.info("dropped");
    logger.child({}).debug("dropped");
    logger.fatal("kept");
    logger.level = "info";
    logger.info("kept too");

    expect(logger.lines().map((line) => line.message)).toEqual(["kept", "kept too"]);
    expect([logger.isLevelEnabled("debug"), logger.isLevelEnabled("error")]).toEqual([false, true]);
  });

  it("copies fields when they are logged, and hands out a copy of its lines", () => {
    const logger = createRecordingLogger();
    const fields = { attempt: 1 };
    logger.info(fields, "first");
    const before = logger.lines();

    fields.attempt = 2;
    logger.clear();

    expect(before).toEqual([{ level: "info", message: "first", fields: { attempt: 1 } }]);
    expect(logger.lines()).toEqual([]);
  });
});
