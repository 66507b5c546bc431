import { describe, expect, it } from "vitest";
import { Gate } from "../../../src/delivery/queue/gate.ts";

function gateAfter(needed: number, ...causes: readonly (readonly [Gate, number])[]): Gate {
  const gate = new Gate();
  const weighed = causes.map(([cause, weight]) => ({ gate: cause, weight }));
  gate.opensAfter(needed, weighed);
  return gate;
}

function openGate(): Gate {
  return gateAfter(0);
}

describe("Gate", () => {
  it("is open at once where nothing is needed", () => {
    const none = gateAfter(0, [new Gate(), 1]);
    const less = gateAfter(-1);

    expect([none.isOpen, less.isOpen]).toEqual([true, true]);
  });

  it("opens when what is open weighs enough, whether it opened before or later", () => {
    const later = new Gate();
    const gate = gateAfter(3, [openGate(), 2], [later, 1], [new Gate(), 1]);
    const wasOpen = gate.isOpen;

    later.open();

    expect([wasOpen, gate.isOpen]).toEqual([false, true]);
  });

  it("stays closed where causes wait for each other", () => {
    const one = new Gate();
    const other = gateAfter(1, [one, 1]);
    one.opensAfter(1, [{ gate: other, weight: 1 }]);

    expect([one.isOpen, other.isOpen]).toEqual([false, false]);
  });

  it("opens a chain of a hundred thousand without nesting as deep", () => {
    const first = new Gate();
    let last = first;
    for (let i = 0; i < 100_000; i++) last = gateAfter(1, [last, 1]);

    first.open();

    expect(last.isOpen).toBe(true);
  });

  it("counts a cause once, however often it is opened", () => {
    const cause = new Gate();
    const gate = gateAfter(2, [cause, 1], [new Gate(), 1]);

    cause.open();
    cause.open();

    expect(gate.isOpen).toBe(false);
  });
});
