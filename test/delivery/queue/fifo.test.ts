import { describe, expect, it } from "vitest";
import { Fifo } from "../../../src/delivery/queue/fifo.ts";

interface Item {
  readonly id: number;
  isGone: boolean;
}

function filled(count: number): { fifo: Fifo<Item>; items: Item[] } {
  const fifo = new Fifo<Item>((item) => item.isGone);
  const items = Array.from({ length: count }, (_, id) => ({ id, isGone: false }));
  for (const item of items) fifo.push(item);
  return { fifo, items };
}

function drop(fifo: Fifo<Item>, item: Item | undefined): void {
  if (item !== undefined) item.isGone = true;
  fifo.noteGone();
}

describe("Fifo", () => {
  it("gives items in the order they came, and undefined when there is none", () => {
    const { fifo } = filled(3);

    const taken = [fifo.shift(), fifo.shift(), fifo.shift(), fifo.shift()];

    expect(taken.map((item) => item?.id)).toEqual([0, 1, 2, undefined]);
    expect(fifo.size).toBe(0);
  });

  it("passes over what is gone, and does not count it", () => {
    const { fifo, items } = filled(4);
    drop(fifo, items[0]);
    drop(fifo, items[2]);

    const { size, first } = fifo;
    const taken = [fifo.shift(), fifo.shift(), fifo.shift()];

    expect(size).toBe(2);
    expect(first?.id).toBe(1);
    expect(taken.map((item) => item?.id)).toEqual([1, 3, undefined]);
    expect(fifo.size).toBe(0);
  });

  it("takes everything that is not gone away at once", () => {
    const { fifo, items } = filled(3);
    drop(fifo, items[1]);

    const cleared = fifo.clear();

    expect(cleared.map(({ id }) => id)).toEqual([0, 2]);
    expect([fifo.size, fifo.shift()]).toEqual([0, undefined]);
  });

  it("keeps its count where an item is gone that was taken away already", () => {
    const { fifo, items } = filled(1);
    fifo.clear();

    drop(fifo, items[0]);
    fifo.push({ id: 9, isGone: false });

    expect([fifo.size, fifo.shift()?.id]).toEqual([1, 9]);
  });

  it("stays in order through thousands that come, go and are gone", () => {
    const { fifo, items } = filled(10_000);
    for (const item of items) if (item.id % 3 === 0) drop(fifo, item);

    const taken: number[] = [];
    for (let item = fifo.shift(); item !== undefined; item = fifo.shift()) taken.push(item.id);

    expect(taken).toEqual(items.map(({ id }) => id).filter((id) => id % 3 !== 0));
    expect(fifo.size).toBe(0);
  });
});
