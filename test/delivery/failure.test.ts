import { createContext, runInContext } from "node:vm";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FailureReader } from "../../src/delivery/failure.ts";
import { BusError, ValidationError } from "../../src/errors.ts";
import { telemetryCells } from "../../src/telemetry/cells.ts";
import { Guard } from "../../src/telemetry/guard.ts";
import { createRecordingLogger } from "../support/recording-logger.ts";

function createReader(detail: "type" | "message" | "full" = "full", redact?: (text: string) => string): FailureReader {
  return new FailureReader(new Guard(createRecordingLogger()), detail, redact);
}

class PaymentError extends Error {}

function fail(): never {
  throw new TypeError("refused");
}

describe("FailureReader", () => {
  let typesBefore: string[] = [];
  beforeEach(() => {
    typesBefore = [...telemetryCells().errorTypes];
    telemetryCells().errorTypes.clear(); // the budget of 50 is one for the process
  });
  afterEach(() => {
    const { errorTypes } = telemetryCells();
    errorTypes.clear();
    for (const type of typesBefore) errorTypes.add(type);
  });

  it.each([
    ["the class of an Error", new PaymentError("x"), "PaymentError"],
    ["the name an Error was given", Object.assign(new Error("x"), { name: "AbortError" }), "AbortError"],
    ["the name of a DOMException", new DOMException("x", "TimeoutError"), "TimeoutError"],
    ["the class of an error of another realm", runInContext("new RangeError('x')", createContext({})), "RangeError"],
    ["Error where the name is no identifier", Object.assign(new Error("x"), { name: "not a name" }), "Error"],
    ["the code of a BusError", new BusError("BUS_CLOSED", "x"), "bus_closed"],
    ["the code of a subclass", new ValidationError("x", []), "invalid_data"],
    ["that it was no error", "boom", "non_error_thrown"],
  ])("takes as the type %s", (_, thrown, type) => {
    expect(createReader().read(thrown).type).toBe(type);
  });

  it("keeps to the first 50 class names of the process", () => {
    const reader = createReader();
    const named = (name: string): Error => Object.assign(new Error("x"), { name });
    for (let i = 0; i < 50; i++) reader.read(named(`Error${i}`));

    const types = [reader.read(named("OneTooMany")).type, reader.read(named("Error7")).type];

    expect(types).toEqual(["_OTHER", "Error7"]);
  });

  it("counts no BusError against that budget", () => {
    const reader = createReader();

    reader.read(new BusError("TIMEOUT", "x"));

    expect(telemetryCells().errorTypes.size).toBe(0);
  });

  it("takes a type of its own from no BusError with a code of the user's making", () => {
    const thrown = new BusError("user-4711" as never, "x");

    expect(createReader().read(thrown).type).not.toBe("user-4711");
  });

  it("cuts a message that is too long to write", () => {
    const { message } = createReader().read(new Error("x".repeat(100_000)));

    expect(message).toBe(`${"x".repeat(16_384)}…`);
  });

  it("returns the error itself, so that it can be told apart", () => {
    const thrown = Object.freeze(new PaymentError("x"));

    expect(createReader().read(thrown).error).toBe(thrown);
  });

  it.each([
    ["type", undefined, undefined],
    ["message", "x", undefined],
  ] as const)("reads with detail %s no more than asked", (detail, message, stack) => {
    expect(createReader(detail).read(new Error("x"))).toMatchObject({ message, stack });
  });

  describe("the stack", () => {
    const { prepareStackTrace } = Error;
    afterEach(() => {
      Error.prepareStackTrace = prepareStackTrace;
    });

    it("is put into words once, when somebody reads it", () => {
      let formatted = 0;
      Error.prepareStackTrace = (error) => `${error.message}, formatted ${++formatted} times`;
      const failure = createReader().read(new Error("x"));
      const formattedUnread = formatted;

      const stacks = [failure.stack, failure.stack];

      expect(formattedUnread).toBe(0);
      expect(stacks).toEqual(["x, formatted 1 times", "x, formatted 1 times"]);
    });

    it("is redacted once, when somebody reads it", () => {
      const asked: string[] = [];
      const failure = createReader("full", (text) => `${asked.push(text)}`).read(new Error("x"));

      const stacks = [failure.stack, failure.stack];

      expect(asked).toEqual(["x", expect.stringContaining("failure.test.ts")]);
      expect(stacks).toEqual(["2", "2"]);
    });

    it.each([
      ["throws", () => fail()],
      ["makes no text", () => ({ frames: [] })],
    ])("is left out where Error.prepareStackTrace %s", (_, prepare) => {
      Error.prepareStackTrace = prepare;

      const failure = createReader().read(new Error("x"));

      expect(failure).toMatchObject({ type: "Error", message: "x", stack: undefined });
    });

    it("says of a refusal where it came from, and nothing of what was refused", () => {
      const { stack } = createReader().read(new BusError("INVALID_NAME", "cannot publish 4711"));

      expect(stack).toContain("failure.test.ts");
      expect(stack).not.toContain("4711");
    });
  });

  it("asks the redactor for no text it does not write", () => {
    const asked: string[] = [];
    const reader = createReader("message", (text) => {
      asked.push(text);
      return text;
    });

    reader.read(new Error("x"));

    expect(asked).toEqual(["x"]);
  });

  it("makes a text of whatever the redactor returns", () => {
    const { message } = createReader("message", () => 42 as never).read(new Error("x"));

    expect(message).toBe("42");
  });
});
