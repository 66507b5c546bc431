import { AssertionError } from "node:assert";
import { describe, expect, it } from "vitest";
import type { TransportSetup } from "../../../src/testing/transport-suite/case-world.ts";
import { type TransportSuite, transportSuite } from "../../../src/testing/transport-suite/transport-suite.ts";
import { MemoryBroker, MemoryTransport } from "../../../src/transports/memory.ts";
import type { TransportCapabilities } from "../../../src/transports/transport.ts";
import { rejectionOf, thrownBy } from "../../support/test-bus.ts";
import { altered } from "./altered-transport.ts";
import { deduplicating, reconnectingSetup } from "./claiming-transports.ts";
import { connectorOf, DEFECTS } from "./defects.ts";

const CAPACITY = 40;
const MEMORY = new MemoryTransport().capabilities;
const EVERYTHING: TransportCapabilities = { ...MEMORY, deduplicates: true, reconnects: true };
const RECONNECTS = "comes back after the engine was gone, and loses nothing";

/** A suite that waits little: for transports that are to fail. */
function suiteOf(capabilities: TransportCapabilities, start: () => TransportSetup, waitMs = 5000): TransportSuite {
  return transportSuite({ capabilities, start, waitMs, quietMs: 25, envelopes: 20, capacity: CAPACITY });
}

async function runCase({ cases }: TransportSuite, name: string): Promise<void> {
  const found = cases.find((each) => each.name === name);
  if (found === undefined) throw new Error(`there is no case "${name}"`);
  await found.run();
}

describe("transportSuite", () => {
  it("runs what is claimed and lists what is not, with what it would need", () => {
    const nothing = Object.fromEntries(Object.keys(MEMORY).map((key) => [key, false]));
    const { cases, unclaimed } = suiteOf(nothing as never, () => ({ connect: () => new MemoryTransport() }));

    const all = suiteOf(EVERYTHING, () => ({ connect: () => new MemoryTransport() }));

    expect(cases.filter(({ needs }) => needs.length > 0)).toEqual([]);
    expect(unclaimed.filter(({ needs }) => needs.length === 0)).toEqual([]);
    expect([...cases, ...unclaimed].map(({ name }) => name).sort()).toEqual(all.cases.map(({ name }) => name).sort());
    expect(all.unclaimed).toEqual([]);
    expect(new Set(all.cases.flatMap(({ needs }) => needs))).toEqual(new Set(Object.keys(MEMORY)));
  });

  it("has case names that differ", () => {
    const names = suiteOf(EVERYTHING, () => ({ connect: () => new MemoryTransport() })).cases.map(({ name }) => name);

    expect(names).toEqual([...new Set(names)]);
  });

  it("refuses options it does not know, and limits out of range", () => {
    const start = (): TransportSetup => ({ connect: () => new MemoryTransport() });

    const errors = [{ waitMs: 0 }, { envelopes: 3 }, { capacity: -1 }, { start: 7 }, { retries: 3 }].map((wrong) =>
      thrownBy(() => transportSuite({ capabilities: MEMORY, start, ...wrong } as never)),
    );

    expect(errors.map((error) => (error as { code?: string }).code)).toEqual(errors.map(() => "INVALID_OPTION"));
  });

  it("closes what a case connected, and stops its setup, also when the case fails", async () => {
    let stopped = 0;
    const transports: MemoryTransport[] = [];
    const suite = suiteOf({ ...MEMORY, ordered: false }, () => ({
      connect: () => transports[transports.push(new MemoryTransport()) - 1]!,
      stop: () => void stopped++,
    }));

    const error = await rejectionOf(runCase(suite, "says of itself what the suite was told"));
    const refusal = await rejectionOf(transports[0]!.publish([]));

    expect(error).toBeInstanceOf(AssertionError);
    expect(refusal).toMatchObject({ code: "TRANSPORT_CLOSED" });
    expect([transports.length, stopped]).toEqual([1, 1]);
  });

  it("fails a case whose transport hangs, and says so", async () => {
    const hanging = altered(new MemoryTransport(), { publish: () => new Promise(() => undefined) });
    const suite = suiteOf(MEMORY, () => ({ connect: () => hanging }), 20);

    const error = await rejectionOf(runCase(suite, "hands each envelope over once while nothing fails"));

    expect((error as Error).message).toMatch(/a call of the transport hangs \(waited 80 ms\)/);
  });

  it("fails the reconnect case without a way to interrupt the engine", async () => {
    const broker = new MemoryBroker();
    const connect = (): MemoryTransport => new MemoryTransport({ broker });
    const suite = suiteOf({ ...MEMORY, reconnects: true }, () => ({ connect }));

    const error = await rejectionOf(runCase(suite, RECONNECTS));

    expect((error as Error).message).toContain("interrupt()");
  });
});

describe("a transport that claims more than the memory transport", () => {
  it("passes when it de-duplicates", async () => {
    const broker = new MemoryBroker();
    const shared = deduplicating();
    const suite = suiteOf({ ...MEMORY, deduplicates: true }, () => ({
      connect: () => altered(new MemoryTransport({ broker }), shared),
    }));

    await expect(runCase(suite, "drops a second envelope of the same id")).resolves.toBeUndefined();
  });

  it("passes when it reconnects", async () => {
    const suite = suiteOf({ ...MEMORY, reconnects: true }, () => reconnectingSetup(new MemoryBroker(), true));

    await expect(runCase(suite, RECONNECTS)).resolves.toBeUndefined();
  });

  it("is caught when it does not come back", async () => {
    const start = (): TransportSetup => reconnectingSetup(new MemoryBroker(), false);
    const suite = suiteOf({ ...MEMORY, reconnects: true }, start, 200);

    await expect(runCase(suite, RECONNECTS)).rejects.toThrow(AssertionError);
  });
});

describe("a case of the suite can fail", () => {
  for (const defect of DEFECTS) {
    for (const name of defect.caughtBy) {
      it.concurrent(`a transport that ${defect.defect} does not pass "${name}"`, async () => {
        const connect = connectorOf(defect, CAPACITY);
        const capabilities = { ...MEMORY, ...defect.alteration().capabilities, countsAttempts: true };
        const suite = suiteOf(capabilities, () => ({ connect }), 250);

        const outcome = runCase(suite, name);

        await expect(outcome).rejects.toThrow(AssertionError);
      });
    }
  }

  it("each of them", () => {
    const caught = new Set([...DEFECTS.flatMap(({ caughtBy }) => caughtBy), RECONNECTS]);
    const { cases } = suiteOf(EVERYTHING, () => ({ connect: () => new MemoryTransport() }));

    expect(cases.map(({ name }) => name).filter((name) => !caught.has(name))).toEqual([]);
  });
});
