import { startTelemetry } from "spanbus/instrumentation";
import { BEAT_MS } from "../faults/fault.ts";
import { ALL_FAULTS } from "../faults/faults.ts";

/** What the proof tells the service to do. */
export type FaultCommand = "break" | "mend" | "stop";

/** Metrics every second: the windows of the rules are seconds too. */
const METRIC_INTERVAL_MS = 1_000;
/** Patient with a machine that is busy with all the services of the proof. */
const EXPORT_TIMEOUT_MS = 10_000;
/** Alerts are about numbers, which are the same for any ratio; storing all spans of all services would slow Jaeger down. */
const SAMPLE_RATIO = 0.02;

/** Runs one fault's service until it is told to stop; its own process, because an SDK is process-wide. */
async function main(name: string | undefined): Promise<void> {
  const fault = ALL_FAULTS.find((each) => each.name === name);
  if (fault === undefined) throw new Error(`there is no fault "${name}"`);
  const options = await fault.telemetry?.();
  const telemetry = startTelemetry({
    serviceName: fault.name,
    metricIntervalMs: METRIC_INTERVAL_MS,
    exportTimeoutMs: EXPORT_TIMEOUT_MS,
    sampleRatio: SAMPLE_RATIO,
    ...options,
  });
  const beats = fault.prepare();
  let beat = beats.well;
  const heart = setInterval(() => beat(), BEAT_MS);
  const obey: Readonly<Record<FaultCommand, () => Promise<void>>> = {
    break: async () => {
      beat = beats.broken;
    },
    mend: async () => {
      beat = beats.well;
      await beats.mend?.();
    },
    stop: async () => {
      clearInterval(heart);
      await Promise.all(beats.buses.map((bus) => bus.drain()));
      await telemetry.shutdown();
      process.disconnect();
    },
  };
  process.on("message", (command: FaultCommand) => void obey[command]());
}

await main(process.argv[2]);
