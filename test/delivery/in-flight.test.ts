import { describe, expect, it } from "vitest";
import { InFlight } from "../../src/delivery/in-flight.ts";

describe("InFlight", () => {
  it("calls a listener at once when nothing is in flight", () => {
    let calls = 0;

    new InFlight().whenIdle(() => calls++);

    expect(calls).toBe(1);
  });

  it("calls a listener once, when the last has gone", () => {
    const inFlight = new InFlight<string>();
    const calls: number[] = [];
    const [a, b] = [inFlight.add("a"), inFlight.add("b")];
    inFlight.whenIdle(() => calls.push(inFlight.size));

    inFlight.delete(a);
    const before = [...calls];
    inFlight.delete(b);
    inFlight.delete(inFlight.add("c"));

    expect([before, calls]).toEqual([[], [0]]);
  });

  it("lists in order of arrival, as a copy", () => {
    const inFlight = new InFlight<string>();
    const a = inFlight.add("a");
    inFlight.add("b");
    const listed = inFlight.list();

    inFlight.delete(a);

    expect(listed).toEqual(["a", "b"]);
    expect(inFlight.list()).toEqual(["b"]);
  });

  it("lets a listener add anew", () => {
    const inFlight = new InFlight<string>();
    const a = inFlight.add("a");
    inFlight.whenIdle(() => inFlight.add("b"));

    inFlight.delete(a);

    expect(inFlight.list()).toEqual(["b"]);
  });

  it("keeps the others, whichever leaves", () => {
    const inFlight = new InFlight<string>();
    const [a, b, c, d] = ["a", "b", "c", "d"].map((work) => inFlight.add(work));

    for (const place of [b, d, a]) if (place !== undefined) inFlight.delete(place);

    expect([inFlight.list(), inFlight.size, c?.work]).toEqual([["c"], 1, "c"]);
  });
});
