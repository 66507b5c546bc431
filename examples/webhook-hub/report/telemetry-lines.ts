import type { RunRecord } from "./run-record.ts";
import type { Sheet } from "./screen.ts";
import { clip, count } from "./text.ts";

/** What of the telemetry left the process, and what did not. */
export function telemetryLines({ telemetry, collector, ledger }: RunRecord, { width, paint }: Sheet): string[] {
  if (ledger.spansStarted === 0) return ["nothing was traced"];
  if (collector === undefined) {
    return [
      `${count(ledger.spansEnded)} spans stayed in this process; to send them, and metrics:`,
      clip("OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 npm start", width),
    ];
  }
  const { exported, dropped, failed, notDelivered } = telemetry.spans;
  const lost = `dropped ${count(dropped)} · failed ${count(failed)} · not delivered ${count(notDelivered)}`;
  return [
    clip(`to ${collector}`, width),
    `spans exported ${count(exported)} · ${lost}`,
    `metrics ${telemetry.metrics}`,
    ...telemetry.errors.slice(0, MAX_ERRORS).map((error) => paint("yellow", clip(error, width))),
  ];
}

const MAX_ERRORS = 5;
