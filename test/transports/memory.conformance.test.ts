import { describe, expect, it } from "vitest";
import { transportSuite } from "../../src/testing/transport-suite/transport-suite.ts";
import { MemoryBroker, MemoryTransport } from "../../src/transports/memory.ts";

const { cases, unclaimed } = transportSuite({
  capabilities: new MemoryTransport().capabilities,
  start: () => {
    const broker = new MemoryBroker();
    return { connect: () => new MemoryTransport({ broker }) };
  },
});

describe("the memory transport", () => {
  for (const { name, run } of cases) {
    it(name, async () => {
      await expect(run()).resolves.toBeUndefined();
    });
  }

  it("claims everything but these", () => {
    expect(unclaimed.map(({ name }) => name)).toEqual([
      "drops a second envelope of the same id",
      "comes back after the engine was gone, and loses nothing",
    ]);
  });
});
