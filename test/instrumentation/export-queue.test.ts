import { afterEach, describe, expect, it, vi } from "vitest";
import type { ExportAnswer } from "../../instrumentation/export/export-call.ts";
import { ExportQueue } from "../../instrumentation/export/export-queue.ts";

type Answer = (answer: ExportAnswer) => void;

function makeQueue(send: (items: number[], answer: Answer) => void): ExportQueue<number> {
  return new ExportQueue({
    capacity: 50,
    batchSize: 7,
    delayMs: 60_000,
    send,
    onDropped: () => undefined,
    onFailed: () => undefined,
  });
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

afterEach(() => vi.restoreAllMocks());

describe("ExportQueue", () => {
  it("knows where every item is at any moment, whatever the exporter answers, in whatever order", async () => {
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    const open: { readonly items: number[]; readonly answer: Answer }[] = [];
    const delivered: number[] = [];
    const queue = makeQueue((items, answer) => open.push({ items, answer }));
    let added = 0;

    for (let step = 0; step < 3000; step++) {
      for (let i = random(12); i > 0; i--) queue.add(added++);
      if (random(4) === 0) void queue.flush();
      if (random(2) === 0) await turn();
      for (let i = random(3); i > 0 && open.length > 0; i--) {
        const [{ items, answer } = { items: [], answer: () => undefined }] = open.splice(random(open.length), 1);
        const failure = [undefined, new Error("rejected"), new Error("lost")][random(3)];
        const rejected = failure?.message === "rejected" ? random(items.length + 1) : undefined;
        delivered.push(...(failure === undefined ? items : items.slice(0, items.length - (rejected ?? items.length))));
        answer({ failure, rejected });
      }
      const { exported, dropped, failed, queued } = queue.counts;
      expect(exported + dropped + failed + queued).toBe(added);
      expect(queued).toBeLessThanOrEqual(50);
      expect(exported).toBe(delivered.length);
    }

    expect(queue.counts.exported).toBeGreaterThan(100);
    expect(queue.counts.dropped).toBeGreaterThan(100);
    expect(queue.counts.failed).toBeGreaterThan(100);
    expect(new Set(delivered).size).toBe(delivered.length);
  });

  it("resolves a flush when what it flushed has been answered for, not when later items have", async () => {
    const answers: Answer[] = [];
    const done: string[] = [];
    const queue = makeQueue((_, answer) => answers.push(answer));

    for (let i = 0; i < 10; i++) queue.add(i);
    const first = queue.flush().then(() => done.push("first"));
    await turn();
    await turn();
    queue.add(10);
    const second = queue.flush().then(() => done.push("second"));
    await turn();
    answers[1]?.({ failure: undefined, rejected: undefined });
    await turn();
    const beforeTheOldest = [...done];
    answers[0]?.({ failure: undefined, rejected: undefined });
    await first;
    const afterTheOldest = [...done];
    answers[2]?.({ failure: undefined, rejected: undefined });
    await second;

    expect([beforeTheOldest, afterTheOldest, done]).toEqual([[], ["first"], ["first", "second"]]);
  });

  it("lets nobody wait for what it has abandoned", async () => {
    const answers: Answer[] = [];
    const queue = makeQueue((_, answer) => answers.push(answer));
    for (let i = 0; i < 10; i++) queue.add(i);
    const waiting = queue.flush();
    await turn();

    queue.abandon();
    answers[0]?.({ failure: undefined, rejected: undefined });
    queue.add(11);
    await waiting;
    await queue.flush();

    expect(queue.counts).toEqual({ exported: 0, dropped: 1, failed: 0, queued: 10 });
  });

  it.each([
    { takesMs: 0, begunInOneTurn: 4 },
    { takesMs: 2, begunInOneTurn: 2 },
    { takesMs: 3, begunInOneTurn: 1 },
  ])(
    "under pressure begins $begunInOneTurn batches in a turn when each takes $takesMs ms, and all in the end",
    async ({ takesMs, begunInOneTurn }) => {
      let nowMs = 1000;
      vi.spyOn(performance, "now").mockImplementation(() => nowMs);
      let begun = 0;
      const queue = makeQueue((_, answer) => {
        begun++;
        nowMs += takesMs;
        setImmediate(() => answer({ failure: undefined, rejected: undefined }));
      });

      for (let i = 0; i < 49; i++) queue.add(i);
      await turn();
      const begunAtOnce = begun;
      await queue.flush();

      expect(begunAtOnce).toBe(begunInOneTurn);
      expect(queue.counts).toEqual({ exported: 49, dropped: 0, failed: 0, queued: 0 });
    },
  );
});
