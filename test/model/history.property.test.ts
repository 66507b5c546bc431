import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EventBus } from "../../src/event-bus.ts";
import { CASES_TIMEOUT_MS, cases } from "../support/cases.ts";
import { settleTurns } from "../support/test-bus.ts";
import { BusModel } from "./bus-model.ts";
import { history } from "./commands.ts";
import { RealBus } from "./real-bus.ts";

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

beforeEach(() => {
  void new EventBus({ logger: SILENT }); // what a first bus starts for the process runs on real timers
  vi.useFakeTimers();
});
afterEach(() => void vi.useRealTimers());

describe("a bus", () => {
  it(
    "keeps, after each command of any history, the accounts that a model written from the documentation predicts",
    async () => {
      await fc.assert(
        fc.asyncProperty(history, fc.constantFrom(1, 1000), async (commands, capacity) => {
          const model = new BusModel(capacity);
          const real = new RealBus(capacity);

          await fc.asyncModelRun(() => ({ model, real }), commands);
          model.close();
          real.close();
          await real.advance(0);
          await settleTurns(); // results that wait for a real turn, so that publishing does not starve the event loop

          expect(real.disagreements(model.predict())).toEqual([]);
          expect(real.pending).toBe(0);
        }),
        cases("any history"),
      );
    },
    CASES_TIMEOUT_MS,
  );
});
