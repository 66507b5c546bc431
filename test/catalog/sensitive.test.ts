import { describe, expect, it } from "vitest";
import { redactSensitive } from "../../src/catalog/sensitive.ts";

const HIDDEN = "[redacted]";

function throwing(): never {
  throw new Error("this getter must not run");
}

describe("redactSensitive", () => {
  it("replaces what a path leads to, at any depth", () => {
    const data = { email: "a@b.c", card: { number: "4111", brand: "visa" }, total: 12 };

    const view = redactSensitive(data, ["email", "card.number"]);

    expect(view).toEqual({ email: HIDDEN, card: { number: HIDDEN, brand: "visa" }, total: 12 });
  });

  it("replaces whole branches", () => {
    const view = redactSensitive({ card: { number: "4111" }, tags: ["a"] }, ["card", "tags"]);

    expect(view).toEqual({ card: HIDDEN, tags: HIDDEN });
  });

  it("leaves the data itself as it was", () => {
    const data = { card: { number: "4111" }, items: [{ card: "1" }] };

    redactSensitive(data, ["card.number", "items.card"]);

    expect(data).toEqual({ card: { number: "4111" }, items: [{ card: "1" }] });
  });

  it("copies only what lies on a path", () => {
    const data = { card: { number: "4111" }, items: [{ id: 1 }], address: { city: "x" } };

    const view = redactSensitive(data, ["card.number"]) as typeof data;

    expect(view.items).toBe(data.items);
    expect(view.address).toBe(data.address);
  });

  it("returns the data itself when no path leads anywhere", () => {
    const data = { card: null, items: [{ id: 1 }], name: "x" };

    const view = redactSensitive(data, ["card.number", "items.card", "name.first", "nothing.at.all", "missing"]);

    expect(view).toBe(data);
  });

  it.each([undefined, null, 0, "text", true, 12n, Symbol.iterator])("returns %s as it is", (data) => {
    const view = redactSensitive(data, ["card.number"]);

    expect(view).toBe(data);
  });

  it("applies a path to each element of an array, and of arrays in it", () => {
    const data = { items: [{ card: "1", id: 1 }, "plain", null, [{ card: "2" }], { id: 2 }] };

    const view = redactSensitive(data, ["items.card"]);

    expect(view).toEqual({ items: [{ card: HIDDEN, id: 1 }, "plain", null, [{ card: HIDDEN }], { id: 2 }] });
  });

  it("applies a path to each element when the data is an array", () => {
    const view = redactSensitive([{ card: "1" }, { card: "2" }], ["card"]);

    expect(view).toEqual([{ card: HIDDEN }, { card: HIDDEN }]);
  });

  it("takes a number for the index of an array", () => {
    const view = redactSensitive({ items: [{ card: "1" }, { card: "2" }], tags: ["a", "b"] }, [
      "items.1.card",
      "tags.0",
      "tags.7",
    ]);

    expect(view).toEqual({ items: [{ card: "1" }, { card: HIDDEN }], tags: [HIDDEN, "b"] });
  });

  it("takes a number for the key of an object", () => {
    const view = redactSensitive({ byYear: { 2024: "x" } }, ["byYear.2024"]);

    expect(view).toEqual({ byYear: { 2024: HIDDEN } });
  });

  it("redacts frozen data", () => {
    const data = Object.freeze({ card: Object.freeze({ number: "4111" }), items: Object.freeze([{ card: "1" }]) });

    const view = redactSensitive(data, ["card.number", "items.card"]);

    expect(view).toEqual({ card: { number: HIDDEN }, items: [{ card: HIDDEN }] });
  });

  it("runs no getter beside a path, nor one that is sensitive itself", () => {
    const data = Object.defineProperties(
      { name: "x" },
      { other: { get: throwing, enumerable: true }, secret: { get: throwing, enumerable: true } },
    );

    const view = redactSensitive(data, ["secret"]) as { name: string; secret: unknown };

    expect(view.secret).toBe(HIDDEN);
    expect(view.name).toBe("x");
  });

  it("redacts the whole of what cannot be read on the way", () => {
    const data = Object.defineProperty({ name: "x" }, "card", { get: throwing, enumerable: true });

    const view = redactSensitive(data, ["card.number"]);

    expect(view).toEqual({ name: "x", card: HIDDEN });
  });

  it("keeps the class of what it copies, and hides an inherited getter", () => {
    class Customer {
      readonly name = "x";
      get email(): string {
        return "a@b.c";
      }
      greet(): string {
        return `hello ${this.name}`;
      }
    }

    const view = redactSensitive(new Customer(), ["email"]) as Customer;

    expect(view).toBeInstanceOf(Customer);
    expect(view.email).toBe(HIDDEN);
    expect(view.greet()).toBe("hello x");
  });

  it("treats __proto__ like any other key and touches no prototype", () => {
    const data: unknown = JSON.parse('{"__proto__": {"secret": "x"}, "a": 1}');

    const views = [
      redactSensitive(data, ["__proto__.secret"]),
      redactSensitive({ a: 1 }, ["__proto__", "constructor"]),
    ];

    expect(JSON.stringify(views[0])).toBe(`{"__proto__":{"secret":"${HIDDEN}"},"a":1}`);
    expect(Object.getPrototypeOf(views[1])).toBe(Object.prototype);
    expect(Object.hasOwn(Object.prototype, "secret")).toBe(false);
  });

  it("redacts everything of data that cannot be looked into", () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const loop: unknown[] = [];
    loop.push(loop, { card: "1" });

    const views = [redactSensitive(proxy, ["card"]), redactSensitive({ proxy }, ["proxy.card"])];
    const ofLoop = redactSensitive(loop, ["card"]);

    expect(views).toEqual([HIDDEN, HIDDEN]);
    expect(ofLoop).toBe(HIDDEN);
  });
});
