import { describe, expect, it } from "vitest";
import { readsContext } from "../../src/routing/reads-context.ts";

type AnyHandler = (...args: never[]) => unknown;

/** Handlers as their authors write them: the transforms of a test runner must not rewrite their source. */
function handler(source: string): AnyHandler {
  return new Function(`"use strict"; return (${source});`)() as AnyHandler;
}

describe("readsContext", () => {
  it.each([
    "() => {}",
    "event => event",
    "(event) => event",
    "async event => event",
    "async (event) => event",
    "async () => {}",
    "({ data }) => data",
    "({ data, id }) => data",
    "(  événement ,) => événement",
    "($_) => $_",
  ])("is false for an arrow function of at most one parameter: %s", (source) => {
    expect(readsContext(handler(source))).toBe(false);
  });

  it.each([
    "(event, ctx) => ctx",
    "(...args) => args",
    "(event, ...rest) => rest",
    "(event = 1) => event",
    "({ data = 1 }) => data",
    "({ data }, ctx) => ctx",
    "([event]) => event",
    "function (event) { return arguments[1]; }",
    "function () {}",
    "async function (event) {}",
    "class { static on(event) {} }.on",
    "{ on(event) { return arguments[1]; } }.on",
    "((event) => event).bind(null)",
    "new Proxy((event) => event, {})",
  ])("is true for what may look at a second argument: %s", (source) => {
    expect(readsContext(handler(source))).toBe(true);
  });
});
