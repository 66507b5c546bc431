import { describe, expect, it } from "vitest";
import { isFirstSighting } from "../../src/delivery/exception-once.ts";
import { createEvent } from "../../src/event/event.ts";

const outer = createEvent({ name: "outer", source: "test", id: "outer-1" });
const inner = createEvent({ name: "inner", source: "test", id: "inner-1", causationId: "outer-1" });

describe("isFirstSighting", () => {
  it("is true for a new error", () => {
    expect(isFirstSighting(new Error("x"), inner)).toBe(true);
  });

  it("is false for the error that a nested delivery recorded, on its way up", () => {
    const error = new Error("x");
    isFirstSighting(error, inner);

    expect(isFirstSighting(error, outer)).toBe(false);
  });

  it("is true for the same error object that is thrown elsewhere", () => {
    const shared = new Error("x");
    isFirstSighting(shared, inner);

    expect(isFirstSighting(shared, createEvent({ name: "other", source: "test", id: "other-1" }))).toBe(true);
  });

  it("is true for the same error object that the next attempt throws", () => {
    const shared = new Error("x");
    isFirstSighting(shared, inner);

    expect(isFirstSighting(shared, inner)).toBe(true);
  });

  it("knows frozen errors again", () => {
    const error = Object.freeze(new Error("x"));
    isFirstSighting(error, inner);

    expect(isFirstSighting(error, outer)).toBe(false);
  });

  it.each([undefined, null, "boom", 7])("is true for %j, which cannot be known again", (thrown) => {
    isFirstSighting(thrown, inner);

    expect(isFirstSighting(thrown, outer)).toBe(true);
  });
});
