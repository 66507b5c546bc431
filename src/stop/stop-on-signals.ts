import { runInScope } from "../context.ts";
import { BusError } from "../errors.ts";
import { guardedLogger, processWarnings } from "../logging.ts";
import { Guard } from "../telemetry/guard.ts";
import { LOG_EVENTS } from "../telemetry/semconv.ts";
import { ignoreRejection } from "../thenable.ts";
import { runStop } from "./stop-gracefully.ts";
import { writeStopLine } from "./stop-line.ts";
import {
  checkStopOnSignalsOptions,
  STOP_DEFAULTS,
  type StopOnSignalsOptions,
  type StopSignal,
  signalExitCode,
} from "./stop-options.ts";
import { chooseTelemetry } from "./stop-telemetry.ts";
import { volatileTransportsOf } from "./volatile-transports.ts";
import { within } from "./within.ts";

/**
 * Makes SIGTERM and SIGINT stop this process in order: `beforeDrain`, the drain of the buses, `afterDrain`, the telemetry,
 * one log line, `onStopped`, then the end. That takes `drainMs` + `flushMs` + 0.5 s at most, whatever handlers and
 * collector do; a second signal ends the process at once.
 *
 * The exit code is 0 when everything accepted ended by itself, whether or not the telemetry arrived; 1 when something was
 * cut or cancelled, or `beforeDrain` or `afterDrain` failed; 128 + the signal's number after a second signal. Dispose to leave
 * signals to others again; a stop that has begun goes on.
 *
 * @throws BusError `INVALID_OPTION`, also when an earlier call handles one of the signals: one call takes all buses
 * @example
 * stopOnSignals({ buses: [bus], logger, beforeDrain: () => app.close() });
 */
export function stopOnSignals(options: StopOnSignalsOptions): Disposable {
  checkStopOnSignalsOptions(options);
  const signals = [...new Set(options.signals ?? STOP_DEFAULTS.signals)];
  const taken = signals.find((signal) => TAKEN.has(signal));
  if (taken !== undefined) {
    const text = `stopOnSignals: an earlier call handles ${taken}; give all buses to one call, or dispose the earlier one`;
    throw new BusError("INVALID_OPTION", text);
  }
  return new SignalStop(options, signals);
}

/** Two stops at once would end the process under each other. */
const TAKEN: Set<StopSignal> = new Set();

/**
 * The same signal within this time, in milliseconds, is the same request: a terminal sends Ctrl-C to npm and its script
 * alike, and npm passes its own on.
 */
const SAME_REQUEST_MS = 50;
const CALLBACK_MS = 200;

class SignalStop implements Disposable {
  readonly #options: StopOnSignalsOptions;
  readonly #signals: readonly StopSignal[];
  readonly #guard: Guard;
  /** What asked for the stop, and when. */
  #request: { readonly signal: StopSignal; readonly at: number } | undefined;
  #isEnding = false;
  #isDisposed = false;

  constructor(options: StopOnSignalsOptions, signals: readonly StopSignal[]) {
    this.#options = options;
    this.#signals = signals;
    this.#guard = new Guard(options.logger ?? processWarnings);
    for (const signal of signals) {
      TAKEN.add(signal);
      process.on(signal, this.#onSignal);
    }
  }

  [Symbol.dispose](): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    for (const signal of this.#signals) {
      TAKEN.delete(signal);
      process.off(signal, this.#onSignal);
    }
  }

  readonly #onSignal = (signal: StopSignal): void => {
    const now = performance.now();
    if (this.#request === undefined) {
      this.#request = { signal, at: now };
      process.once("exit", this.#onEarlyExit);
      // outside of any handler: node calls listeners in the context in which the first of them was added
      void runInScope(undefined, () => this.#stop(signal), undefined); // never rejects
    } else if (signal !== this.#request.signal || now - this.#request.at > SAME_REQUEST_MS) {
      this.#end(signalExitCode(signal));
    }
  };

  async #stop(signal: StopSignal): Promise<void> {
    let exitCode = 1;
    try {
      const report = await runStop(this.#options, signal);
      exitCode = report.isComplete ? 0 : 1;
      if (this.#isEnding) return;
      process.off("exit", this.#onEarlyExit);
      writeStopLine(guardedLogger(this.#options.logger ?? processWarnings, this.#guard), report, exitCode);
      await this.#tell(() => this.#options.onStopped?.(report));
      await new Promise((resolve) => setImmediate(resolve)); // process warnings are written a tick later
    } catch (error) {
      this.#guard.trip("error_handler", error);
    }
    this.#end(exitCode);
  }

  async #tell(call: () => unknown): Promise<void> {
    try {
      await within(Promise.resolve(call()), CALLBACK_MS);
    } catch (error) {
      this.#guard.trip("error_handler", error);
    }
  }

  /** Also for a signal that comes after the regular end, should `exit` not have ended the process. */
  #end(exitCode: number): void {
    this.#isEnding = true;
    try {
      const { exit } = this.#options;
      if (exit === undefined) process.exit(exitCode);
      ignoreRejection(exit(exitCode));
    } catch (error) {
      this.#guard.trip("error_handler", error);
      process.exit(exitCode);
    }
  }

  /** The process ends while it stops: by a second signal, by somebody's process.exit or throw. */
  readonly #onEarlyExit = (exitCode: number): void => {
    const { logger } = this.#options;
    const text = "the process ended before it had stopped: what was in flight is lost";
    const fields = { event: LOG_EVENTS.stopped, signal: this.#request?.signal, exit_code: exitCode, ...this.#losses() };
    if (logger !== undefined) guardedLogger(logger, this.#guard).error(fields, text);
    else process.stderr.write(`(spanbus) ${text} ${JSON.stringify(fields)}\n`); // too late for process warnings
  };

  #losses(): object {
    const { buses, telemetry } = this.#options;
    const count = (): object => {
      const ledgers = buses.map((bus) => bus.stats());
      const inFlight = ledgers.map(({ queued, running, waitingForRetry }) => queued + running + waitingForRetry);
      const spans = chooseTelemetry(telemetry)?.stats?.().spans;
      const held = volatileTransportsOf(buses).map((transport) => transport.unsettled().length);
      const inTransports = held.length === 0 ? undefined : sum(held);
      return { in_flight: sum(inFlight), in_transports: inTransports, spans_not_delivered: spans?.queued };
    };
    return this.#guard.run("error_handler", count, {});
  }
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, each) => total + each, 0);
}
