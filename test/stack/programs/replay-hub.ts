import { setTimeout as sleep } from "node:timers/promises";
import type { Ledger } from "spanbus";
import type { TelemetryReport } from "spanbus/instrumentation";
import { sendIntruders } from "../../../examples/webhook-hub/replay/intruders.ts";
import { loadRecordings } from "../../../examples/webhook-hub/replay/recordings.ts";
import { replay } from "../../../examples/webhook-hub/replay/replay.ts";
import { SteadyReplay } from "../../../examples/webhook-hub/replay/steady-replay.ts";
import { startService } from "../../../examples/webhook-hub/service.ts";

/** What the webhook hub itself has to say of its run. */
export interface HubRun {
  readonly ledger: Readonly<Ledger>;
  readonly telemetry: TelemetryReport;
  readonly failures: readonly HubFailure[];
  /** Answers that were not the expected ones. */
  readonly surprises: number;
}

/** A delivery of a webhook that failed for good. */
export interface HubFailure {
  readonly correlationId: string;
  readonly eventId: string;
  readonly eventName: string;
  readonly subscription: string;
  readonly attempts: number;
  /** The value of `error.type` of each attempt that failed. */
  readonly errorTypes: readonly string[];
  /** The span of each attempt that failed. */
  readonly spanIds: readonly (string | undefined)[];
  readonly traceId: string | undefined;
}

const SEED = 1;
/** Webhooks a second, after the whole set was sent once: rates need traffic that lasts. */
const RATE = 6;

/** Runs the hub on every recorded webhook, then steadily for `seconds`; its own process, because an SDK is process-wide. */
async function main(seconds: number): Promise<void> {
  const recordings = await loadRecordings();
  const service = await startService({
    mode: "replay",
    port: 0,
    rate: 0,
    seed: SEED,
    secret: undefined,
    logLevel: "silent",
    jaegerUrl: undefined,
  });
  const { hub, url, secret } = service;
  const options = { url, secret, seed: SEED };
  const genuine = await replay(recordings, options);
  const intruders = await sendIntruders(recordings, options);
  const steady = new SteadyReplay(recordings, { ...options, seed: SEED + 1, rate: RATE });
  await sleep(seconds * 1_000);
  await steady.stop();
  const telemetry = await service.stop();
  const run: HubRun = {
    ledger: hub.bus.stats(),
    telemetry,
    failures: hub.bus.deadLetters.list().map(({ event, subscription, attempts, errors }) => ({
      correlationId: event.correlationId,
      eventId: event.id,
      eventName: event.name,
      subscription,
      attempts,
      errorTypes: errors.map(({ type }) => type),
      spanIds: errors.map(({ spanId }) => spanId),
      traceId: errors[0]?.traceId,
    })),
    surprises: genuine.surprises.length + intruders.surprises.length + steady.surprises.length,
  };
  process.stdout.write(`${JSON.stringify(run)}\n`);
}

await main(Number(process.argv[2]));
