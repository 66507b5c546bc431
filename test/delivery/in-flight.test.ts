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
    inFlight.add("a");
    inFlight.add("b");
    inFlight.whenIdle(() => calls.push(inFlight.size));

    inFlight.delete("a");
    const before = [...calls];
    inFlight.delete("b");
    inFlight.add("c");
    inFlight.delete("c");

    expect([before, calls]).toEqual([[], [0]]);
  });

  it("lists in order of arrival, as a copy", () => {
    const inFlight = new InFlight<string>();
    inFlight.add("a");
    inFlight.add("b");
    const listed = inFlight.list();

    inFlight.delete("a");

    expect(listed).toEqual(["a", "b"]);
    expect(inFlight.list()).toEqual(["b"]);
  });

  it("lets a listener add anew", () => {
    const inFlight = new InFlight<string>();
    inFlight.add("a");
    inFlight.whenIdle(() => inFlight.add("b"));

    inFlight.delete("a");

    expect(inFlight.list()).toEqual(["b"]);
  });

  it("wakes nobody for what was not in flight", () => {
    const inFlight = new InFlight<string>();
    let calls = 0;
    inFlight.add("a");
    inFlight.whenIdle(() => calls++);

    inFlight.delete("b");

    expect(calls).toBe(0);
  });
});
