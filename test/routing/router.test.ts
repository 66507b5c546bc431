import { describe, expect, it } from "vitest";
import { parsePattern } from "../../src/routing/pattern.ts";
import { Router } from "../../src/routing/router.ts";

function routerOf(...patterns: string[]): Router<string> {
  const router = new Router<string>();
  for (const pattern of patterns) router.add(parsePattern(pattern), pattern);
  return router;
}

describe("Router.match", () => {
  it("finds nothing in an empty router", () => {
    const router = new Router<string>();

    const found = router.match("order.placed");

    expect(found).toEqual([]);
  });

  it("finds exact names and every kind of wildcard in the order of addition", () => {
    const router = routerOf("**", "order.placed", "order.*", "*.placed", "*", "order.**", "order.paid", "{a}.{b}");

    const found = router.match("order.placed");

    expect(found).toEqual(["**", "order.placed", "order.*", "*.placed", "*", "order.**", "{a}.{b}"]);
  });

  it("keeps the order of addition across names and patterns that were added in turn", () => {
    const router = new Router<number>();
    const patterns = ["a.b", "a.*", "*", "a.**", "*.b"].map(parsePattern);
    const additions = Array.from({ length: 50 }, (_, i) => i);
    for (const i of additions) router.add(patterns[i % patterns.length]!, i);

    const found = router.match("a.b");

    expect(found).toEqual(additions);
  });

  it("finds an entry once for each time it was added", () => {
    const router = routerOf("order.*", "order.*", "order.placed", "order.placed");

    const found = router.match("order.placed");

    expect(found).toEqual(["order.*", "order.*", "order.placed", "order.placed"]);
  });

  it("hands out a new array each time", () => {
    const router = routerOf("order.placed");
    router.match("order.placed").pop();

    const found = router.match("order.placed");

    expect(found).toEqual(["order.placed"]);
  });

  it.each(["__proto__", "constructor", "toString", "hasOwnProperty"])("treats the token %s like any other", (token) => {
    const router = routerOf(`${token}.x`, `${token}.*`, `*.${token}`);

    const found = [router.match(`${token}.x`), router.match(`y.${token}`), router.match("y.x"), router.match(token)];

    expect(found).toEqual([[`${token}.x`, `${token}.*`], [`*.${token}`], [], []]);
  });

  it("finds every pattern of a set large enough to be divided", () => {
    const names = Array.from({ length: 200 }, (_, i) => `tenant-${i}`);
    const router = routerOf(...names.map((name) => `${name}.*.placed`), "*.order.*", "**");

    const found = router.match("tenant-77.order.placed");

    expect(found).toEqual(["tenant-77.*.placed", "*.order.*", "**"]);
  });

  it("finds patterns that end where others go on", () => {
    const longer = Array.from({ length: 40 }, (_, i) => `a.*.${i}`);
    const router = routerOf("a.*", ...longer, "a.**", "*.*");

    const found = [router.match("a.b"), router.match("a.b.39"), router.match("a.b.40")];

    expect(found).toEqual([["a.*", "a.**", "*.*"], ["a.*.39", "a.**"], ["a.**"]]);
  });

  it("finds the right ones among every pattern of * and a literal, twelve tokens long", () => {
    const patterns = Array.from({ length: 4096 }, (_, bits) => {
      return Array.from({ length: 12 }, (_, i) => ((bits >> i) & 1 ? "*" : "a")).join(".");
    });
    const router = routerOf(...patterns);

    const found = [router.match("a.a.a.a.a.a.a.a.a.a.a.a"), router.match("b.a.a.a.a.a.a.a.a.a.a.b")];

    expect(found[0]).toEqual(patterns);
    expect(found[1]).toEqual(patterns.filter((each) => each.startsWith("*") && each.endsWith("*")));
  });

  it("finds a hundred thousand entries of one pattern", () => {
    const router = new Router<number>();
    const everything = parsePattern("*");
    for (let i = 0; i < 200_000; i++) router.add(everything, i);

    const found = router.match("order.placed");

    expect(found).toHaveLength(200_000);
  });
});

describe("Router.remove", () => {
  it("takes out the entry of that pattern only", () => {
    const router = new Router<string>();
    for (const pattern of ["order.*", "order.placed", "*"]) router.add(parsePattern(pattern), "billing");

    const removed = router.remove(parsePattern("order.*"), "billing");

    expect(removed).toBe(true);
    expect(router.match("order.placed")).toEqual(["billing", "billing"]);
    expect(router.match("order.paid")).toEqual(["billing"]);
  });

  it("takes out the earliest of equal entries", () => {
    const router = new Router<string>();
    const pattern = parsePattern("order.*");
    for (const entry of ["a", "b", "a"]) router.add(pattern, entry);

    router.remove(pattern, "a");

    expect(router.match("order.placed")).toEqual(["b", "a"]);
  });

  it("takes out what was added under another spelling of the pattern", () => {
    const router = routerOf("report.{name}.ready", "*");

    const removed = [
      router.remove(parsePattern("report.*.ready"), "report.{name}.ready"),
      router.remove(parsePattern("**"), "*"),
    ];

    expect(removed).toEqual([true, true]);
    expect(router.isEmpty).toBe(true);
  });

  it.each(["order.placed", "order.*", "order.paid", "*.placed", "order.**", "*"])(
    "is false for %s when the entry was not added under it",
    (pattern) => {
      const router = routerOf("order.placed", "order.*", "order.item.*");

      const removed = router.remove(parsePattern(pattern), "someone else's");

      expect(removed).toBe(false);
      expect(router.match("order.placed")).toEqual(["order.placed", "order.*"]);
    },
  );

  it("keeps what lies beyond the removed pattern", () => {
    const patterns = Array.from({ length: 100 }, (_, i) => `a.*.${i}.*`);
    const router = routerOf("a.*", ...patterns);

    router.remove(parsePattern("a.*"), "a.*");

    expect(router.match("a.b")).toEqual([]);
    expect(router.match("a.b.7.c")).toEqual(["a.*.7.*"]);
  });

  it("is empty when the last of several additions under one name is taken out", () => {
    const router = new Router<string>();
    const name = parsePattern("order.placed");
    router.add(name, "first");
    router.add(name, "second");

    const steps = ["first", "second", "second"].map((entry) => [router.remove(name, entry), router.isEmpty]);

    expect(steps).toEqual([
      [true, false],
      [true, true],
      [false, true],
    ]);
  });

  it("leaves nothing behind of thousands of subscriptions that overlapped", () => {
    const router = new Router<number>();
    const patterns = Array.from({ length: 20_000 }, (_, i) => parsePattern(`user.${i % 5000}.*.${i % 7}.**`));
    for (const [i, pattern] of patterns.entries()) router.add(pattern, i);
    const isEmptyWhileFull = router.isEmpty;

    const removed = patterns.map((pattern, i) => router.remove(pattern, i));

    expect(isEmptyWhileFull).toBe(false);
    expect(removed).not.toContain(false);
    expect(router.isEmpty).toBe(true);
  });
});
