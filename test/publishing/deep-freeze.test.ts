import { describe, expect, it } from "vitest";
import type { BusEvent } from "../../src/event/event.ts";
import { deepFreeze } from "../../src/publishing/deep-freeze.ts";
import { conservationViolations } from "../support/conservation.ts";
import { createBus } from "../support/test-bus.ts";

describe("deepFreeze", () => {
  it("freezes objects and arrays all the way down", () => {
    const data = { list: [{ n: 1 }], inner: { deep: {} } };

    deepFreeze(data);

    expect([data, data.list, data.list[0], data.inner, data.inner.deep].every(Object.isFrozen)).toBe(true);
  });

  it("freezes objects without a prototype", () => {
    const data = Object.assign(Object.create(null) as { inner?: object }, { inner: Object.create(null) as object });

    deepFreeze(data);

    expect([data, data.inner].every(Object.isFrozen)).toBe(true);
  });

  it("leaves alone what is no plain object: functions, and what is of a class", () => {
    const data = { call: () => undefined, map: new Map(), date: new Date(), none: null };

    deepFreeze(data);

    expect([data.call, data.map, data.date].some(Object.isFrozen)).toBe(false);
  });

  it("freezes what a frozen object holds", () => {
    const data = Object.freeze({ inner: { n: 1 } });

    deepFreeze(data);

    expect(Object.isFrozen(data.inner)).toBe(true);
  });

  it("ends on circular data", () => {
    const data: { self?: unknown } = {};
    data.self = [data];

    deepFreeze(data);

    expect(Object.isFrozen(data)).toBe(true);
  });

  it("ends on data nested 20,000 deep", () => {
    let data: object = {};
    const innermost = data;
    for (let i = 0; i < 20_000; i++) data = { inner: data };

    deepFreeze(data);

    expect(Object.isFrozen(innermost)).toBe(true);
  });

  it("calls no getter", () => {
    let calls = 0;
    const data = Object.defineProperty({}, "counted", { get: () => ++calls, enumerable: true });

    deepFreeze(data);

    expect(calls).toBe(0);
  });

  it("leaves instances of classes alone", () => {
    const data = { at: new Date(), map: new Map(), bytes: new Uint8Array(2), own: new (class Own {})() };

    deepFreeze(data);

    expect([data.at, data.map, data.bytes, data.own].some(Object.isFrozen)).toBe(false);
  });

  it.each([undefined, null, 1, "text", 10n, Symbol("x")])("takes %s as it is", (value) => {
    expect(() => deepFreeze(value)).not.toThrow();
  });

  it.each(["getPrototypeOf", "isExtensible", "preventExtensions", "ownKeys", "getOwnPropertyDescriptor"] as const)(
    "lets a Proxy whose %s throws stay as it is",
    (trap) => {
      const hostile = new Proxy(
        { n: 1 },
        {
          [trap]: () => {
            throw new Error("no");
          },
        },
      );

      expect(() => deepFreeze({ hostile })).not.toThrow();
    },
  );

  it("lets a revoked Proxy stay as it is", () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();

    expect(() => deepFreeze({ proxy })).not.toThrow();
  });
});

describe('freeze: "deep"', () => {
  it("freezes the data that handlers get", async () => {
    const { bus } = createBus({ freeze: "deep" });
    const events: BusEvent[] = [];
    bus.subscribe("a", (event) => void events.push(event));

    await bus.publish("a", { inner: { n: 1 } });

    const { inner } = events[0]!.data as { inner: object };
    expect([Object.isFrozen(events[0]?.data), Object.isFrozen(inner)]).toEqual([true, true]);
  });

  it("makes a handler that writes into the data fail, alone", async () => {
    const { bus } = createBus({ freeze: "deep" });
    bus.subscribe("a", (event) => {
      (event.data as { n: number }).n = 2;
    });
    bus.subscribe("a", () => {}, { name: "sibling" });

    const { deliveries } = await bus.publish("a", { n: 1 });

    expect(deliveries).toMatchObject([{ outcome: "failed", error: { name: "TypeError" } }, { outcome: "handled" }]);
  });

  it("delivers data that refuses to be frozen", async () => {
    const { bus } = createBus({ freeze: "deep" });
    bus.subscribe("a", () => {});
    const hostile = new Proxy(
      {},
      {
        isExtensible: () => {
          throw new Error("no");
        },
      },
    );

    const { deliveries } = await bus.publish("a", hostile);

    expect(deliveries).toMatchObject([{ outcome: "handled" }]);
    expect(conservationViolations(bus.stats())).toEqual([]);
  });
});
