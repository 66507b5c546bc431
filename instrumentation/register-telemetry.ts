import { readEnvironment } from "./env.ts";
import { plural } from "./guard/notices.ts";
import type { ShutdownSignal } from "./settings/environment.ts";
import { startTelemetry } from "./start-telemetry.ts";
import type { Telemetry } from "./telemetry.ts";

/**
 * Starts telemetry from the environment, and delivers what is left when the process ends by itself, within
 * SPANBUS_SHUTDOWN_DEADLINE_MS (5000).
 *
 * `process.exit()`, an uncaught error and signals end a process at once. This module does not change that; after the
 * first two it says on stderr how many spans were lost. With SPANBUS_SHUTDOWN_SIGNALS=SIGTERM,SIGINT it delivers on
 * those signals too, then lets the signal end the process as it would have ended it (a second one does at once); where
 * the application handles the signal itself, ending the process stays the application's business. That is not the
 * default, because it delays the end of the process, by up to the deadline.
 *
 * Whatever is wrong is told once on stderr; the application runs on without telemetry.
 */
export function registerTelemetry(): void {
  try {
    const telemetry = startTelemetry();
    if (!telemetry.enabled) return;
    const { environment } = readEnvironment(process.env); // its problems were told by startTelemetry
    const deadlineMs = environment.SPANBUS_SHUTDOWN_DEADLINE_MS;
    deliverAtEnd(telemetry, deadlineMs);
    for (const signal of new Set(environment.SPANBUS_SHUTDOWN_SIGNALS)) {
      deliverOnSignal(telemetry, { signal, deadlineMs });
    }
  } catch (error) {
    tell(error instanceof Error ? error.message : String(error));
  }
}

/** A flush, not a shutdown: another `beforeExit` listener may give the process more to do. */
function deliverAtEnd(telemetry: Telemetry, deadlineMs: number | undefined): void {
  let takenAtFlush = -1;
  process.on("beforeExit", () => {
    const taken = takenBy(telemetry);
    if (taken === takenAtFlush) return; // all there was to do since was that flush
    takenAtFlush = taken;
    void deliver(telemetry, deadlineMs);
  });
  process.on("exit", () => {
    const { queued } = telemetry.stats().spans;
    if (queued > 0) tell(`${plural(queued, "span")} not delivered: the process ended before they could be`);
  });
}

/** What is late at the deadline is given up, so that it does not hold the process any longer. Never rejects. */
async function deliver(telemetry: Telemetry, deadlineMs: number | undefined): Promise<void> {
  const { timedOut } = await telemetry.flush({ deadlineMs });
  if (timedOut) await telemetry.shutdown({ deadlineMs: 0 });
}

function takenBy(telemetry: Telemetry): number {
  const { spans, logs } = telemetry.stats();
  return [...Object.values(spans), ...Object.values(logs)].reduce((sum, count) => sum + count, 0);
}

interface SignalDelivery {
  readonly signal: ShutdownSignal;
  readonly deadlineMs: number | undefined;
}

function deliverOnSignal(telemetry: Telemetry, { signal, deadlineMs }: SignalDelivery): void {
  process.once(signal, () => {
    const isHandledElsewhere = process.listenerCount(signal) > 0; // `once` has removed this listener already
    void telemetry.flush({ deadlineMs }).then(() => {
      if (!isHandledElsewhere) process.kill(process.pid, signal);
    });
  });
}

function tell(text: string): void {
  process.stderr.write(`spanbus/register: ${text}\n`);
}
