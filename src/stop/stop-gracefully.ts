import { currentScope } from "../context.ts";
import { BusError } from "../errors.ts";
import { describeThrown } from "./describe-thrown.ts";
import { type BusStop, drainBus } from "./drain-bus.ts";
import { checkStopOptions, STOP_DEFAULTS, type StopOptions, type TimeLeft } from "./stop-options.ts";
import type { StopReport } from "./stop-report.ts";
import { chooseTelemetry, stopTelemetry } from "./stop-telemetry.ts";
import { GRACE_MS, LATE, within } from "./within.ts";

/**
 * Stops what this process does with events: drains the buses, all at the same time, then delivers what telemetry is
 * left, each under its own deadline. Resolves within `drainMs` + `flushMs`, whatever the handlers and the collector do,
 * with a report of what was cut and what did not arrive; it does not end the process.
 *
 * @throws BusError (as a rejection) `INVALID_OPTION`; `DRAIN_FROM_HANDLER` inside a handler of one of the buses
 * @example
 * const { isComplete, cut } = await stopGracefully({ buses: [bus] });
 */
export async function stopGracefully(options: StopOptions): Promise<StopReport> {
  checkStopOptions(options);
  const scope = currentScope();
  if (scope?.isInFlight && options.buses.includes(scope.bus as StopOptions["buses"][number])) {
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
  const stops = await Promise.all(options.buses.map((bus) => drainInTime(bus, timeLeft(), problems)));
  await runStep({ name: "afterDrain", step: options.afterDrain, deadlineMs: timeLeft(), problems });
  const telemetry = chooseTelemetry(options.telemetry);
  const delivered = telemetry === undefined ? undefined : await stopTelemetry(telemetry, flushMs);

  const drained = stops.filter((stop) => stop !== undefined);
  return {
    isComplete: problems.length === 0 && drained.every(({ isComplete }) => isComplete),
    signal,
    durationMs: performance.now() - startedAt,
    cut: drained.flatMap(({ cut }) => cut),
    drains: drained.map(({ drain }) => drain),
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

/** Undefined, and a problem, for a bus that does not keep to its own contract. */
async function drainInTime(
  bus: StopOptions["buses"][number],
  deadlineMs: number,
  problems: string[],
): Promise<BusStop | undefined> {
  try {
    const stop = await within(drainBus(bus, deadlineMs), deadlineMs + 2 * GRACE_MS);
    if (stop !== LATE) return stop;
    problems.push(`a bus was not drained within ${Math.round(deadlineMs)} ms`);
  } catch (error) {
    problems.push(`a bus could not be drained: ${describeThrown(error)}`);
  }
  return undefined;
}
