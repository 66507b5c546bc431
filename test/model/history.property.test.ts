import "./unhurried-pacer.ts";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EventBus } from "../../src/event-bus.ts";
import { CASES_TIMEOUT_MS, cases } from "../support/cases.ts";
import { playHistory } from "./play-history.ts";

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
        playHistory(({ disagreements, pending }) => {
          expect(disagreements).toEqual([]);
          expect(pending).toBe(0);
        }),
        cases("any history"),
      );
    },
    CASES_TIMEOUT_MS,
  );
});
