import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matchesPattern, parsePattern } from "../../src/routing/pattern.ts";
import { Router } from "../../src/routing/router.ts";

/** What the documentation says, as plainly as it can be said; shares no code with the router. */
function means(pattern: string, name: string): boolean {
  return pattern === "*" || tokensMean(pattern.split("."), name.split("."));
}

function tokensMean([head, ...rest]: string[], [token, ...others]: string[]): boolean {
  if (head === undefined || token === undefined) return head === token;
  if (head === "**") return true;
  return (head === "*" || head.startsWith("{") || head === token) && tokensMean(rest, others);
}

/** Few tokens, so that patterns and names often meet; some of them names of object members. */
const token = fc.constantFrom("a", "b", "ab", "A", "__proto__", "constructor");
const special = fc.constantFrom("*", "{x}", "{other}");
const name = fc.array(token, { minLength: 1, maxLength: 6 }).map((tokens) => tokens.join("."));
const pattern = fc
  .tuple(
    fc.array(fc.oneof(token, special), { minLength: 0, maxLength: 6 }),
    fc.constantFrom(["**"], ["*"], [] as string[], [] as string[]),
  )
  .map(([tokens, end]) => [...tokens, ...end].join("."))
  .filter((text) => text !== "");

/** Each pattern of a set meets each name: 200 pairs a run at least. */
const patterns = fc.array(pattern, { minLength: 20, maxLength: 40 });
const names = fc.array(name, { minLength: 10, maxLength: 20 });
const TIMEOUT_MS = 60_000;

describe("matchesPattern", () => {
  it("agrees with the plain meaning of patterns for any pattern and name", () => {
    fc.assert(
      fc.property(pattern, name, (text, eventName) => {
        expect(matchesPattern(parsePattern(text), eventName)).toBe(means(text, eventName));
      }),
      { numRuns: 20_000 },
    );
  });
});

describe("Router", () => {
  it(
    "finds just the patterns that mean the name, in the order of addition, in over 100,000 pairs",
    () => {
      fc.assert(
        fc.property(patterns, names, (texts, eventNames) => {
          const router = new Router<string>();
          for (const text of texts) router.add(parsePattern(text), text);
          for (const eventName of eventNames) {
            expect(router.match(eventName)).toEqual(texts.filter((text) => means(text, eventName)));
          }
        }),
        { numRuns: 1000 },
      );
    },
    TIMEOUT_MS,
  );

  it("stays right, and in order, through any additions and removals, and ends up empty", () => {
    const step = fc.record({ text: pattern, entry: fc.nat(3), isRemoval: fc.boolean() });

    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), fc.array(name, { maxLength: 5 }), (steps, eventNames) => {
        const router = new Router<number>();
        const expected: { canonical: string; text: string; entry: number }[] = [];
        for (const { text, entry, isRemoval } of steps) {
          const { canonical } = parsePattern(text);
          const index = expected.findIndex((each) => each.canonical === canonical && each.entry === entry);
          if (isRemoval) {
            expect(router.remove(parsePattern(text), entry)).toBe(index !== -1);
            if (index !== -1) expected.splice(index, 1);
          } else {
            router.add(parsePattern(text), entry);
            expected.push({ canonical, text, entry });
          }
        }
        for (const eventName of eventNames) {
          const meant = expected.filter(({ text }) => means(text, eventName));
          expect(router.match(eventName)).toEqual(meant.map(({ entry }) => entry));
        }
        for (const { text, entry } of expected) router.remove(parsePattern(text), entry);
        expect(router.isEmpty).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it(
    "finds the right ones among thousands of patterns made to send a matcher back and forth",
    () => {
      const hostile = fc.array(fc.constantFrom("a", "*"), { minLength: 28, maxLength: 31 });
      const longName = Array<string>(32).fill("a").join(".");

      fc.assert(
        fc.property(fc.array(hostile, { minLength: 500, maxLength: 1000 }), fc.constantFrom("a", "z"), (heads, end) => {
          const texts = heads.flatMap((head) => [[...head, end].join("."), [...head, "**"].join(".")]);
          const router = new Router<string>();
          for (const text of texts) router.add(parsePattern(text), text);

          expect(router.match(longName)).toEqual(texts.filter((text) => means(text, longName)));
        }),
        { numRuns: 20 },
      );
    },
    TIMEOUT_MS,
  );
});
