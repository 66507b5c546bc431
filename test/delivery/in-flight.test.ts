import { describe, expect, it } from "vitest";
import { InFlight, type InFlightWork } from "../../src/delivery/in-flight.ts";

interface Work extends InFlightWork<Work> {
  readonly name: string;
}

function work(name: string): Work {
  return { name, previousInFlight: undefined, nextInFlight: undefined };
}

function added(inFlight: InFlight<Work>, ...names: string[]): Work[] {
  const works = names.map(work);
  for (const each of works) inFlight.add(each);
  return works;
}

function namesOf(inFlight: InFlight<Work>): string[] {
  return inFlight.list().map((each) => each.name);
}

describe("InFlight", () => {
  it("calls a listener at once when nothing is in flight", () => {
    let calls = 0;

    new InFlight<Work>().whenIdle(() => calls++);

    expect(calls).toBe(1);
  });

  it("calls a listener once, when the last has gone", () => {
    const inFlight = new InFlight<Work>();
    const calls: number[] = [];
    const [a, b] = added(inFlight, "a", "b") as [Work, Work];
    inFlight.whenIdle(() => calls.push(inFlight.size));

    inFlight.delete(a);
    const before = [...calls];
    inFlight.delete(b);
    for (const again of added(inFlight, "c")) inFlight.delete(again);

    expect([before, calls]).toEqual([[], [0]]);
  });

  it("lists in order of arrival, as a copy", () => {
    const inFlight = new InFlight<Work>();
    const [a] = added(inFlight, "a", "b") as [Work];
    const listed = inFlight.list();

    inFlight.delete(a);

    expect(listed.map((each) => each.name)).toEqual(["a", "b"]);
    expect(namesOf(inFlight)).toEqual(["b"]);
  });

  it("lets a listener add anew", () => {
    const inFlight = new InFlight<Work>();
    const [a] = added(inFlight, "a") as [Work];
    inFlight.whenIdle(() => void added(inFlight, "b"));

    inFlight.delete(a);

    expect(namesOf(inFlight)).toEqual(["b"]);
  });

  it("keeps the others, whichever leaves", () => {
    const inFlight = new InFlight<Work>();
    const [a, b, , d] = added(inFlight, "a", "b", "c", "d") as [Work, Work, Work, Work];

    for (const each of [b, d, a]) inFlight.delete(each);

    expect([namesOf(inFlight), inFlight.size]).toEqual([["c"], 1]);
  });

  it("lets a work that has left hold no other", () => {
    const inFlight = new InFlight<Work>();
    const [, b] = added(inFlight, "a", "b", "c") as [Work, Work];

    inFlight.delete(b);

    expect([b.previousInFlight, b.nextInFlight]).toEqual([undefined, undefined]);
  });
});
