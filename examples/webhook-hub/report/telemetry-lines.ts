import { jaegerSearchUrl } from "spanbus";
import type { RunRecord } from "./run-record.ts";
import type { Sheet } from "./screen.ts";
import { clip, count } from "./text.ts";

/** What of the telemetry left the process, and what did not. */
export function telemetryLines(run: RunRecord, { width, paint }: Sheet): string[] {
  const { telemetry, collector, ledger } = run;
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
    ...(exported === 0 ? [] : searchLines(run)).map((line) => paint("dim", line)),
  ];
}

/** The link is not clipped, however narrow the screen: half a link leads nowhere. */
function searchLines({ links, trace }: RunRecord): string[] {
  const correlationId = trace?.find((span) => span.correlationId !== undefined)?.correlationId;
  if (links === undefined || correlationId === undefined) return [];
  return ["to find all traces of a correlation id, here of the one above:", jaegerSearchUrl(correlationId, links)];
}

const MAX_ERRORS = 5;
