import "./unhurried-pacer.ts";
import * as api from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { NoopSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CASES_TIMEOUT_MS, cases } from "../support/cases.ts";
import { type LedgerSnapshot, metricViolations } from "../support/conservation.ts";
import { startOtlpReceiver } from "../support/otlp-receiver.ts";
import { resetProcessState, unregisterSdk } from "../telemetry/recorded-sdk.ts";
import { addLedgers } from "../telemetry/test-bus.ts";
import { playHistory } from "./play-history.ts";

beforeEach(resetProcessState);
afterEach(unregisterSdk);

describe("the metrics that a collector gets over OTLP", () => {
  it(
    "are the sums of the ledgers of every bus there was, each of which the model predicted",
    async () => {
      await using receiver = await startOtlpReceiver();
      const exporter = new OTLPMetricExporter({ url: `${receiver.url}/v1/metrics` });
      const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 31 - 1 });
      const meterProvider = new MeterProvider({ readers: [reader] });
      api.metrics.setGlobalMeterProvider(meterProvider);
      api.trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new NoopSpanProcessor()] }));
      api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
      let total: LedgerSnapshot | undefined;
      vi.useFakeTimers();
      vi.advanceTimersByTime(1); // the faked clock begins at 0, which means that no clock was read

      await fc.assert(
        playHistory(({ ledger, disagreements, pending }) => {
          total = total === undefined ? ledger : addLedgers(total, ledger);

          expect(disagreements).toEqual([]);
          expect(pending).toBe(0);
          expect(ledger.spansStarted).toBe(ledger.spansEnded);
        }),
        cases("any history, traced"),
      );

      vi.useRealTimers();
      await meterProvider.shutdown();
      expect(metricViolations(total!, receiver.metrics())).toEqual([]);
      expect(total!.spansStarted).toBeGreaterThan(total!.published);
    },
    CASES_TIMEOUT_MS,
  );
});
