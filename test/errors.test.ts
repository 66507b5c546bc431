import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ERROR_CODES } from "../src/error-codes.ts";
import { BusError, DeliveryError, describeValue, errorTypeOfCode, ValidationError } from "../src/errors.ts";
import type { PublishResult } from "../src/outcome.ts";
import { ROOT } from "./support/root.ts";

const CODES = Object.keys(ERROR_CODES) as (keyof typeof ERROR_CODES)[];

/** The source of src, instrumentation and dashboards, but for the table of codes. */
function readSource(): string {
  return ["src", "instrumentation", "dashboards"]
    .flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }).map((path) => join(folder, path)),
    )
    .filter((path) => path.endsWith(".ts") && !path.endsWith("error-codes.ts"))
    .map((path) => readFileSync(join(ROOT, path), "utf8"))
    .join("\n");
}

const RESULT: PublishResult = {
  id: "e-1",
  correlationId: "c-1",
  traceId: undefined,
  deliveries: [],
  isCancelled: false,
};

describe("the table of error codes", () => {
  const source = readSource();

  it.each(CODES)("holds %s, which is thrown somewhere", (code) => {
    expect(source).toContain(`"${code}"`);
  });

  it("holds every code that is thrown", () => {
    const thrown = [...source.matchAll(/new BusError\(\s*"(\w+)"/g)].map(([, code]) => code);

    expect(thrown.length).toBeGreaterThan(10);
    expect(thrown.filter((code) => !CODES.includes(code as never))).toEqual([]);
  });

  it.each(CODES)("tells for %s what it means and what to do", (code) => {
    const { meaning, remedy } = ERROR_CODES[code];

    expect(meaning.length).toBeGreaterThan(10);
    expect(remedy.length).toBeGreaterThan(5);
  });
});

describe("BusError", () => {
  it("carries code, message and cause", () => {
    const cause = new Error("why");

    const error = new BusError("BUS_CLOSED", "the bus is closed", { cause });

    expect(error).toMatchObject({ name: "BusError", code: "BUS_CLOSED", message: "the bus is closed", cause });
    expect(error).toBeInstanceOf(Error);
  });

  it("begins its stack with its name", () => {
    expect(new BusError("BUS_CLOSED", "closed").stack).toMatch(/^BusError: closed/);
  });

  it.each([
    ["ValidationError", new ValidationError("x", [{ message: "m", path: "p" }]), "INVALID_DATA"],
    ["DeliveryError", new DeliveryError("x", [new Error("first")], RESULT), "DELIVERY_FAILED"],
  ])("has the subclass %s", (name, error, code) => {
    expect(error).toBeInstanceOf(BusError);
    expect(error).toMatchObject({ name, code });
  });

  it("has the first failure as the cause of a DeliveryError", () => {
    const first = new Error("first");

    expect(new DeliveryError("x", [first, new Error("second")], RESULT).cause).toBe(first);
  });

  it("becomes its error type in lower snake case", () => {
    expect(errorTypeOfCode("DEAD_LETTER_NOT_FOUND")).toBe("dead_letter_not_found");
  });
});

describe("describeValue", () => {
  it.each<readonly [value: unknown, text: string]>([
    ["a\nb", '"a\\nb"'],
    ["a\u2028b\u2029", '"a\\u{2028}b\\u{2029}"'],
    ["\u009b31m\u007f", '"\\u{9b}31m\\u{7f}"'],
    ["\u202e\u{e0001}", '"\\u{202e}\\u{e0001}"'],
    [Symbol("a\nb"), "Symbol(a\\u{a}b)"],
    [7, "7"],
    [-0, "0"],
    [10n, "10n"],
    [undefined, "undefined"],
    [null, "null"],
    [true, "true"],
    [Symbol("s"), "Symbol(s)"],
    [{}, "an object"],
    [[1, 2], "an array of 2"],
    [function named() {}, 'function "named"'],
  ])("writes %s as %s", (value, text) => {
    expect(describeValue(value)).toBe(text);
  });

  it("writes something for what cannot be read", () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();

    expect(describeValue(proxy)).toBe("a value that cannot be read");
  });

  it("cuts what is long", () => {
    expect(describeValue("x".repeat(1000))).toHaveLength(80);
  });

  it("cuts no character in two that a line of log must then carry", () => {
    expect(describeValue("😀".repeat(1000))).toMatch(/^"(😀)+(\\u\{d83d\})?…$/u);
  });

  it("shows nothing of what an object holds", () => {
    expect(describeValue({ secret: "s3cr3t", toString: () => "s3cr3t" })).toBe("an object");
  });
});
