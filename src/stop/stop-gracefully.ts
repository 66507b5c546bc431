import { currentScope } from "../context.ts";
import { BusError } from "../errors.ts";
import { describeThrown } from "./describe-thrown.ts";
import type { BusStop } from "./drain-bus.ts";
import { drainInTime, LEAST_MS } from "./drain-in-time.ts";
import { type Draining, drainTogether } from "./drain-together.ts";
import { checkStopOptions, STOP_DEFAULTS, type StopOptions, type StoppableBus, type TimeLeft } from "./stop-options.ts";
import type { StopReport } from "./stop-report.ts";
import { chooseTelemetry, stopTelemetry } from "./stop-telemetry.ts";
import { leftInTransports, volatileLinksOf } from "./volatile-transports.ts";
import { GRACE_MS, LATE, within } from "./within.ts";

/**
 * Stops what this process does with events: drains the buses, then delivers what telemetry is left, each under its own
 * deadline. Resolves when they are over at the latest, whatever the handlers and the collector do, with a report of what
 * was cut and what did not arrive; it does not end the process.
 *
 * @throws BusError (as a rejection) `INVALID_OPTION`; `DRAIN_FROM_HANDLER` inside a handler of one of the buses
 * @example
 * const { isComplete, cut } = await stopGracefully({ buses: [bus] });
 */
export async function stopGracefully(options: StopOptions): Promise<StopReport> {
  checkStopOptions(options);
  const scope = currentScope();
  if (scope?.isInFlight && options.buses.includes(scope.bus as StoppableBus)) {
    const text = "cannot stop inside a handler of a bus that is to be drained: the drain would wait for that handler";
    throw new BusError("DRAIN_FROM_HANDLER", text);
  }
  return await runStop(options, undefined);
}

/** The stop itself. Never rejects. */
export async function runStop(options: StopOptions, signal: string | undefined): Promise<StopReport> {
  const { drainMs = STOP_DEFAULTS.drainMs, flushMs = STOP_DEFAULTS.flushMs } = options;
  const startedAt = performance.now();
  const timeLeft = (): number => Math.max(0, startedAt + drainMs - performance.now());
  const problems: string[] = [];

  await runStep({ name: "beforeDrain", step: options.beforeDrain, deadlineMs: drainMs / 2, problems });
  const { buses } = options;
  const links = buses.map(volatileLinksOf);
  const drained = await drainInOrder({ buses, timeLeft, problems });
  const left = await leftInTransports(drained.map((stop, index) => ({ links: links[index] ?? [], stop })));
  const stops = drained.filter((stop) => stop !== undefined);
  await runStep({ name: "afterDrain", step: options.afterDrain, deadlineMs: timeLeft(), problems });
  const telemetry = chooseTelemetry(options.telemetry);
  const delivered = telemetry === undefined ? undefined : await stopTelemetry(telemetry, flushMs);

  return {
    isComplete: problems.length + left.length === 0 && stops.every(({ isComplete }) => isComplete),
    signal,
    durationMs: performance.now() - startedAt,
    cut: [...stops.flatMap(({ cut }) => cut), ...left],
    cancelled: stops.flatMap(({ cancelled }) => cancelled),
    drains: stops.map(({ drain }) => drain),
    telemetry: delivered,
    problems,
  };
}

interface Step {
  readonly name: "beforeDrain" | "afterDrain";
  readonly step: ((left: TimeLeft) => unknown) | undefined;
  readonly deadlineMs: number;
  /** Gets a sentence when the step fails, or is late; the stop goes on all the same. */
  readonly problems: string[];
}

async function runStep({ name, step, deadlineMs, problems }: Step): Promise<void> {
  if (step === undefined) return;
  try {
    const done = Promise.resolve(step({ deadlineMs }));
    const result = await within(done, deadlineMs + GRACE_MS);
    if (result === LATE) problems.push(`${name} was not done within ${Math.round(deadlineMs)} ms`);
  } catch (error) {
    problems.push(`${name} failed: ${describeThrown(error)}`);
  }
}

/**
 * One after the other, because the handlers of one may publish on the next, which refuses that once it drains. Handlers
 * of the later ones run meanwhile, so that waiting for their turn costs them nothing. From the first bus on that is linked
 * to a transport of this process, they are drained together: what they send may come back.
 */
async function drainInOrder({ buses, timeLeft, problems }: Draining): Promise<(BusStop | undefined)[]> {
  const linked = buses.findIndex((bus) => volatileLinksOf(bus).length > 0);
  const alone = linked === -1 ? buses : buses.slice(0, linked);
  const stops: (BusStop | undefined)[] = [];
  for (const bus of alone) {
    if (timeLeft() < LEAST_MS) break;
    stops.push(await drainInTime(bus, { deadlineMs: timeLeft(), problems }));
  }
  const late = alone.slice(stops.length).map((bus) => drainInTime(bus, { deadlineMs: LEAST_MS, problems }));
  const together = drainTogether({ buses: buses.slice(alone.length), timeLeft, problems });
  return [...stops, ...(await Promise.all(late)), ...(await together)];
}
